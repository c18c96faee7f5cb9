// A page that stays open: after a thousand runs, a fifth of them stopped on the way, nothing is left of them.
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import type { Page } from "puppeteer-core";
import { assertNoMishaps, firefox, openTestPage, patience } from "./browser.js";
import type { ModelRequest, Reply } from "./server.js";
import { beginning, call, message, response } from "./sse.js";
import { browser, server } from "./stage.js";

const WARM = 200;
const RUNS = 1000;

/** What the agent's model does is its name. */
function reply({ body }: ModelRequest): Reply {
  const told = JSON.stringify(body.input).includes("function_call_output");
  switch (body["model"]) {
    case "tool":
      return told ? response(message("Done.")) : response(call("act", "call_1"), call("act", "call_2"));
    case "handoff":
      return told ? response(message("Roses", " are red.")) : response(call("transfer_to_poet", "call_1"));
    case "fail":
      return { status: 400, json: { error: { message: "no" } } };
    case "hang":
      return { hangAfter: beginning() };
    default:
      return response(message("Hello", " there."));
  }
}

/** Runs so many agents, some at once; gives how they ended. */
async function runMany(page: Page, baseURL: string, first: number, count: number): Promise<{ [ending: string]: number }> {
  return page.evaluate(
    async (baseURL, first, count) => {
      const { Agent, configure, runStreamed, tool } = window.runstream;
      configure({ baseURL, getToken: () => "token", maxRetries: 0 });
      const lasting = (window.lasting ??= new AbortController()).signal; // as an app has one for its whole view
      const act = tool({ name: "act", description: "Acts.", execute: () => "acted", timeoutMs: 60_000, needsApproval: () => false });
      const gated = tool({ name: "act", description: "Acts.", execute: () => "acted", needsApproval: true });
      const poet = new Agent({ name: "poet", model: "handoff" });
      const agent = (model: string, tools = [act]) => new Agent({ name: "Anyone", instructions: () => "Act.", model, tools, handoffs: [poet] });

      const endings: { [ending: string]: number } = {};
      const ended = (ending: string) => (endings[ending] = (endings[ending] ?? 0) + 1);
      const stopOne = async (way: number) => {
        if (way === 0) {
          for await (const event of runStreamed(agent("hang"), "Hi", { signal: lasting })) if (event.type === "raw_response_event") break;
        } else if (way === 1) {
          const result = runStreamed(agent("hang"), "Hi", { signal: lasting });
          for await (const event of result) if (event.type === "raw_response_event") result.cancel();
        } else if (way === 2) {
          const abort = new AbortController();
          const result = runStreamed(agent("hang"), "Hi", { signal: abort.signal });
          await result.streamEvents().next();
          abort.abort();
          await result.completed.catch(() => {});
        } else if (way === 3) {
          await runStreamed(agent("text"), "Hi", { signal: lasting }).streamEvents().return?.();
        } else {
          let cancel = () => {};
          const waits = tool({ name: "act", description: "Acts.", execute: () => (cancel(), new Promise<string>(() => {})) });
          const result = runStreamed(agent("tool", [waits]), "Hi", { signal: lasting });
          cancel = () => result.cancel();
          await window.read(result);
        }
        ended("stopped");
      };
      const runOne = async (number: number) => {
        if (number % 5 === 0) return stopOne((number / 5) % 5);
        const kind = ["text", "tool", "handoff", "fail", "gated"][Math.floor(number / 5) % 5] as string;
        const result = runStreamed(agent(kind === "gated" ? "tool" : kind, [kind === "gated" ? gated : act]), "Hi", { signal: lasting });
        if (number % 2 === 0) for await (const _ of result.streamEvents()) continue;
        else await result.completed;
        ended(result.interruptions.length > 0 ? "paused" : "finished");
      };
      let next = first;
      const lane = async () => {
        while (next < first + count) await runOne(next++).catch((error: Error) => ended(error.name));
      };
      await Promise.all([lane(), lane(), lane(), lane()]);
      return endings;
    },
    baseURL,
    first,
    count,
  );
}

interface Counts {
  /** What must be as it was before the first run. */
  readonly alive: { readonly [what: string]: number };
  /** What must not grow, in bytes. */
  readonly memory: { readonly [what: string]: number };
}

/** How far memory may be from where it was, in bytes: compiled code, and when collectors run, move it. What each run
 * leaves behind would be multiplied by 800. */
const slack: Counts["memory"] = {
  "the page's JavaScript heap": 256 << 10,
  "the worker's JavaScript heap": 256 << 10,
  "Go's heap": 64 << 10,
  // It never shrinks, and Go does not collect below 4 MB.
  "WebAssembly memory": 2 << 20,
};

