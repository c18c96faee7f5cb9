import type { Agent } from "./agent.js";
import type { Decision } from "./decisions.js";
import { applyDecision } from "./decisions.js";
import { AgentsError, ModelBehaviorError, UserError } from "./errors.js";
import type { EngineSource } from "./init.js";
import { sharedEngine } from "./init.js";
import { ItemHelpers } from "./item_helpers.js";
import { origins, type RunToolApprovalItem } from "./items.js";
import { copyItems } from "./json_items.js";
import type { InterruptionData, Json, Slot, StateData } from "./protocol.js";
import { Run } from "./run.js";
import type { RunView } from "./view.js";

/** How far an approval goes. */
export interface ApproveOptions {
  /** Approves every later call of this tool by this agent in this run too; of a shell, an editor, a custom tool or a
   * hosted MCP server for every agent that has one of that name. @defaultValue false */
  readonly alwaysApprove?: boolean | undefined;
}

/** How far a rejection goes, and what the model is told. */
export interface RejectOptions {
  /** Rejects every later call, as far as `alwaysApprove` reaches. @defaultValue false */
  readonly alwaysReject?: boolean | undefined;
  /** What the model is told; that the call was not approved by default. */
  readonly message?: string | undefined;
}

/**
 * A run that was paused, stopped or has ended: a document that goes on here, after a reload, or on another machine.
 *
 * It holds the whole conversation and every decision, but no key or token. A run that is started with it owns it until
 * it ends; from then on the state is where that run ended. It is not signed: load it only from where you trust it.
 */
export class RunState {
  #view: RunView;
  /** The view's document with the decisions made here, once it is asked for. */
  #edited: StateData | undefined;
  #owned = false;

  /** @internal */
  constructor(view: RunView) {
    this.#view = view;
  }

  /**
   * Loads a state that `toString` or another Agents SDK runner wrote. `agent` is the agent that the run began with, with
   * the same tools and handoffs. Rejects with a UserError where the text is no state, or one of other agents.
   */
  static async fromString(agent: Agent<unknown>, text: string | null): Promise<RunState> {
    return loadState(agent, text, sharedEngine);
  }

  /** The calls that wait for a decision, decided ones included; a new list each time. */
  get interruptions(): RunToolApprovalItem[] {
    return this.#view.interruptions;
  }

  /** Lets a pending call run when the run goes on. Throws a UserError where it is not pending in this state. */
  approve(item: RunToolApprovalItem, { alwaysApprove = false }: ApproveOptions = {}): void {
    this.#decide(item, { approve: true, always: alwaysApprove });
  }

  /** Keeps a pending call from running; a text is what the model is told. Throws a UserError where it is not pending in
   * this state. */
  reject(item: RunToolApprovalItem, options: RejectOptions | string = {}): void {
    const { alwaysReject = false, message }: RejectOptions = typeof options === "string" ? { message: options } : options;
    this.#decide(item, { approve: false, always: alwaysReject, message: message == null ? undefined : String(message) });
  }

  /** Adds input that the model sees with its next call, after the outputs of pending tools. Throws a UserError where no
   * model call follows. */
  addInput(input: string | readonly object[]): void {
    this.#mustBeFree();
    const { current_step: step, current_turn, max_turns } = this.#view.document;
    if (!step) throw new UserError("This run has ended: start a new one with toInputList() and the new input.");
    if (max_turns !== null && current_turn >= max_turns) {
      throw new UserError(`This run has no model call left (maxTurns is ${max_turns}), so it cannot take more input.`);
    }
    if (step.data?.response_accepted) {
      throw new UserError("The model's last answer is not worked off: resume this run before adding input.");
    }
    const slot = this.#data.slots.find((candidate) => candidate.pending_input);
    if (!slot?.pending_input) throw new UserError("This run may end without another model call, so it cannot take more input.");
    const items = typeof input === "string" ? ItemHelpers.inputToNewInputList(input) : input;
    for (const item of copyItems(items)) slot.pending_input.push(item as Json);
  }

  /** Takes back what `addInput` has added and no model call has got yet. */
  clearPendingInput(): void {
    this.#mustBeFree();
    for (const slot of this.#data.slots) slot.pending_input?.splice(0);
  }

  /** The document, decisions included. */
  toString(): string {
    return this.#view.stateText(this.#data);
  }

  /** The document as an object, for `JSON.stringify`. */
  toJSON(): unknown {
    return JSON.parse(this.toString());
  }

  /** Gives the state to a run, which begins with what it gives back. @internal */
  lend(): RunView {
    this.#mustBeFree();
    this.#owned = true;
    return this.#view.lent(structuredClone(this.#data));
  }

  /** Takes over how far the run has come. @internal */
  follow(view: RunView): void {
    this.#view = view;
    this.#edited = undefined;
  }

  /** The run has ended. @internal */
  release(): void {
    this.#owned = false;
  }

  get #data(): StateData {
    const { pieces, slots } = this.#view.snapshot.state;
    return (this.#edited ??= { pieces, slots: structuredClone(slots) as Slot[] });
  }

  #decide(item: RunToolApprovalItem, decision: Decision): void {
    this.#mustBeFree();
    const pending = this.#find(item);
    if (pending.callId === "") throw new ModelBehaviorError("The model gave this call no id, so it cannot be decided on.");
    const slot = this.#data.slots[pending.target.slot];
    if (!slot) throw new UserError("This state has no place for decisions; load it with RunState.fromString.");
    applyDecision(slot, pending.target, pending.callId, decision);
  }

  /** A decision is bound to what was shown: the call's id, tool, agent and arguments. */
  #find(item: RunToolApprovalItem): InterruptionData {
    const alike = this.#view.interruptions.filter(
      (pending) =>
        pending.callId === item?.callId && // nothing given is nothing pending
        pending.name === item.name &&
        pending.arguments === item.arguments &&
        pending.agent.name === item.agent?.name,
    );
    const own = alike.filter((pending) => origins.get(pending) === origins.get(item));
    const [found, other] = own[0] ? own : alike[1] ? alike.filter((pending) => pending.agent === item.agent) : alike;
    const pending = found && origins.get(found);
    if (!pending || other) {
      throw new UserError(
        `Call ${item?.callId} of ${item?.name} is ${other ? "more than once" : "not"} pending in this state. Decide on the items of state.interruptions.`,
      );
    }
    return pending;
  }

  #mustBeFree(): void {
    if (this.#owned) {
      throw new UserError(
        "This state belongs to a run that is going on. Wait for its end (await result.completed), or use result.toState().",
      );
    }
  }
}

/** Loads a state with an engine of the caller's. */
export async function loadState(agent: Agent<unknown>, text: string | null, source: EngineSource): Promise<RunState> {
  if (typeof text !== "string") throw new UserError("There is no state to load: RunState.fromString needs its text.");
  const run = new Run({ agent, start: { load: text }, options: {}, stream: false }, source);
  await run.completed;
  if (!run.view) throw new AgentsError("The engine gave no state back.");
  return new RunState(run.view);
}
