import type { CDPSession, Page } from "puppeteer-core";

import { model, type Bench, type Case } from "../case.js";
import { contenders } from "../contenders.js";
import type { Row } from "../table.js";

const DELTAS = 200;
const counts = [1, 100, 1000] as const;

export const memory: Case = {
  id: "memory",
  title: "Memory after runs of 200 deltas, every tenth of them stopped on the way",

  async run(bench: Bench) {
    const { chromium, samples } = bench;
    await chromium.each(contenders, async (page, { id }) => {
      let done = 0;
      for (const runs of counts) {
        bench.progress(`${id}: ${runs} ${runs === 1 ? "run" : "runs"}`);
        await page.evaluate((url, runs) => window.bench.many(url, runs), model(`deltas-${DELTAS}`), runs - done);
        done = runs;
        const { heap, wasm } = await memoryOf(page);
        samples.add(`heap ${runs}`, id, heap / 1e6);
        if (wasm > 0) samples.add(`wasm ${runs}`, id, wasm / 1e6);
      }
    });
    const none = "no wasm";
    const absent = { agents: none, ai: none, plain: none };
    const rows = counts.flatMap((runs): Row[] => [
      { label: `${runs} ${runs === 1 ? "run" : "runs"}: JavaScript heap`, measure: `heap ${runs}`, unit: "MB", ratio: false },
      { label: `${runs} ${runs === 1 ? "run" : "runs"}: wasm memory`, measure: `wasm ${runs}`, unit: "MB", absent, ratio: false },
    ]);
    return [{ rows, notes: ["After a garbage collection, the worker's heap included. Measured once; wasm memory never shrinks."] }];
  },
};

/** Bytes that the page and its workers hold. */
async function memoryOf(page: Page): Promise<{ heap: number; wasm: number }> {
  const session = await page.createCDPSession();
  let total = await memoryAt(session);
  for (const worker of page.workers()) {
    const own = await memoryAt(worker.client);
    total = { heap: total.heap + own.heap, wasm: total.wasm + own.wasm };
  }
  await session.detach();
  return total;
}

async function memoryAt(session: CDPSession): Promise<{ heap: number; wasm: number }> {
  for (let i = 0; i < 2; i++) await session.send("HeapProfiler.collectGarbage"); // what the first one finalizes, the second one frees
  const { usedSize } = await session.send("Runtime.getHeapUsage");
  // Instances are found through their prototype: the engine's memory has no name that could be asked for.
  const { result } = await session.send("Runtime.evaluate", { expression: "WebAssembly.Memory.prototype" });
  const { objects } = await session.send("Runtime.queryObjects", { prototypeObjectId: result.objectId ?? "" });
  const sum = await session.send("Runtime.callFunctionOn", {
    objectId: objects.objectId ?? "",
    functionDeclaration: "function () { return this.reduce((sum, memory) => sum + memory.buffer.byteLength, 0); }",
    returnByValue: true,
  });
  await session.send("Runtime.releaseObject", { objectId: objects.objectId ?? "" });
  return { heap: usedSize, wasm: sum.result.value as number };
}
