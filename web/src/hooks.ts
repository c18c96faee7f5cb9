import type { Agent } from "./agent.js";
import type { RunContext, ToolCallDetails } from "./context.js";
import type { InputItem } from "./responses.js";
import type { ModelResponse } from "./view.js";

type Hook<Details> = ((details: Details) => void | Promise<void>) | undefined;

/** Functions that are called as a run goes on, in its order: those of the run before those of the agent. Each is waited
 * for, and what it throws ends the run. Those of tools may be called side by side, as tools run. */
export interface Hooks {
  /** Before an agent's first model call, also in a resumed run. */
  readonly onAgentStart?: Hook<RunContext>;
  /** With the final output. */
  readonly onAgentEnd?: Hook<RunContext & { readonly output: unknown }>;
  /** After `agent` has handed over to `nextAgent`. */
  readonly onHandoff?: Hook<RunContext & { readonly nextAgent: Agent<unknown> }>;
  /** Around every model call. */
  readonly onModelStart?: Hook<RunContext & { readonly instructions: string; readonly input: readonly InputItem[] }>;
  readonly onModelEnd?: Hook<RunContext & { readonly response: ModelResponse }>;
  /** Around every tool that runs here, not for calls that were rejected. */
  readonly onToolStart?: Hook<ToolCallDetails>;
  readonly onToolEnd?: Hook<ToolCallDetails & { readonly output: unknown }>;
}
