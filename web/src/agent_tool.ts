import type { Agent } from "./agent.js";
import type { RunContext, ToolCallDetails } from "./context.js";
import type { RunStreamEvent } from "./events.js";
import type { Hooks } from "./hooks.js";
import type { RunItem } from "./items.js";
import type { JsonSchema, StandardSchema } from "./schema.js";
import type { Session } from "./session.js";

/** An event of an agent that runs as a tool. */
export interface AgentToolEvent {
  readonly event: RunStreamEvent;
  /** The agent that goes on in the inner run. */
  readonly agent: Agent<unknown>;
  readonly toolCall: Omit<ToolCallDetails, "signal">;
}

/** How an agent is shown to another one's model, and how a call runs it. */
export interface AgentToolOptions {
  /** Made from the agent's name by default. */
  readonly toolName?: string | undefined;
  readonly toolDescription?: string | undefined;
  /** What the tool takes; one text named `input` by default. With it, the arguments are the agent's input as JSON, unless
   * `inputBuilder` makes one. A Standard Schema checks them, too: a call that does not fit fails, and the agent is not run. */
  readonly parameters?: StandardSchema | JsonSchema | undefined;
  /** @defaultValue true */
  readonly strict?: boolean | undefined;
  /** Makes the agent's input from the arguments. */
  readonly inputBuilder?: ((args: unknown, details: ToolCallDetails) => string | readonly object[] | Promise<string | readonly object[]>) | undefined;
  /** Makes the tool's output from the agent's run; its final output by default. */
  readonly customOutputExtractor?:
    | ((result: { readonly finalOutput: unknown; readonly newItems: readonly RunItem[] }) => unknown)
    | undefined;
  /** Gets the events of the agent's run, in order. What it throws is dropped. */
  readonly onStream?: ((event: AgentToolEvent) => void) | undefined;
  /** Model calls of one call; null is no limit. @defaultValue 10 */
  readonly maxTurns?: number | null | undefined;
  /** Remembers across calls; none by default. */
  readonly session?: Session | undefined;
  /** Those of the agent's run; it has none of the outer run's. */
  readonly hooks?: Hooks | undefined;
  /** Gates the call of the agent itself. @defaultValue false */
  readonly needsApproval?: boolean | ((context: RunContext, args: unknown, callId: string) => boolean | Promise<boolean>) | undefined;
  /** @defaultValue true */
  readonly isEnabled?: boolean | ((context: RunContext) => boolean | Promise<boolean>) | undefined;
  /** As in {@link ToolOptions.errorFunction}. */
  readonly errorFunction?: null | ((context: RunContext, error: unknown) => string | Promise<string>) | undefined;
}

/** An agent as a tool of another one. Make one with `agent.asTool(…)`. */
export interface AgentTool {
  readonly type: "agent";
  readonly agent: Agent<unknown>;
  readonly options: AgentToolOptions;
}
