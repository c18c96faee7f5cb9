export type { AgentOptions, DynamicInstructions, ModelSettings } from "./agent.js";
export { Agent } from "./agent.js";
export type { Configuration } from "./config.js";
export { configure } from "./config.js";
export * from "./errors.js";
export type {
  AgentUpdatedStreamEvent,
  RawResponseEvent,
  RunItemStreamEvent,
  RunItemStreamEventName,
  RunStreamEvent,
} from "./events.js";
export type { Handoff, HandoffOptions } from "./handoff.js";
export { handoff } from "./handoff.js";
export type { InitOptions } from "./init.js";
export { dispose, init } from "./init.js";
export { ItemHelpers } from "./item_helpers.js";
export type * from "./items.js";
export type { RunOptions } from "./options.js";
export type * from "./responses.js";
export type { CancelOptions, StreamEventsOptions } from "./result.js";
export { RunResult, RunResultStreaming } from "./result.js";
export type { RunInput } from "./runner.js";
export { run, Runner, runStreamed } from "./runner.js";
export type { JsonSchema, StandardSchema } from "./schema.js";
export type { ArgumentsOf, FromJsonSchema } from "./schema_types.js";
export type { ApproveOptions, RejectOptions } from "./state.js";
export { RunState } from "./state.js";
export type { FunctionTool, RunContext, Tool, ToolCallDetails, ToolOptions, ToolParameters } from "./tool.js";
export { tool } from "./tool.js";
export { version } from "./version.js";
export type { ModelResponse, Usage } from "./view.js";
