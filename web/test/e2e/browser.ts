// The browser, as the tests drive it: Chromium, or Firefox where BROWSER=firefox says so.
import assert from "node:assert/strict";
import { mkdirSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { launch, type Browser, type BrowserContext, type Page } from "puppeteer-core";

import type { Agent, RunResultStreaming } from "../../src/index.js";
import type { Json, WireEvent } from "./sse.js";

export interface Reading {
  readonly events: PlainEvent[];
  readonly error: PlainError | null;
  readonly completed: PlainError | null;
}

/** How a run ended, read by hand. */
export interface Outcome {
  /** All that the iterator threw; it is asked on after a throw. */
  readonly thrown: PlainError[];
  /** Whether `completed` and `error` gave the very same error, and the error this run's data. */
  readonly same: boolean;
  readonly isComplete: boolean;
  readonly finalOutput: string | null;
  readonly deltas: string[];
}

export interface LiveCounts {
  readonly listeners: number;
  readonly timers: number;
  /** Messages between page and worker, so far. */
  readonly sent: number;
  readonly received: number;
}

export type PlainEvent =
  | { readonly type: "raw_response_event"; readonly data: WireEvent }
  | { readonly type: "agent_updated_stream_event"; readonly agent: string }
  | {
      readonly type: "run_item_stream_event";
      readonly name: string;
      readonly item: { readonly type: string; readonly agent: string; readonly rawItem: { [key: string]: Json }; readonly output?: Json };
    };

export interface PlainError {
  readonly isError: boolean;
  readonly name: string;
  readonly message: string;
  readonly code?: string;
  readonly status?: number;
}

/** The code of the guides in docs/. */
export interface Guides {
  readonly approvals: typeof import("../guides/approvals.js");
  readonly "local-models": typeof import("../guides/local-models.js");
  readonly security: typeof import("../guides/security.js");
  readonly sessions: typeof import("../guides/sessions.js");
  readonly states: typeof import("../guides/states.js");
  readonly streaming: typeof import("../guides/streaming.js");
}

declare global {
  interface Window {
    /** The package, on the test page. */
    runstream: typeof import("../../src/index.js");
    /** The package as another address serves it. */
    load(address: string): Promise<typeof import("../../src/index.js")>;
    /** The package's "runstream/testing". */
    loadTesting(): Promise<typeof import("../../src/testing.js")>;
    /** The examples of a guide, with the model server at `baseURL`. */
    guide<Name extends keyof Guides>(name: Name, baseURL?: string): Promise<Guides[Name]>;
    /** The examples of a guide that no test has run on this page. */
    idleExamples(name: keyof Guides): string[];
    /** What goes to the console meanwhile. */
    printed(action: () => Promise<unknown>): Promise<string>;
    /** What must not happen on a page, in words. */
    mishaps: string[];
    /** A thrown error as plain data. */
    plainError(error: unknown): PlainError;
    /** Reads a run to its end into plain data. */
    read(result: RunResultStreaming): Promise<Reading>;
    /** Reads a run by hand, to its end and beyond. */
    outcome(result: RunResultStreaming): Promise<Outcome>;
    /** Breaks the page's fetch for one request to a model: see broken_fetch.js. */
    breakFetch(way: string): Promise<void>;
    /** Begins to count what is alive on the page: see counting.js. */
    counting(): Promise<{ countHere(): LiveCounts; countThere(): Promise<LiveCounts> }>;
    /** Runs of which one callback goes wrong: see faulty.js. */
    faulty(): Promise<{
      failing(words: string): { readonly [way: string]: () => never };
      runs(place: string, baseURL: string): Promise<{ [way: string]: Outcome & { called: number; waits: number; executed: number } }>;
      cancelled(place: string, baseURL: string): Promise<Outcome & { called: number }>;
    }>;
    /** A signal that outlives the runs that have it. */
    lasting?: AbortController;
    /** Asks the test engine for something. */
    askEngine(command: "count"): Promise<{ readonly [what: string]: number }>;
    askEngine(command: "panic" | "exit" | "read what throws"): void;
    /** An agent whose one tool, delete_file, needs approval. */
    janitor(): Agent;
    /** How often delete_file has run, in all tabs. */
    executions(): number;
  }
}

const dist = fileURLToPath(new URL("../../", import.meta.url)); // from web/dist/test/e2e

/** How long a condition may take; only a failing test ever waits so long. */
export const patience = 30_000;

export const firefox: boolean = process.env["BROWSER"] === "firefox";

export function openBrowser(): Promise<Browser> {
  const options = { defaultViewport: { width: 1280, height: 800 }, protocolTimeout: 2 * patience };
  if (firefox) return launch({ ...options, browser: "firefox", executablePath: `${dist}browser/firefox` });
  return launch({ ...options, executablePath: `${dist}browser/headless_shell` });
}

/** Opens the test page, with the engine where `engine` says; without it none is started. Functions for `evaluate` find the
 * package in `window.runstream`. */
export async function openTestPage(browser: Browser | BrowserContext, url: string, engine?: "worker" | "page"): Promise<Page> {
  const page = await browser.newPage();
  await loadTestPage(page, () => page.goto(url), engine);
  return page;
}

export async function reloadTestPage(page: Page, engine: "worker" | "page"): Promise<void> {
  await loadTestPage(page, () => page.reload(), engine);
}

async function loadTestPage(page: Page, load: () => Promise<unknown>, engine?: "worker" | "page"): Promise<void> {
  await load();
  await until(page, () => "runstream" in window);
  if (engine) await page.evaluate((worker) => window.runstream.init({ worker }), engine === "worker");
}

/** Asserts that the page was left without a policy violation, an uncaught error and an unhandled rejection. */
export async function assertNoMishaps(page: Page): Promise<void> {
  // A rejection counts as unhandled only after the current task.
  const mishaps = await page.evaluate(async () => {
    await new Promise((resolve) => setTimeout(resolve));
    return window.mishaps;
  });
  assert.deepEqual(mishaps, []);
}

/** Waits for a condition on the page. Unlike `waitForFunction` it needs no `eval` there. */
export async function until(page: Page, condition: (...args: string[]) => boolean | Promise<boolean>, ...args: string[]): Promise<void> {
  const deadline = Date.now() + patience;
  while (!(await page.evaluate(condition, ...args))) {
    if (Date.now() > deadline) throw new Error(`the page did not come to: ${condition} with ${JSON.stringify(args)}`);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

/** Fails when a promise has not settled in time. */
export async function soon<T>(promise: Promise<T>, what: string): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`waited in vain for ${what}`)), patience);
  });
  return Promise.race([promise, late]).finally(() => clearTimeout(timer));
}

/** Saves a picture in web/dist/screenshots, once what moves has come to rest. */
export async function picture(page: Page, name: string): Promise<void> {
  await until(page, () =>
    document.getAnimations().every(({ effect, playState }) => playState !== "running" || effect?.getComputedTiming().endTime === Infinity),
  );
  const folder = `${dist}screenshots${firefox ? "/firefox" : ""}`;
  mkdirSync(folder, { recursive: true });
  await page.screenshot({ path: `${folder}/${name}.png` });
}
