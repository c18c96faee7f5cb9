import type { Agent } from "./agent.js";
import type { RunContext } from "./context.js";
import type { RunItem } from "./items.js";
import type { InputItem } from "./responses.js";
import type { JsonSchema, StandardSchema } from "./schema.js";
import type { ArgumentsOf } from "./schema_types.js";
import { whole } from "./whole.js";

/** A conversation at a handoff. */
export interface HandoffInputData {
  /** The input that the run, or the last handoff, began with. */
  readonly inputHistory: readonly InputItem[];
  /** The items since, up to the turn of the handoff. */
  readonly preHandoffItems: readonly RunItem[];
  /** The items of that turn. What a filter gives here takes their place in the run's items, too. */
  readonly newItems: readonly RunItem[];
  /** If it is there, what the next agent sees in place of `newItems`, which then only go into the run's items. */
  readonly inputItems?: readonly RunItem[] | undefined;
}

/** Edits what the next agent gets to see. Items can be left out and reordered; new ones go into `inputHistory`. */
export type HandoffInputFilter = (data: HandoffInputData) => HandoffInputData | Promise<HandoffInputData>;

/** How a handoff is shown to the model, what it asks of it, and what the next agent gets to see. */
export interface HandoffOptions<Input extends StandardSchema | JsonSchema = JsonSchema> {
  /** What the model calls it by; `transfer_to_<agent's name>` in lower case by default. */
  readonly toolName?: string | undefined;
  readonly toolDescription?: string | undefined;
  /** Hides the handoff from the model where false. @defaultValue true */
  readonly isEnabled?: boolean | ((context: RunContext) => boolean | Promise<boolean>) | undefined;
  /** What the model says with the handoff, for `onHandoff`. */
  readonly inputType?: Input | undefined;
  /** Makes the model keep to the schema of `inputType`, as that of a tool's `parameters`. @defaultValue true */
  readonly strict?: boolean | undefined;
  /** Called when the handoff happens, with what the model said if there is an `inputType`. What it throws ends the run. */
  readonly onHandoff?: ((context: RunContext, input: ArgumentsOf<Input> | undefined) => void | Promise<void>) | undefined;
  readonly inputFilter?: HandoffInputFilter | undefined;
  /** Gives the next agent one summary in place of the conversation before; as the run says by default. */
  readonly nestHandoffHistory?: boolean | undefined;
}

/** An agent that can be handed off to, and how the model sees it. */
export interface Handoff extends Omit<HandoffOptions, "inputType" | "onHandoff"> {
  readonly agent: Agent<unknown>;
  /** Tools have one: an agent's `asTool()` is none to hand off to. */
  readonly type?: never;
  readonly inputType?: StandardSchema | JsonSchema | undefined;
  readonly onHandoff?: ((context: RunContext, input: never) => void | Promise<void>) | undefined;
}

/** Says how a handoff to `agent` is shown to the model. */
export function handoff<const Input extends StandardSchema | JsonSchema = JsonSchema>(
  agent: Agent<unknown>,
  options: HandoffOptions<Input> = {},
): Handoff {
  return { ...whole(options), agent } as Handoff;
}

/** Items that are no tool's. */
const MESSAGES: ReadonlySet<string> = new Set(["message_output_item", "input_item", "compaction_item", "unknown_item"]);

/** Leaves messages only: removes calls and outputs of tools, handoffs and reasoning. */
export function removeAllTools(data: HandoffInputData): HandoffInputData {
  const stays = (item: RunItem): boolean => MESSAGES.has(item.type);
  return {
    inputHistory: data.inputHistory.filter(({ type }) => !/(_call|_output)$|^mcp_|^(reasoning|program)$/.test(type ?? "")),
    preHandoffItems: data.preHandoffItems.filter(stays),
    newItems: data.newItems.filter(stays),
  };
}
