import type { Agent } from "./agent.js";
import { UserError } from "./errors.js";
import type { RunStreamEvent } from "./events.js";
import type { GuardrailResult, ToolGuardrailResult } from "./guardrails.js";
import { reviveGuardrail, reviveToolGuardrail } from "./guardrails.js";
import type { EngineSource } from "./init.js";
import { ItemHelpers } from "./item_helpers.js";
import type { RunItem, RunToolApprovalItem } from "./items.js";
import { DEFAULT_MAX_TURNS } from "./options.js";
import type { InputItem } from "./responses.js";
import type { RunPlan } from "./run.js";
import { Run } from "./run.js";
import { RunState } from "./state.js";
import { EventReader } from "./stream.js";
import type { ModelResponse, Usage } from "./view.js";
import { NO_USAGE } from "./view.js";

/**
 * What a run has come to. While it goes on this is as of its last whole turn; afterwards, and after an error too, it is
 * all that came before. Lists are new ones each time.
 */
export class RunResult<Output = unknown> {
  /** @internal */
  protected readonly run: Run;
  readonly #plan: RunPlan;

  /** @internal */
  constructor(plan: RunPlan, source: EngineSource) {
    this.#plan = plan;
    this.run = new Run(plan, source, this);
  }

  /** Runs to the end. @internal */
  static async completed<Output>(plan: RunPlan, source: EngineSource): Promise<RunResult<Output>> {
    const result = new RunResult<Output>(plan, source);
    await result.run.completed;
    return result;
  }

  /** The agent's answer; undefined while the run goes on, is paused, or was stopped. Its type is that of the starting
   * agent's output: after a handoff it is what the last agent gives. */
  get finalOutput(): Output | undefined {
    return this.run.finalOutput as Output | undefined;
  }

  /** The calls that wait for a decision; the run has ended and goes on from `toState()`. */
  get interruptions(): RunToolApprovalItem[] {
    return this.run.view?.snapshot.paused ? this.run.view.interruptions : [];
  }

  /** All that happened, in order; of a resumed run also what happened before. */
  get newItems(): RunItem[] {
    return this.run.view?.newItems ?? [];
  }

  get rawResponses(): ModelResponse[] {
    return this.run.view?.rawResponses ?? [];
  }

  /** The agent that is at work, or was last: your own object. */
  get lastAgent(): Agent<unknown> {
    return this.run.lastAgent;
  }

  get lastResponseId(): string | undefined {
    return this.run.view?.snapshot.lastResponseId ?? undefined;
  }

  /** Model calls so far. */
  get currentTurn(): number {
    return this.run.view?.snapshot.currentTurn ?? 0;
  }

  /** null: no limit. */
  get maxTurns(): number | null {
    const { maxTurns = DEFAULT_MAX_TURNS } = this.#plan.options;
    return this.run.view ? this.run.view.snapshot.maxTurns : maxTurns;
  }

  get usage(): Usage {
    return this.run.view?.usage ?? NO_USAGE;
  }

  /** What the input guardrails said, that of added input too. */
  get inputGuardrailResults(): GuardrailResult[] {
    return (this.run.view?.snapshot.inputGuardrailResults ?? []).map(reviveGuardrail);
  }

  get outputGuardrailResults(): GuardrailResult[] {
    return (this.run.view?.snapshot.outputGuardrailResults ?? []).map(reviveGuardrail);
  }

  get toolInputGuardrailResults(): ToolGuardrailResult[] {
    return (this.run.view?.snapshot.toolInputGuardrailResults ?? []).map(reviveToolGuardrail);
  }

  get toolOutputGuardrailResults(): ToolGuardrailResult[] {
    return (this.run.view?.snapshot.toolOutputGuardrailResults ?? []).map(reviveToolGuardrail);
  }

