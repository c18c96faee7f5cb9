import assert from "node:assert/strict";
import { test } from "node:test";
import type { EngineConnection } from "../../src/connection.js";
import { connectWorker } from "../../src/connection.js";
import { Engine } from "../../src/engine.js";
import { EngineDisposedError, EngineStartError } from "../../src/errors.js";
import type { FromHost, ToHost } from "../../src/host.js";
import { Agent, init, MemorySession, UserError } from "../../src/index.js";
import { PageEngine } from "../../src/init.js";
import { Runner } from "../../src/runner.js";
import { ScriptedModel } from "../../src/testing.js";
import { version } from "../../src/version.js";
import { compile, compileResponse } from "../../src/wasm.js";
import { rejections, settled } from "./waiting.js";
import { bytes } from "./fake_engine.js";

/** The smallest module there is. */
const WASM = new Uint8Array([0, 97, 115, 109, 1, 0, 0, 0]);

/** A worker in memory, which answers `start` as it is told. */
class FakeWorker extends EventTarget {
  readonly sent: ToHost[] = [];
  terminated = 0;
  answer: FromHost | "error" = { type: "ready", version };

  postMessage(message: ToHost): void {
    this.sent.push(message);
    if (message.type === "start") queueMicrotask(() => this.say(this.answer));
  }

  say(message: FromHost | "error"): void {
    this.dispatchEvent(message === "error" ? new Event("error") : new MessageEvent("message", { data: message }));
  }

  terminate(): void {
    this.terminated++;
  }

  get asWorker(): Worker {
    return this as unknown as Worker;
  }
}

function connection(answer: FromHost): EngineConnection & { closed: boolean } {
  const made = {
    closed: false,
    onmessage: (_: FromHost) => {},
    post: () => queueMicrotask(() => made.onmessage(answer)),
    close: () => void (made.closed = true),
  };
  return made;
}

test("an engine of another version is refused, naming both versions", async () => {
  const other = connection({ type: "ready", version: "9.9.9" });
  await assert.rejects(Engine.start(other, "x", () => {}), (error: unknown) => {
    return error instanceof EngineStartError && error.message.includes(version) && error.message.includes("9.9.9");
  });
  assert(other.closed);
});

test("an engine that cannot start rejects with what was found", async () => {
  const error = { name: "EngineStartError", message: "404", code: "engine_start" };
  await assert.rejects(Engine.start(connection({ type: "stopped", error }), "x", () => {}), { name: "EngineStartError", message: "404" });
  const crashed = { name: "EngineCrashedError", message: "exit code 2" };
  await assert.rejects(Engine.start(connection({ type: "stopped", error: crashed }), "x", () => {}), EngineStartError);
});

test("init starts one engine, however often it is called", async () => {
  const worker = new FakeWorker();
  const page = new PageEngine();
  const options = { worker: worker.asWorker, wasm: WASM };
  await Promise.all([page.init(options), page.init(options), page.init(undefined)]);
  await page.init({ ...options });
  assert.deepEqual(worker.sent.map((sent) => sent.type), ["start"]);
});

test("init with other options than those of the engine that is up is refused", async () => {
  const page = new PageEngine();
  const worker = new FakeWorker().asWorker;
  await page.init({ worker, wasm: WASM });
  await assert.rejects(page.init({ worker, wasm: "https://page.example/other.wasm" }), UserError);
});

test("init can be called again after it failed, with other options", async () => {
  const failing = new FakeWorker();
  failing.answer = "error";
  const page = new PageEngine();
  const unhandled = await rejections(async () => {
    await assert.rejects(page.init({ worker: failing.asWorker, wasm: WASM }), /could not be started/);
    await page.init({ worker: new FakeWorker().asWorker, wasm: WASM });
  });
  assert.deepEqual(unhandled, []);
  assert.equal(failing.terminated, 1);
});

test("an address that is none does not stay in the way of another", async () => {
  const page = new PageEngine();
  await assert.rejects(page.init({ worker: new FakeWorker().asWorker, wasm: "http://" }), /"http:\/\/" is no URL/);
  await page.init({ worker: new FakeWorker().asWorker, wasm: WASM });
});

test("a Worker of the page's that has ended is not used again", async () => {
  const worker = new FakeWorker();
  const page = new PageEngine();
  await page.init({ worker: worker.asWorker, wasm: WASM });
  worker.say("error");
  await assert.rejects(page.engine(), /has ended.*new one/);
  await page.init({ worker: new FakeWorker().asWorker, wasm: WASM });
});

