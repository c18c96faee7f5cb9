import { UserError } from "./errors.js";
import { bigIntAsText } from "./graph.js";

/** A model that the page brings, such as one that runs in the browser. */
export interface Model {
  /**
   * Answers one request with the events of the Responses API, the terminal one (`response.completed`) last. Its iterator
   * is told to `return` when the run wants no more, and asked for no more than 256 events ahead of it. What it throws ends
   * the run. Each call of a run needs a `call_id` of its own: one that comes again for another call ends the run.
   */
  getStreamedResponse(request: ModelRequest): AsyncIterable<object>;
}

/** The body of a request to the Responses API, under its names. */
export interface ResponsesRequest {
  readonly instructions?: string;
  readonly input: readonly object[];
  readonly tools?: readonly object[];
  readonly [field: string]: unknown;
}

/** What a run asks of a model. */
export interface ModelRequest {
  /** What would be posted to `/responses`. */
  readonly body: ResponsesRequest;
  /** Fires when the run wants no more. */
  readonly signal: AbortSignal;
}

/** Reads models for an engine that asks for what there is by now. */
export class ModelReader {
  readonly #model: Model;
  readonly #answers: Map<number, Answer> = new Map();
  #last = 0;

  constructor(model: Model) {
    this.#model = model;
  }

  open(body: ModelRequest["body"]): number {
    this.#answers.set(++this.#last, new Answer(this.#model, body));
    return this.#last;
  }

  /** Gives the events that have come, once there are some. `signal` ends the answer. */
  async next(number: number, signal: AbortSignal): Promise<{ events: object[]; done: boolean }> {
    const answer = this.#answers.get(number);
    if (!answer) return { events: [], done: true };
    const stop = (): void => this.close(number);
    signal.addEventListener("abort", stop);
    try {
      const taken = await answer.take();
      if (taken.done) this.#answers.delete(number);
      return taken;
    } catch (error) {
      this.#answers.delete(number);
      throw error;
    } finally {
      signal.removeEventListener("abort", stop);
    }
  }

  close(number: number): void {
    this.#answers.get(number)?.stop();
    this.#answers.delete(number);
  }

  closeAll(): void {
    for (const number of [...this.#answers.keys()]) this.close(number);
  }
}

/** Events that may wait for the engine. A model that has them all at once would otherwise keep the page from everything else. */
const AHEAD = 256;

/** One answer of a model, which is read ahead of the engine by what comes while the engine works. */
class Answer {
  readonly #controller: AbortController = new AbortController();
  readonly #iterator: AsyncIterator<object>;
  #events: object[] = [];
  #ended: { readonly error?: { readonly thrown: unknown } } | undefined;
  #waiting: (() => void) | undefined;
  #taken: (() => void) | undefined;

  constructor(model: Model, body: ModelRequest["body"]) {
    const events = model.getStreamedResponse({ body, signal: this.#controller.signal });
    if (!events?.[Symbol.asyncIterator]) throw new UserError("getStreamedResponse() must give an async iterable.");
    this.#iterator = events[Symbol.asyncIterator]();
    void this.#read();
  }

  async take(): Promise<{ events: object[]; done: boolean }> {
    if (this.#events.length === 0 && !this.#ended) await new Promise<void>((resolve) => (this.#waiting = resolve));
    const events = this.#events;
    this.#events = [];
    this.#taken?.();
    if (events.length === 0 && this.#ended?.error) throw this.#ended.error.thrown;
    return { events, done: this.#ended !== undefined && !this.#ended.error };
  }

  stop(): void {
    this.#controller.abort(new DOMException("The run wants no more of this answer.", "AbortError"));
    this.#end({});
    this.#taken?.();
    void (async () => this.#iterator.return?.())().catch(() => {});
  }

  async #read(): Promise<void> {
    try {
      for (;;) {
        if (this.#events.length >= AHEAD) await new Promise<void>((resolve) => (this.#taken = resolve));
        if (this.#ended) return;
        const { done, value } = await this.#iterator.next();
        if (this.#ended) return;
        if (done) return this.#end({});
        // A copy: a model may use one object for all of its events.
        this.#events.push(JSON.parse(JSON.stringify(value ?? null, bigIntAsText)) as object);
        this.#wake();
      }
    } catch (thrown) {
      this.#end({ error: { thrown } });
    }
  }

  #end(how: { readonly error?: { readonly thrown: unknown } }): void {
    this.#ended ??= how;
    this.#wake();
  }

  #wake(): void {
    this.#waiting?.();
    this.#waiting = undefined;
  }
}
