import type { Chromium } from "./browser.js";
import type { Server } from "./server.js";
import type { Samples } from "./stats.js";
import type { Table } from "./table.js";

export interface Bench {
  readonly chromium: Chromium;
  readonly server: Server;
  readonly samples: Samples;
  /** How often everything is repeated. */
  readonly reps: number;
  /** Folder of the repository. */
  readonly root: string;
  /** Says how far it is. */
  progress(text: string): void;
}

export interface Case {
  /** For ONLY=. */
  readonly id: string;
  readonly title: string;
  /** Measures, and tells how to show it. */
  run(bench: Bench): Promise<readonly Table[]>;
}

/** Runs `work` in rounds: one repetition of every contender, then the next. */
export async function rounds(bench: Bench, count: number, work: (round: number) => Promise<void>): Promise<void> {
  for (let round = 1; round <= count; round++) {
    bench.progress(`round ${round} of ${count}`);
    await work(round);
  }
}

/** Which of a page's runs are measured, for a browser compiles code twice. */
export const kinds = [
  { id: "warm", caption: "Warm: the fifth to twelfth run of a page." },
  { id: "cold", caption: "Cold: the first run of a page whose engine is up." },
] as const;

/** Makes a page's runs, one after the other; those that are measured have a kind. */
export async function runsOfPage(run: (kind: (typeof kinds)[number]["id"] | undefined) => Promise<void>): Promise<void> {
  for (let i = 1; i <= 12; i++) await run(i === 1 ? "cold" : i < 5 ? undefined : "warm");
}

let runs = 0;

/** The base URL of a model that answers by a script; no two are the same. */
export function model(script: string): string {
  return `/model/${++runs}/${script}`;
}

export function expect(found: unknown, wanted: unknown, what: string): void {
  if (found !== wanted) throw new Error(`${what}: ${String(found)} instead of ${String(wanted)}`);
}
