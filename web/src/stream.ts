import type { RunStreamEvent } from "./events.js";

/** How a run ended when not well. */
export interface Failure {
  readonly error: unknown;
}

type Next = IteratorResult<RunStreamEvent, undefined>;

const DONE: Next = { done: true, value: undefined };

/** The events of a run that were not read yet. Holds no more than the responses they came from. */
export class EventQueue {
  readonly #onhungry: () => void;
  #batches: RunStreamEvent[][] = [];
  #position = 0;
  #waiting: ((next: Next | Promise<Next>) => void)[] = [];
  #ended = false;
  #failure: Failure | undefined;
  #complete = false;

  /** `onhungry` is called when a reader asks for an event that is not there yet. */
  constructor(onhungry: () => void) {
    this.#onhungry = onhungry;
  }

  /** Whether a reader has taken everything and waits for more. */
  get hungry(): boolean {
    return this.#waiting.length > 0;
  }

  /** Whether a reader has seen the end. */
  get complete(): boolean {
    return this.#complete;
  }

  push(batch: RunStreamEvent[]): void {
    if (this.#ended || batch.length === 0) return;
    this.#batches.push(batch);
    while (this.#waiting.length > 0 && this.#batches.length > 0) this.#waiting.shift()?.(this.#take());
  }

  /** Forgets what was not read. */
  clear(): void {
    this.#batches = [];
    this.#position = 0;
  }

  /** Forgets what was not read of a run that is over. Who misses any of it is thrown `failure`, unless the run has one of its own. */
  drop(failure?: Failure): void {
    if (this.#batches.length === 0) return;
    this.clear();
    this.#failure ??= failure;
  }

  /** The end comes after what was pushed before. A failure is thrown to one reader, once. */
  end(failure?: Failure): void {
    this.#ended = true;
    this.#failure = failure;
    for (const waiting of this.#dismissed()) waiting(this.#last());
  }

  /** Lets readers go that wait, without an event and without the end. */
  dismiss(): void {
    for (const waiting of this.#dismissed()) waiting(DONE);
  }

  /** The reader has left for good. */
  abandon(): void {
    this.clear();
    this.#failure = undefined;
    this.#complete = true;
  }

  next(): Promise<Next> {
    if (this.#batches.length > 0) return Promise.resolve(this.#take());
    if (this.#ended) return this.#last();
    return new Promise((resolve) => {
      this.#waiting.push(resolve);
      this.#onhungry();
    });
  }

  #take(): Next {
    const batch = this.#batches[0] as RunStreamEvent[];
    const value = batch[this.#position++] as RunStreamEvent;
    if (this.#position === batch.length) {
      this.#batches.shift();
      this.#position = 0;
    }
    return { done: false, value };
  }

  #last(): Promise<Next> {
    this.#complete = true;
    const failure = this.#failure;
    this.#failure = undefined;
    return failure ? Promise.reject(failure.error) : Promise.resolve(DONE);
  }

  #dismissed(): ((next: Next | Promise<Next>) => void)[] {
    const waiting = this.#waiting;
    this.#waiting = [];
    return waiting;
  }
}

/** What a reader needs of the run that it reads. */
export interface Readable {
  /** Takes the next event; from the first time on the run waits for its reader between turns. */
  read(): Promise<Next>;
  /** The reader stops reading. Stops the run too unless `preventCancel`; resolves once it has ended. */
  leave(preventCancel: boolean): Promise<void>;
}

/** Reads a run's events, once. Leaving it early stops the run. */
export class EventReader implements AsyncIterableIterator<RunStreamEvent, undefined, void> {
  readonly #source: Readable;
  readonly #preventCancel: boolean;
  #left = false;

  constructor(source: Readable, preventCancel: boolean) {
    this.#source = source;
    this.#preventCancel = preventCancel;
  }

  next(): Promise<Next> {
    return this.#left ? Promise.resolve(DONE) : this.#source.read();
  }

  async return(): Promise<Next> {
    if (!this.#left) {
      this.#left = true;
      await this.#source.leave(this.#preventCancel);
    }
    return DONE;
  }

  async throw(error?: unknown): Promise<Next> {
    await this.return();
    throw error;
  }

  [Symbol.asyncIterator](): this {
    return this;
  }
}
