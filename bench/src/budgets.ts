import type { Samples } from "./stats.js";
import { amount } from "./table.js";

/** A budget of the design: a figure, and what it may be at most. */
interface Budget {
  readonly what: string;
  readonly measured: (samples: Samples) => number | undefined;
  readonly most: number;
  readonly unit: string;
  /** Why it is missed, where it is; keep true. */
  readonly why?: string;
}

const median = (measure: string, who: string) => (samples: Samples): number | undefined => samples.figure(measure, who)?.median;

const ratio = (measure: string, other: string) => (samples: Samples): number | undefined => {
  const own = samples.figure(measure, "worker");
  const its = samples.figure(measure, other);
  return own && its && own.median / its.median;
};

const growth = (measure: string, who: string, from: number, to: number) => (samples: Samples): number | undefined => {
  const before = samples.figure(`${measure} ${from}`, who);
  const after = samples.figure(`${measure} ${to}`, who);
  return before && after && after.median / before.median;
};

export const budgets: readonly Budget[] = [
  { what: "20,000 deltas, engine in a worker, ÷ @openai/agents", measured: ratio("deltas warm", "agents"), most: 1 / 6, unit: "×",
    why: "the plain loop, which does nothing but the requests and JSON.parse, takes 1/13 to 1/16 of that time itself" },
  { what: "the same ÷ plain loop", measured: ratio("deltas warm", "plain"), most: 1.5, unit: "×",
    why: "the worker computes for about as long as the loop does for all, request and snapshot included, and the page comes after it" },
  { what: "main thread busy meanwhile ÷ plain loop", measured: ratio("deltas warm busy", "plain"), most: 0.6, unit: "×",
    why: "making objects is most of either, and the page's own have an event around each" },
  { what: "longest main-thread task meanwhile (0: none of 50 ms)", measured: median("deltas warm longest", "worker"), most: 50, unit: "ms" },
  { what: "the same, first run of a page", measured: median("deltas cold longest", "worker"), most: 50, unit: "ms" },
  { what: "first event after its network chunk", measured: median("delay first", "worker"), most: 1000 / 60, unit: "ms" },
  { what: "page load to first event, warm, ÷ @openai/agents", measured: ratio("load warm", "agents"), most: 0.6, unit: "×",
    why: "900 functions of the engine are compiled when they are first called, a fifth of the time; a seventh goes by while its 4.8 MB are read and checked" },
  { what: "the same ÷ ai", measured: ratio("load warm", "ai"), most: 1, unit: "×", why: "the same" },
  { what: "page load to first event, 10 Mbit/s, ÷ @openai/agents", measured: ratio("load slow", "agents"), most: 1, unit: "×",
    why: "the engine is 1.03 MB, 0.82 s of such a line; @openai/agents is 0.37 MB" },
  { what: "50 turns with one tool each, warm, ÷ @openai/agents", measured: ratio("turns warm", "agents"), most: 0.5, unit: "×",
    why: "the requests alone, the plain loop, take three quarters of that; two fifths of a turn are the worker's processor time, and it has two questions to the page, each of which wakes a thread twice" },
  { what: "the same ÷ ai", measured: ratio("turns warm", "ai"), most: 0.8, unit: "×", why: "the same" },
  { what: "saving a state: 1,000 items ÷ 100 items", measured: growth("save", "worker", 100, 1000), most: 13, unit: "×" },
  { what: "restoring a state: 1,000 items ÷ 100 items", measured: growth("restore", "worker", 100, 1000), most: 13, unit: "×" },
  { what: "size of a state: 1,000 items ÷ 100 items", measured: growth("state", "worker", 100, 1000), most: 11, unit: "×" },
  { what: "JavaScript heap after 1,000 runs ÷ after 100", measured: growth("heap", "worker", 100, 1000), most: 1.1, unit: "×" },
  { what: "wasm memory after 1,000 runs ÷ after 100", measured: growth("wasm", "worker", 100, 1000), most: 1.1, unit: "×" },
  { what: "runstream.wasm, brotli 11", measured: megabytes("size brotli", "wasm"), most: 1.2, unit: "MB" },
  { what: "runstream.wasm, raw", measured: megabytes("size raw", "wasm"), most: 5, unit: "MB" },
  { what: "index.js, brotli 11", measured: kilobytes("size brotli", "index"), most: 15, unit: "kB" },
];

function megabytes(measure: string, who: string): Budget["measured"] {
  return (samples) => scaled(samples.figure(measure, who)?.median, 1e6);
}

function kilobytes(measure: string, who: string): Budget["measured"] {
  return (samples) => scaled(samples.figure(measure, who)?.median, 1e3);
}

function scaled(value: number | undefined, by: number): number | undefined {
  return value === undefined ? undefined : value / by;
}

/** The budgets as a table; what was not measured is left out. */
export function budgetTable(samples: Samples): string {
  const lines = ["| budget | at most | measured | |", "|---|---|---|---|"];
  for (const { what, measured, most, unit, why } of budgets) {
    const found = measured(samples);
    if (found === undefined) continue;
    const beyond = Math.round((found / most - 1) * 100);
    const verdict = found > most ? `**missed** by ${beyond || "less than 1"} %${why ? `: ${why}` : ""}` : "held";
    lines.push(`| ${what} | ${amount(most)} ${unit} | ${amount(found, 3)} ${unit} | ${verdict} |`);
  }
  return lines.join("\n");
}
