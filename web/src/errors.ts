import type { RunResult } from "./result.js";

/** The root of every error of this package. Errors of a kind that this version does not know have this class and the
 * `name` of their kind. */
export class AgentsError extends Error {
  override name = "AgentsError";
  /** Stable identifier for programs, such as "max_turns_exceeded". */
  code = "agents_error";
  /** The run that failed, with everything that came before; absent where no run had begun. Not enumerable: it is not for
   * `JSON.stringify` and loggers. */
  runData?: RunResult | undefined;
}

/** The package was used in a way that cannot work; the message says what to write instead. */
export class UserError extends AgentsError {
  override name = "UserError";
  override code = "user_error";
}

/** The run needed more model calls than `maxTurns`. A new run goes on from `runData.toInputList()`. */
export class MaxTurnsExceeded extends AgentsError {
  override name = "MaxTurnsExceeded";
  override code = "max_turns_exceeded";
}

/** The model or its server answered with what it must not: an unknown tool, a stream without an end, broken JSON. */
export class ModelBehaviorError extends AgentsError {
  override name = "ModelBehaviorError";
  override code = "model_behavior_error";
}

/** The model wrote arguments that are no JSON object or do not fit the tool's schema; the tool did not run. */
export class InvalidToolInputError extends ModelBehaviorError {
  override name = "InvalidToolInputError";
  override code = "invalid_tool_input";
}

/** The model refused to answer. */
export class ModelRefusalError extends AgentsError {
  override name = "ModelRefusalError";
  override code = "model_refusal";
}

/** The model server took longer than the settings allow. */
export class ModelTimeoutError extends AgentsError {
  override name = "ModelTimeoutError";
  override code = "model_timeout";
}

/** A tool with `timeoutBehavior: "raise_exception"` took longer than `timeoutMs`. */
export class ToolTimeoutError extends AgentsError {
  override name = "ToolTimeoutError";
  override code = "tool_timeout";
}

/** A guardrail stopped the run because of its input: the one in `runData.inputGuardrailResults` that tripped. */
export class InputGuardrailTripwireTriggered extends AgentsError {
  override name = "InputGuardrailTripwireTriggered";
  override code = "input_guardrail_tripped";
}

/** A guardrail stopped the run because of its final output: the one in `runData.outputGuardrailResults` that tripped. */
export class OutputGuardrailTripwireTriggered extends AgentsError {
  override name = "OutputGuardrailTripwireTriggered";
  override code = "output_guardrail_tripped";
}

/** A guardrail stopped the run because of what a tool was called with: the one in `runData.toolInputGuardrailResults` that raised. */
export class ToolInputGuardrailTripwireTriggered extends AgentsError {
  override name = "ToolInputGuardrailTripwireTriggered";
  override code = "tool_input_guardrail_tripped";
}

/** A guardrail stopped the run because of what a tool answered: the one in `runData.toolOutputGuardrailResults` that raised. */
export class ToolOutputGuardrailTripwireTriggered extends AgentsError {
  override name = "ToolOutputGuardrailTripwireTriggered";
  override code = "tool_output_guardrail_tripped";
}

/** The model server answered with an HTTP error, or not at all. */
export class APIError extends AgentsError {
  override name = "APIError";
  override code = "api_error";
  /** The HTTP status, where the server answered. */
  status?: number;
}

/** The model server could not be reached: it is down, the address is wrong, or it does not allow this page (CORS). */
export class APIConnectionError extends APIError {
  override name = "APIConnectionError";
  override code = "api_connection_error";
}

/** HTTP 400: the request was refused. */
export class BadRequestError extends APIError {
  override name = "BadRequestError";
  override code = "bad_request";
}

/** HTTP 401: the key or token is missing or wrong. */
export class AuthenticationError extends APIError {
  override name = "AuthenticationError";
  override code = "authentication_error";
}

/** HTTP 403: the key may not do this. */
export class PermissionDeniedError extends APIError {
  override name = "PermissionDeniedError";
  override code = "permission_denied";
}

/** HTTP 404: no such model or address. */
export class NotFoundError extends APIError {
  override name = "NotFoundError";
  override code = "not_found";
}

/** HTTP 409. */
export class ConflictError extends APIError {
  override name = "ConflictError";
  override code = "conflict";
}

/** HTTP 422: the request has the right form and cannot be served. */
export class UnprocessableEntityError extends APIError {
  override name = "UnprocessableEntityError";
  override code = "unprocessable_entity";
}

/** HTTP 429: too many requests, or the quota is used up. */
export class RateLimitError extends APIError {
  override name = "RateLimitError";
  override code = "rate_limit";
}

/** HTTP 500 and above. */
export class InternalServerError extends APIError {
  override name = "InternalServerError";
  override code = "internal_server_error";
}

/** A session could not be opened, read or written; the message says what to do. What its method began was undone. */
export class SessionError extends AgentsError {
  override name = "SessionError";
  override code = "session_error";
}

/** A fault in the engine's Go code: of this package, which please report, or of what your own engine brings. The run
 * ended; other runs and the engine go on. */
export class PanicError extends AgentsError {
  override name = "PanicError";
  override code = "panic";
}

/** The engine could not be loaded or started. The next run tries again. */
export class EngineStartError extends AgentsError {
  override name = "EngineStartError";
  override code = "engine_start";
}

/** The page ended the engine with `dispose()` before the run was over. The next run gets a new one. */
export class EngineDisposedError extends AgentsError {
  override name = "EngineDisposedError";
  override code = "engine_disposed";
}

/** The engine ended while the run was going on. The next run gets a new one. */
export class EngineCrashedError extends AgentsError {
  override name = "EngineCrashedError";
  override code = "engine_crashed";
}