  /** The conversation so far as the input of a next run: add the user's next message to it. "normalized" leaves out what
   * filters of handoffs have removed. */
  toInputList({ mode = "preserve_all" }: { readonly mode?: "preserve_all" | "normalized" | undefined } = {}): InputItem[] {
    if (mode !== "preserve_all" && mode !== "normalized") throw new UserError(`toInputList() has no mode "${mode}".`);
    const { view } = this.run;
    if (view) {
      const { inputList, normalizedInputList } = view.snapshot;
      return view.inputList((mode === "normalized" && normalizedInputList) || inputList);
    }
    return "input" in this.#plan.start ? ItemHelpers.inputToNewInputList(this.#plan.start.input) : [];
  }

  /** The run as a state that can go on; a copy of its own each time. Throws a UserError before the first turn of a new
   * run has ended, when there is nothing yet to go on from. */
  toState(): RunState {
    if (!this.run.view) {
      throw new UserError("This run has no state yet: its first turn has not ended, or it could not start.");
    }
    return new RunState(this.run.view);
  }
}

/** How events are read. */
export interface StreamEventsOptions {
  /** Leaving the loop early lets the run go on; `streamEvents()` may then be called again to read on.
   * @defaultValue false */
  readonly preventCancel?: boolean | undefined;
}

/** When a run is to stop. */
export interface CancelOptions {
  /** At once, or when the model's current answer is complete and its tools have run. @defaultValue "immediate" */
  readonly mode?: "immediate" | "after_turn" | undefined;
}

/**
 * A run whose events can be read while it goes on.
 *
 * It has started and it completes, also when nobody reads; events wait for the reader. One reader reads it, once. While
 * a reader reads, the next turn begins when it has taken this turn's events. Leaving the loop, `cancel()` and an aborted
 * signal stop the run.
 */
export class RunResultStreaming<Output = unknown> extends RunResult<Output> implements AsyncIterable<RunStreamEvent, undefined, void> {
  #reader: EventReader | undefined;

  /** Resolves when the run is over, with all that follows the last event; rejects with the run's error. Do not await it in
   * the loop over the events: the run waits for its reader between turns. */
  get completed(): Promise<void> {
    return this.run.completed;
  }

  /** Whether a reader has read to the end. Visible output may be whole before. */
  get isComplete(): boolean {
    return this.run.queue.complete;
  }

  /** What the run failed with, the same object as iterator and `completed` give. */
  get error(): unknown {
    return this.run.failure?.error;
  }

  /** Reads the events. The run's error is thrown once, after all events that came before it. Throws a UserError where
   * the run has a reader already. */
  streamEvents({ preventCancel = false }: StreamEventsOptions = {}): AsyncIterableIterator<
    RunStreamEvent,
    undefined,
    void
  > {
    if (this.#reader) {
      throw new UserError(
        "This run has a reader already: streamEvents(), toTextStream() or a for await loop. Read it once and hand on what you read.",
      );
    }
    const reader = new EventReader(
      {
        read: () => this.run.read(),
        leave: (stays) => {
          if (stays) this.#reader = undefined;
          return this.run.leave(stays);
        },
      },
      preventCancel,
    );
    this.#reader = reader;
    return reader;
  }

  [Symbol.asyncIterator](): AsyncIterableIterator<RunStreamEvent, undefined, void> {
    return this.streamEvents();
  }

  /** The text of the model's answers, piece by piece. It is a reader as `streamEvents()` is; cancelling it stops the run. */
  toTextStream(): ReadableStream<string> {
    const reader = this.streamEvents();
    return new ReadableStream<string>(
      {
        async pull(controller) {
          for (;;) {
            const { done, value } = await reader.next();
            if (done) return controller.close();
            if (value.type !== "raw_response_event" || value.data.type !== "response.output_text.delta") continue;
            return controller.enqueue(value.data.delta);
          }
        },
        async cancel() {
          await reader.return?.();
        },
      },
      { highWaterMark: 0 },
    );
  }

  /** Stops the run, which then ends without an error. What was not read yet is dropped, also of a run that is over, unless
   * `mode` is "after_turn". */
  cancel({ mode = "immediate" }: CancelOptions = {}): void {
    this.run.cancel(mode);
  }
}
