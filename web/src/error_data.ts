import * as errors from "./errors.js";
import { AgentsError, APIError } from "./errors.js";
import type { ErrorData } from "./protocol.js";

// Marked pure, so that the worker, which only sends errors, is built without all their classes. A list, for the module itself
// would be an object with all their names once more in every page.
const classes: ReadonlyMap<string, typeof AgentsError> = /* @__PURE__ */ new Map(
  /* @__PURE__ */ [
    errors.AgentsError,
    errors.UserError,
    errors.MaxTurnsExceeded,
    errors.ModelBehaviorError,
    errors.InvalidToolInputError,
    errors.ModelRefusalError,
    errors.ModelTimeoutError,
    errors.ToolTimeoutError,
    errors.InputGuardrailTripwireTriggered,
    errors.OutputGuardrailTripwireTriggered,
    errors.ToolInputGuardrailTripwireTriggered,
    errors.ToolOutputGuardrailTripwireTriggered,
    errors.APIError,
    errors.APIConnectionError,
    errors.BadRequestError,
    errors.AuthenticationError,
    errors.PermissionDeniedError,
    errors.NotFoundError,
    errors.ConflictError,
    errors.UnprocessableEntityError,
    errors.RateLimitError,
    errors.InternalServerError,
    errors.SessionError,
    errors.PanicError,
    errors.EngineStartError,
    errors.EngineDisposedError,
    errors.EngineCrashedError,
  ].map((one) => [new one("").name, one]),
);

/** Rebuilds an error that crossed, its causes by `revive`. A name that is not known here stays the error's name. */
export function errorFromData(data: ErrorData, revive: (cause: ErrorData) => unknown = errorFromData): AgentsError {
  const ErrorClass = classes.get(data.name) ?? (data.status === undefined ? AgentsError : APIError);
  const error = new ErrorClass(data.message, data.cause && { cause: revive(data.cause) });
  error.name = data.name;
  if (data.code !== undefined) error.code = data.code;
  if (error instanceof APIError && data.status !== undefined) error.status = data.status;
  return error;
}

/** How many causes of a thrown error cross with it. */
const CAUSES = 3;

/** Makes what a function of the page threw ready to cross. Never throws, whatever was thrown. */
export function errorToData(thrown: unknown, causes: number = CAUSES): ErrorData {
  try {
    if (!(thrown instanceof Error)) return { name: "Error", message: String(thrown) };
    return {
      name: String(thrown.name),
      message: String(thrown.message),
      ...(thrown instanceof AgentsError && { code: thrown.code }),
      ...(thrown.cause !== undefined && causes > 0 && { cause: errorToData(thrown.cause, causes - 1) }),
    };
  } catch {
    return { name: "Error", message: "what was thrown cannot be read" };
  }
}

/** What the functions of a run threw, by number. The engine gives the number back with what it makes of the failure. */
export class Thrown {
  readonly #values: unknown[] = [];

  /** Makes what was thrown ready to cross. */
  add(value: unknown): ErrorData {
    return { ...errorToData(value), thrown: this.#values.push(value) };
  }

  /** What was thrown itself, whatever it is, or an error that the engine has made. */
  revive(data: ErrorData): unknown {
    return data.thrown === undefined ? this.error(data) : this.#values[data.thrown - 1];
  }

  /** An error of the engine. Its cause is what was thrown itself, where that is an error that can be read. */
  error(data: ErrorData): AgentsError {
    return errorFromData(data, (cause) => {
      const value = cause.thrown !== undefined && this.#values[cause.thrown - 1];
      return isReadableError(value) ? value : this.error(cause);
    });
  }
}

function isReadableError(value: unknown): value is Error {
  try {
    return value instanceof Error && `${value.name}: ${value.message}`.length > 0;
  } catch {
    return false;
  }
}