/** Collects garbage and measures what is left, the page's first; nothing where the browser has no command for it. */
async function collectGarbage(page: Page, place: "worker" | "page"): Promise<number[]> {
  if (firefox) return [];
  const inWorker = place === "worker" ? page.workers()[0]! : undefined;
  const cdp = [await page.createCDPSession(), ...(inWorker ? [inWorker.client] : [])];
  const heaps: number[] = [];
  for (const session of cdp) {
    await session.send("HeapProfiler.collectGarbage");
    heaps.push((await session.send("Runtime.getHeapUsage")).usedSize);
  }
  await cdp[0]!.detach();
  return heaps;
}

async function count(page: Page, place: "worker" | "page"): Promise<Counts> {
  const heaps = await collectGarbage(page, place);
  return page.evaluate(
    async (inWorker, heaps) => {
      const { countHere, countThere } = await window.counting();
      // Timers first: the engine's count makes one of Go's own.
      const timersHere = countHere().timers;
      const timersThere = inWorker ? (await countThere()).timers : 0;
      const { goroutines, funcs, timers, references, heap, memory } = await window.askEngine("count");
      const here = countHere();
      const there = inWorker ? await countThere() : { listeners: 0, sent: 0, received: 0 };
      return {
        alive: {
          "goroutines": goroutines!,
          "live js.Func": funcs!,
          "JavaScript values that Go holds": references!,
          "timers of Go": timers!,
          "timers of the page": timersHere,
          "timers of the worker": timersThere,
          // Without a collection listeners of garbage would count.
          ...(heaps.length > 0 && { "listeners on the page": here.listeners, "listeners in the worker": there.listeners }),
          "messages under way to the engine": here.sent - there.received,
          "messages under way to the page": there.sent - here.received,
        },
        memory: {
          ...(heaps[0] !== undefined && { "the page's JavaScript heap": heaps[0] }),
          ...(heaps[1] !== undefined && { "the worker's JavaScript heap": heaps[1] }),
          "Go's heap": heap!,
          "WebAssembly memory": memory!,
        },
      };
    },
    place === "worker",
    heaps,
  );
}

/** Go's runtime gives memory back for some seconds after a collection, by a timer of its own. Counting collects, so the
 * waits between grow from this on, in milliseconds. */
const SCAVENGES = 1500;

/** Counts until nothing is alive that was not before: what ends a run may still be on its way. */
async function countAtRest(page: Page, place: "worker" | "page", before: Counts["alive"]): Promise<Counts> {
  const deadline = Date.now() + patience;
  for (let wait = SCAVENGES; ; wait *= 2) {
    const counts = await count(page, place);
    if (grown(before, counts.alive).length === 0 || Date.now() > deadline) return counts;
    await new Promise((resolve) => setTimeout(resolve, wait));
  }
}

/** What is more than it was, in words. */
function grown(before: Counts["alive"], now: Counts["alive"], slack: Counts["memory"] = {}): string[] {
  return Object.keys(before).flatMap((what) =>
    now[what]! > before[what]! + (slack[what] ?? 0) ? [`${what}: ${before[what]}, then ${now[what]}`] : [],
  );
}

for (const place of ["worker", "page"] as const) {
  describe(place === "page" ? "engine on the page" : "engine in a worker", () => {
    test(`${RUNS} runs, a fifth of them stopped, leave nothing behind`, { timeout: 300_000 }, async (t) => {
      const page = await openTestPage(browser, server.url);
      await page.evaluate(async (inWorker) => {
        await window.counting();
        const worker = inWorker && new Worker("/web/test/e2e/counting_worker.js", { type: "module" });
        await window.runstream.init({ worker, wasm: "/web/dist/test/engine.wasm" });
      }, place === "worker");
      const { baseURL } = server.answering(reply);
      const { alive } = await count(page, place);

      const endings: { [ending: string]: number } = {};
      let warm: Counts | undefined;
      for (let run = 0; run < RUNS; run += 100) {
        for (const [ending, number] of Object.entries(await runMany(page, baseURL, run, 100))) {
          endings[ending] = (endings[ending] ?? 0) + number;
        }
        if (run + 100 === WARM) warm = await countAtRest(page, place, alive);
      }
      const end = await countAtRest(page, place, alive);
      assert.deepEqual(endings, { stopped: 200, finished: 480, BadRequestError: 160, paused: 160 });
      assert.deepEqual(grown(alive, end.alive), []);
      assert.deepEqual(grown(warm!.memory, end.memory, slack), []);
      if (firefox) t.diagnostic("not in Firefox, which collects no garbage on request: listeners, JavaScript heaps");
      t.diagnostic(`after ${RUNS} runs: ${JSON.stringify({ ...end.alive, ...end.memory })}`);
      await assertNoMishaps(page);
      await page.close();
    });
  });
}
