export type {
  AgentOptions,
  DynamicInstructions,
  ModelSettings,
  OutputOf,
  OutputType,
  ToolsToFinalOutput,
  ToolUseBehavior,
} from "./agent.js";
export { Agent } from "./agent.js";
export type { AgentTool, AgentToolEvent, AgentToolOptions } from "./agent_tool.js";
export type { Configuration } from "./config.js";
export { configure } from "./config.js";
export type { RunContext, ToolCallDetails } from "./context.js";
export type { EngineModel } from "./engine_parts.js";
export { engineAgent, engineModel, engineTool } from "./engine_parts.js";
export * from "./errors.js";
export type {
  AgentUpdatedStreamEvent,
  RawResponseEvent,
  RunItemStreamEvent,
  RunItemStreamEventName,
  RunStreamEvent,
} from "./events.js";
export type {
  GuardrailFunctionOutput,
  GuardrailResult,
  InputGuardrail,
  OutputGuardrail,
  ToolGuardrailFunctionOutput,
  ToolGuardrailResult,
  ToolInputGuardrail,
  ToolOutputGuardrail,
} from "./guardrails.js";
export type { Handoff, HandoffInputData, HandoffInputFilter, HandoffOptions } from "./handoff.js";
export { handoff, removeAllTools } from "./handoff.js";
export type { Hooks } from "./hooks.js";
export type { IndexedDBSessionOptions } from "./indexeddb_session.js";
export { IndexedDBSession } from "./indexeddb_session.js";
export type { InitOptions } from "./init.js";
export { dispose, init } from "./init.js";
export { ItemHelpers } from "./item_helpers.js";
export type * from "./items.js";
export type { Model, ModelRequest, ResponsesRequest } from "./model.js";
export type { ErrorHandler, HandledError, ModelInput, RunOptions, ToolErrorInfo } from "./options.js";
export type * from "./responses.js";
export type { CancelOptions, StreamEventsOptions } from "./result.js";
export { RunResult, RunResultStreaming } from "./result.js";
export type { RunInput } from "./runner.js";
export { run, Runner, runStreamed } from "./runner.js";
export type { JsonSchema, StandardSchema } from "./schema.js";
export type { ArgumentsOf, FromJsonSchema } from "./schema_types.js";
export type { Session } from "./session.js";
export { MemorySession } from "./session.js";
export type { Json } from "./protocol.js";
export type { ApproveOptions, RejectOptions } from "./state.js";
export { RunState } from "./state.js";
export type { FunctionTool, ToolOptions, ToolOutputPart, ToolParameters } from "./tool.js";
export { tool, toolNamespace } from "./tool.js";
export * from "./tools.js";
export { version } from "./version.js";
export type { ModelResponse, Usage } from "./view.js";