test("a worker that is none is refused, and null is the package's own", async () => {
  const nodes = { postMessage() {}, on() {} }; // of node:worker_threads, which has another interface
  for (const none of [{}, nodes]) {
    const init = new PageEngine().init({ worker: none as never, wasm: WASM });
    await assert.rejects(init, { name: "EngineStartError", message: /no Worker/ });
  }
  const started = new PageEngine().init({ worker: null as never, wasm: "http://" });
  await assert.rejects(started, /is no URL/);
});

test("a worker is given an absolute address, bytes or a module", async () => {
  const scope = globalThis as { document?: unknown };
  scope.document = { baseURI: "https://page.example/app/" };
  try {
    for (const [wasm, crosses] of [
      ["engine.wasm", "https://page.example/app/engine.wasm"],
      [new URL("https://cdn.example/e.wasm"), "https://cdn.example/e.wasm"],
      [WASM, WASM],
    ] as const) {
      const worker = new FakeWorker();
      await new PageEngine().init({ worker: worker.asWorker, wasm });
      assert.deepEqual(worker.sent, [{ type: "start", wasm: crosses }]);
    }
  } finally {
    delete scope.document;
  }
});

test("a Response crosses to the worker as a module", async () => {
  const worker = new FakeWorker();
  const wasm = new Response(WASM, { headers: { "content-type": "application/wasm" } });
  await new PageEngine().init({ worker: worker.asWorker, wasm });
  const [start] = worker.sent;
  assert(start?.type === "start" && start.wasm instanceof WebAssembly.Module);
});

test("a worker that fails later on is a crash", async () => {
  const worker = new FakeWorker();
  let stopped = 0;
  const engine = await Engine.start(connectWorker(worker.asWorker, "w"), WASM, () => stopped++);
  const errors: unknown[] = [];
  engine.run("{}", { receive: () => {}, fail: (error) => errors.push(error) });
  worker.say("error");
  await settled();
  engine.run("{}", { receive: () => {}, fail: (error) => errors.push(error) });
  assert.deepEqual(errors.map((error) => (error as Error).name), ["EngineCrashedError", "EngineCrashedError"]);
  assert.deepEqual([stopped, worker.terminated], [1, 1]);
});

test("a message of a run that has ended, or of none, is ignored", async () => {
  const worker = new FakeWorker();
  const engine = await Engine.start(connectWorker(worker.asWorker, "w"), WASM, () => {});
  const seen: string[] = [];
  const run = engine.run("{}", { receive: (message) => seen.push(message.type), fail: () => {} });
  worker.say({ type: "end", run });
  worker.say({ type: "events", run, batch: bytes("[[],[]]") });
  worker.say({ type: "call", run, call: 1, fn: 1, args: "[]" });
  worker.say({ type: "end", call: 1 });
  worker.say({ type: "events", run: 99, batch: bytes("[[],[]]") });
  assert.deepEqual(seen, ["end"]);
  assert.deepEqual(worker.sent.at(-1), { type: "release", run });
});

const wrong: { readonly [what: string]: { response: Response; says: RegExp } } = {
  "a 404 page": {
    response: new Response("<!doctype html>", { status: 404, statusText: "Not Found", headers: { "content-type": "text/html" } }),
    says: /404 Not Found \(text\/html\)/,
  },
  "a page that answers for everything": {
    response: new Response("<!doctype html>", { headers: { "content-type": "text/html; charset=utf-8" } }),
    says: /not WebAssembly: it begins with "<!do" and is sent as text\/html/,
  },
  "an empty file": { response: new Response(""), says: /begins with ""/ },
  "a page sent as wasm": {
    response: new Response("<!doctype html>", { headers: { "content-type": "application/wasm" } }),
    says: /could not be compiled/,
  },
  "half a file": { response: new Response(new Uint8Array([0, 97, 115, 109, 1])), says: /could not be compiled.*whole/ },
};

for (const [what, { response, says }] of Object.entries(wrong)) {
  test(`${what} in place of the engine is named`, async () => {
    await assert.rejects(compileResponse(response), (error: unknown) => error instanceof EngineStartError && says.test(error.message));
  });
}

test("the engine compiles whatever its Content-Type is", async () => {
  for (const type of ["application/wasm", "application/wasm; x=y", "application/octet-stream"]) {
    const compiled = await compileResponse(new Response(WASM, { headers: { "content-type": type } }));
    assert(compiled instanceof WebAssembly.Module);
  }
  const inside = new Uint8Array([9, ...WASM, 9]).subarray(1, 9);
  for (const bytes of [inside, WASM.buffer]) {
    assert((await compile(bytes, new AbortController().signal)) instanceof WebAssembly.Module);
  }
});

