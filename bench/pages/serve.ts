import { executions, type Contender } from "./contender.js";
import { watchFrames, type Frames } from "./frames.js";

/** What the driver calls on a page, as `window.bench`. Times are in milliseconds. */
export interface Bench {
  ready(): Promise<void>;
  /** When the first delta of the run came that the page's address asks for, since the navigation began. */
  readonly first: Promise<number>;
  stream(baseURL: string): Promise<Streamed>;
  /** When each delta came, in the server's time. */
  arrivals(baseURL: string): Promise<number[]>;
  tools(baseURL: string, turns: number): Promise<{ took: number; executions: number; text: string }>;
  /** `undefined` where the contender has no such state. */
  state(baseURL: string, turns: number, repetitions: number): Promise<StateTimes | undefined>;
  /** Runs so many at once. */
  atOnce(baseURL: string, runs: number): Promise<Streamed>;
  /** Runs so many, one after the other; every tenth is stopped at its hundredth delta. */
  many(baseURL: string, runs: number): Promise<void>;
}

export interface Streamed extends Frames {
  readonly took: number;
  readonly deltas: number;
  readonly characters: number;
}

export interface StateTimes {
  readonly save: number[];
  readonly restore: number[];
  readonly bytes: number;
}

declare global {
  interface Window {
    bench: Bench;
  }
}

/** Makes the contender's page do what the driver says. */
export function serve(contender: Contender): void {
  const asked = new URLSearchParams(location.search).get("first");
  const first = new Promise<number>((resolve, reject) => {
    if (asked) contender.stream(absolute(asked), () => resolve(performance.now())).catch(reject);
  });
  first.catch(() => {}); // the driver asks for it later

  /** Counts what `ondelta` is told while the work goes on. */
  async function watched(work: (ondelta: (text: string) => void) => Promise<void>): Promise<Streamed> {
    const frames = watchFrames();
    let deltas = 0;
    let characters = 0;
    const began = performance.now();
    await work((text) => {
      deltas++;
      characters += text.length;
    });
    const took = performance.now() - began;
    return { took, deltas, characters, ...(await frames()) };
  }

  window.bench = {
    ready: () => contender.ready(),
    first,
    stream: (baseURL) => watched((ondelta) => contender.stream(absolute(baseURL), ondelta)),

    async arrivals(baseURL) {
      const offset = await clockOffset();
      const times: number[] = [];
      await contender.stream(absolute(baseURL), () => times.push(performance.now()));
      return times.map((time) => time + offset);
    },

    async tools(baseURL, turns) {
      const before = executions;
      const began = performance.now();
      const text = (await contender.tools?.(absolute(baseURL), turns)) ?? "";
      return { took: performance.now() - began, executions: executions - before, text };
    },

    async state(baseURL, turns, repetitions) {
      const paused = await contender.pause?.(absolute(baseURL), turns);
      if (!paused) return undefined;
      const save: number[] = [];
      const restore: number[] = [];
      let text = "";
      for (let i = 0; i < repetitions; i++) {
        const began = performance.now();
        text = paused.save();
        const saved = performance.now();
        const waiting = await paused.restore(text);
        restore.push(performance.now() - saved);
        save.push(saved - began);
        if (waiting !== 1) throw new Error(`${waiting} calls wait in the restored state`);
      }
      return { save, restore, bytes: new TextEncoder().encode(text).length };
    },

    atOnce: (baseURL, runs) =>
      watched(async (ondelta) => {
        await Promise.all(Array.from({ length: runs }, () => contender.stream(absolute(baseURL), ondelta)));
      }),

    async many(baseURL, runs) {
      for (let i = 1; i <= runs; i++) {
        if (i % 10 === 0) await stopped(contender, absolute(baseURL), 100);
        else await contender.stream(absolute(baseURL), () => {});
      }
    },
  };
}

/** Not every contender takes an address that is relative to the page. */
function absolute(url: string): string {
  return new URL(url, location.href).href;
}

async function stopped(contender: Contender, baseURL: string, after: number): Promise<void> {
  const stop = new AbortController();
  let deltas = 0;
  try {
    await contender.stream(baseURL, () => ++deltas === after && stop.abort(), stop.signal);
  } catch (error) {
    if (!stop.signal.aborted) throw error;
  }
}

/** What to add to `performance.now()` for the server's time, by the quickest of some questions. */
async function clockOffset(): Promise<number> {
  let best = { round: Infinity, offset: 0 };
  for (let i = 0; i < 20; i++) {
    const asked = performance.now();
    const server = Number(await (await fetch("/clock")).text());
    const answered = performance.now();
    if (answered - asked < best.round) best = { round: answered - asked, offset: server - (asked + answered) / 2 };
  }
  return best.offset;
}
