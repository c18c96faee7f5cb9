import type { Agent } from "./agent.js";
import type { Usage } from "./view.js";

/** What a function of an agent is told about the run that calls it. */
export interface RunContext {
  /** The agent that is at work: your own object. */
  readonly agent: Agent<unknown>;
  /** What was given as `context` to the run: your own object. It never leaves the page and is no part of states. */
  readonly context: unknown;
  /** What the run has used by its last whole turn. */
  readonly usage: Usage;
}

/** A call of a tool. */
export interface ToolCallDetails extends RunContext {
  readonly toolName: string;
  /** The model's id of the call. */
  readonly callId: string;
  /** The arguments as the model wrote them. */
  readonly arguments: string;
  /** Fires when the call is to end: it timed out, or the run was stopped or ended by the failure of another call of the
   * turn. After such a failure, what the tool gives within 250 ms is still kept. */
  readonly signal: AbortSignal;
}