test("an address that cannot be fetched is named", async () => {
  const { signal } = new AbortController();
  await assert.rejects(compile("http://127.0.0.1:1/engine.wasm", signal), /127\.0\.0\.1:1\/engine\.wasm could not be fetched/);
});

test("an address that is none is refused, and the package can still be used", async () => {
  await assert.rejects(init({ wasm: "http://" }), EngineStartError);
});

test("dispose() ends the engine and its runs, and the next start is a fresh one", async () => {
  const workers: FakeWorker[] = [new FakeWorker(), new FakeWorker()];
  const page = new PageEngine();
  page.dispose();
  await page.init({ worker: workers[0]!.asWorker, wasm: WASM });
  const failures: Error[] = [];
  const listener = { receive: () => {}, fail: (error: Error) => void failures.push(error) };
  const engine = await page.engine();
  engine.run("{}", listener);
  engine.run("{}", listener);
  page.dispose();
  page.dispose();
  assert.deepEqual(failures.map((error) => [error.name, error.message]), [
    ["EngineDisposedError", "The page ended the engine with dispose(). The next run gets a new engine."],
    ["EngineDisposedError", "The page ended the engine with dispose(). The next run gets a new engine."],
  ]);
  assert.notEqual(failures[0], failures[1]);
  assert.equal(workers[0]!.terminated, 1);
  await page.init({ worker: workers[1]!.asWorker, wasm: WASM });
  assert.notEqual(await page.engine(), engine);
  assert.equal(workers[1]!.terminated, 0);
});

test("dispose() ends a start that is under way, wherever it is", async () => {
  const silent = new FakeWorker();
  silent.postMessage = () => {};
  const neverRead = new Response(new ReadableStream(), { headers: { "content-type": "application/wasm" } });
  const unhandled = await rejections(async () => {
    for (const options of [{ worker: silent.asWorker, wasm: WASM }, { worker: silent.asWorker, wasm: neverRead }]) {
      const page = new PageEngine();
      const inits = [page.init(options), page.init(options)];
      await settled();
      page.dispose();
      for (const init of inits) await assert.rejects(init, EngineDisposedError);
      await page.init({ worker: new FakeWorker().asWorker, wasm: WASM });
    }
  });
  assert.deepEqual(unhandled, []);
  assert.equal(silent.terminated, 1);
});

test("dispose() ends a run that was started in the same moment", async () => {
  const page = new PageEngine();
  const silent = new FakeWorker();
  silent.postMessage = () => {};
  void page.init({ worker: silent.asWorker, wasm: WASM }).catch(() => {});
  const run = new Runner({}, page).run(new Agent({ name: "A" }), "Hi", { model: new ScriptedModel([]), session: new MemorySession() });
  page.dispose();
  await assert.rejects(run, EngineDisposedError);
});

test("a Worker that is not the engine's is named, by what it sends first", async () => {
  for (const [sent, says] of [["hello", /it sent "hello"/], [null, /it sent null/], [{ type: "progress" }, /progress/]] as const) {
    const worker = new FakeWorker();
    worker.postMessage = () => queueMicrotask(() => worker.say(sent as unknown as FromHost));
    await assert.rejects(new PageEngine().init({ worker: worker.asWorker, wasm: WASM }), (error: unknown) => {
      return error instanceof EngineStartError && says.test(error.message) && error.message.includes("worker.js");
    });
  }
});

test("an engine that is up survives what it does not know", async () => {
  const worker = new FakeWorker();
  const engine = await Engine.start(connectWorker(worker.asWorker, "w"), WASM, () => {});
  for (const sent of ["hello", null, { type: "progress" }]) worker.say(sent as unknown as FromHost);
  const seen: string[] = [];
  const run = engine.run("{}", { receive: (message) => seen.push(message.type), fail: () => seen.push("failed") });
  worker.say({ type: "end", run });
  assert.deepEqual(seen, ["end"]);
});

test("a message that cannot be read ends the engine", async () => {
  const worker = new FakeWorker();
  const engine = await Engine.start(connectWorker(worker.asWorker, "w"), WASM, () => {});
  const errors: string[] = [];
  engine.run("{}", { receive: () => {}, fail: (error) => errors.push(error.message) });
  worker.dispatchEvent(new MessageEvent("messageerror"));
  assert.match(errors.join(), /cannot be read/);
});
