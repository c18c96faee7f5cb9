import type { Model, ModelRequest } from "./model.js";
import type { StreamedItem } from "./testing_response.js";
import { streamResponse } from "./testing_response.js";

/** The model was asked more often than its script has turns. */
export class UnexpectedModelCallError extends Error {
  override name = "UnexpectedModelCallError";
  readonly code = "unexpected_model_call";
}

/** The run ended before it came to the end of the script. */
export class UnconsumedModelStepsError extends Error {
  override name = "UnconsumedModelStepsError";
  readonly code = "unconsumed_model_steps";
}

/** One request of a run, as it was when it came. */
export interface ModelCall {
  /** From 0. */
  readonly index: number;
  readonly request: ModelRequest;
}

/** Writes the events of an answer itself. Functions of this package make them. */
export interface TurnStep {
  events(call: ModelCall): AsyncIterable<object>;
}

/** One answer: the items that stream and complete, or a step. */
export type ScriptedTurn = readonly StreamedItem[] | TurnStep;

/** An answer that breaks off after these items with this error; before anything has come where there are none. */
export function modelError(error: unknown, ...items: StreamedItem[]): TurnStep {
  return {
    async *events({ index }) {
      if (items.length > 0) yield* unfinished(items, index);
      throw error;
    },
  };
}

/** An answer that stays open after these items until the run lets go of it. */
export function modelHang(...items: StreamedItem[]): TurnStep {
  return {
    async *events({ index, request: { signal } }) {
      yield* unfinished(items, index);
      await new Promise((_, reject) => {
        const stop = (): void => reject(signal.reason);
        if (signal.aborted) stop();
        else signal.addEventListener("abort", stop, { once: true });
      });
    },
  };
}

/** An answer that is decided when the request is known. */
export function modelResponder(respond: (call: ModelCall) => ScriptedTurn | Promise<ScriptedTurn>): TurnStep {
  return {
    async *events(call) {
      yield* turnEvents(await respond(call), call);
    },
  };
}

/** An answer of these very events, right or wrong. */
export function modelStream(events: Iterable<object> | AsyncIterable<object>): TurnStep {
  return {
    async *events() {
      yield* events;
    },
  };
}

/**
 * A model that answers every request with the next turn of its script.
 *
 * A request after the last turn fails with an UnexpectedModelCallError. One script may serve several agents.
 */
export class ScriptedModel implements Model {
  readonly #turns: ScriptedTurn[];
  readonly #calls: ModelCall[] = [];

  constructor(turns: Iterable<ScriptedTurn> = []) {
    this.#turns = [...turns];
  }

  /** Every request so far, also those that found no turn. */
  get calls(): readonly ModelCall[] {
    return [...this.#calls];
  }

  /** Turns that nothing has asked for yet. */
  get remainingSteps(): number {
    return this.#turns.length;
  }

  /** Puts turns at the end of the script. */
  enqueue(...turns: ScriptedTurn[]): void {
    this.#turns.push(...turns);
  }

  /** Throws an UnconsumedModelStepsError while turns remain. */
  assertComplete(): void {
    if (this.#turns.length === 0) return;
    throw new UnconsumedModelStepsError(
      `The script has turns that nothing asked for: ${this.#turns.length}, after ${this.#calls.length} requests. ` +
        "Take them out, or find out why the run ended early.",
    );
  }

  getStreamedResponse(request: ModelRequest): AsyncIterable<object> {
    const { signal, ...rest } = request;
    const call: ModelCall = { index: this.#calls.length, request: { ...structuredClone(rest), signal } };
    this.#calls.push(call);
    return answer(this.#turns.shift(), call);
  }
}

async function* answer(turn: ScriptedTurn | undefined, call: ModelCall): AsyncGenerator<object> {
  const { signal } = call.request;
  signal.throwIfAborted();
  if (!turn) {
    throw new UnexpectedModelCallError(
      `The script is over: request ${call.index + 1} has no turn left. Add one, or look at model.calls for what was asked.`,
    );
  }
  for await (const event of turnEvents(turn, call)) {
    signal.throwIfAborted();
    yield event;
  }
}

async function* turnEvents(turn: ScriptedTurn, call: ModelCall): AsyncGenerator<object> {
  if (!Array.isArray(turn) && !isStep(turn)) throw new TypeError("A turn of a script is a list of what the model says: [[assistantMessage(…)], …].");
  if (isStep(turn)) yield* turn.events(call);
  else yield* streamResponse(turn, { id: responseId(call.index) });
}

function isStep(turn: ScriptedTurn): turn is TurnStep {
  return "events" in Object(turn);
}

/** The events of an answer without its last. */
function unfinished(items: readonly StreamedItem[], index: number): readonly object[] {
  return streamResponse(items, { id: responseId(index) }).slice(0, -1);
}

function responseId(index: number): string {
  return `resp_${index + 1}`;
}
