import type { Agent } from "./agent.js";
import type { RunContext } from "./tool.js";

export interface HandoffOptions {
  /** What the model calls it by; `transfer_to_<agent's name>` in lower case by default. */
  readonly toolName?: string | undefined;
  readonly toolDescription?: string | undefined;
  /** Hides the handoff from the model where false. @defaultValue true */
  readonly isEnabled?: boolean | ((context: RunContext) => boolean | Promise<boolean>) | undefined;
}

/** An agent that can be handed off to, and how the model sees it. */
export interface Handoff extends HandoffOptions {
  readonly agent: Agent;
}

/** Says how a handoff to `agent` is shown to the model. */
export function handoff(agent: Agent, options: HandoffOptions = {}): Handoff {
  return { ...options, agent };
}
