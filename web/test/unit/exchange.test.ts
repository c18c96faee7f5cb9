import assert from "node:assert/strict";
import { afterEach, test } from "node:test";
import { exchangeUntil } from "../../src/exchange.js";
import { rejections, settled } from "./waiting.js";

const { fetch } = globalThis;
afterEach(() => {
  globalThis.fetch = fetch;
});

const events = { "content-type": "text/event-stream; charset=utf-8" };
const bytes = (text: string) => new TextEncoder().encode(text);

/** Sends one request to a fetch that answers so, and gives what fetch was told. */
function send(answer: (init: RequestInit) => Response | Promise<Response>, ended = new AbortController()) {
  const sent: RequestInit[] = [];
  globalThis.fetch = async (_url, init) => {
    sent.push(init!);
    return answer(init!);
  };
  const headers = new Headers({ accept: "text/event-stream" });
  const exchange = exchangeUntil(ended.signal)("/v1/responses", { method: "POST", headers }, bytes("{}"));
  return { exchange, sent: sent[0]!, headers, ended };
}

/** A body that comes in these parts; then it ends, fails, or stays open. */
function body(parts: readonly unknown[], end: "ends" | "stays open" | Error): ReadableStream {
  return new ReadableStream({
    start(controller) {
      for (const part of parts) controller.enqueue(part);
      if (end === "ends") controller.close();
    },
    pull(controller) {
      if (end instanceof Error) controller.error(end);
    },
  });
}

/** An answer that looks as if it came from the network: the platform has made its body. */
function fromNetwork(stream: ReadableStream): Response {
  return Object.defineProperty(new Response(stream, { headers: events }), "type", { value: "cors" });
}

test("the first chunk comes with the answer, the others one by one, then null", async () => {
  const { exchange } = send(() => new Response(body([bytes("a"), bytes("b")], "ends"), { headers: events }));
  assert.deepEqual(await exchange.answer, bytes("a"));
  assert.deepEqual(await exchange.read(), bytes("b"));
  assert.equal(await exchange.read(), null);
  assert.equal(await exchange.read(), null);
});

test("a body of bytes comes in reads that grow, all of it and in order", async () => {
  const whole = Uint8Array.from({ length: 1_500_000 }, (_, i) => i % 251);
  const stream = new ReadableStream({
    type: "bytes",
    start(controller) {
      controller.enqueue(whole.slice());
      controller.close();
    },
  });
  const { exchange } = send(() => fromNetwork(stream));
  const sizes: number[] = [];
  const read: number[] = [];
  for (let chunk = await exchange.answer; chunk instanceof Uint8Array; chunk = await exchange.read()) {
    sizes.push(chunk.length);
    for (const byte of chunk) read.push(byte);
  }
  assert.deepEqual(Uint8Array.from(read), whole);
  assert.deepEqual(sizes.slice(0, 5).map((size) => size >> 10), [16, 32, 64, 128, 256]);
  assert.ok(sizes.every((size) => size <= 256 << 10), "one read brings no more than what memory is kept for");
});

test("small chunks are read into the same memory", async () => {
  const parts = ["c", "b", "a"];
  const stream = new ReadableStream({ type: "bytes", pull: (controller) => controller.enqueue(bytes(parts.pop()!)) });
  const { exchange } = send(() => fromNetwork(stream));
  const first = (await exchange.answer) as Uint8Array;
  const size = first.buffer.byteLength;
  assert.deepEqual(first, bytes("a"));
  const second = (await exchange.read())!;
  assert.deepEqual(second, bytes("b"));
  assert.equal(first.buffer.byteLength, 0, "the second one has its memory");
  assert.equal(second.buffer.byteLength, size);
});

test("a page's own stream of bytes comes to its end", async () => {
  const parts = [bytes("b"), bytes("a")];
  const stream = new ReadableStream({
    type: "bytes",
    async pull(controller) {
      await settled();
      const part = parts.pop();
      if (part) controller.enqueue(part);
      else controller.close(); // and no byobRequest.respond(0), which a read into memory would wait for
    },
  });
  const { exchange } = send(() => new Response(stream, { headers: events }));
  assert.deepEqual(await exchange.answer, bytes("a"));
  assert.deepEqual(await exchange.read(), bytes("b"));
  assert.equal(await exchange.read(), null);
});

test("a stream without a chunk is an end", async () => {
  const { exchange } = send(() => new Response(body([], "ends"), { headers: events }));
  assert.equal(await exchange.answer, null);
});

test("an answer that is no event stream is given as it is, and its body can be read", async () => {
  for (const [status, type] of [[200, "application/json"], [429, "text/event-stream"]] as const) {
    const response = new Response("{}", { status, headers: { "content-type": type } });
    const { exchange } = send(() => response);
    assert.equal(await exchange.answer, response);
    assert.deepEqual(await exchange.read(), bytes("{}"));
    assert.equal(await exchange.read(), null);
  }
  const empty = new Response(null, { headers: events });
  const { exchange } = send(() => empty);
  assert.equal(await exchange.answer, empty);
  assert.equal(await exchange.read(), null);
});

test("no answer, a stream that fails and what are no bytes are told where they are asked for", async () => {
  const unhandled = await rejections(async () => {
    const none = send(() => Promise.reject(new TypeError("Failed to fetch")));
    await assert.rejects(none.exchange.answer, /Failed to fetch/);
    const early = send(() => new Response(body([], new Error("worn out")), { headers: events }));
    assert.ok((await early.exchange.answer) instanceof Response);
    await assert.rejects(early.exchange.read(), /worn out/);
    const late = send(() => new Response(body([bytes("a")], new Error("worn out")), { headers: events }));
    assert.deepEqual(await late.exchange.answer, bytes("a"));
    await assert.rejects(late.exchange.read(), /worn out/);
    const parts = [bytes("a")];
    const bytewise = new ReadableStream({
      type: "bytes",
      pull: (controller) => (parts.length > 0 ? controller.enqueue(parts.pop()!) : controller.error(new Error("worn out"))),
    });
    const broken = send(() => fromNetwork(bytewise));
    assert.deepEqual(await broken.exchange.answer, bytes("a"));
    for (let i = 0; i < 2; i++) await assert.rejects(broken.exchange.read(), /worn out/);
    const text = send(() => new Response(body([bytes("a"), "text"], "ends"), { headers: events }));
    assert.deepEqual(await text.exchange.answer, bytes("a"));
    await assert.rejects(text.exchange.read(), /no bytes/);
  });
  assert.deepEqual(unhandled, []);
});

test("a request ends when it is stopped and when the engine ends, and not after its own end", async () => {
  for (const how of ["stopped", "ended", "over"] as const) {
    const { exchange, sent, ended } = send(() => new Response(body([bytes("a")], how === "over" ? "ends" : "stays open"), { headers: events }));
    assert.deepEqual(await exchange.answer, bytes("a"));
    assert.equal(sent.signal!.aborted, false);
    if (how === "over") assert.equal(await exchange.read(), null);
    if (how === "ended") ended.abort();
    else exchange.stop();
    assert.equal(sent.signal!.aborted, how !== "over", how);
  }
  const ended = new AbortController();
  ended.abort();
  const late = send((init) => (init.signal!.aborted ? Promise.reject(init.signal!.reason) : new Response("")), ended);
  await assert.rejects(late.exchange.answer, { name: "AbortError" });
});

test("each request has headers of its own", async () => {
  const { sent, headers } = send(() => new Response("{}"));
  await settled();
  headers.set("authorization", "Bearer later");
  assert.deepEqual([...new Headers(sent.headers)], [["accept", "text/event-stream"]]);
});

test("any number of requests may be under way", async () => {
  const warnings: Error[] = [];
  const warn = (warning: Error): number => warnings.push(warning);
  process.on("warning", warn);
  const ended = new AbortController();
  const exchange = exchangeUntil(ended.signal);
  const stopped: unknown[] = [];
  globalThis.fetch = (_url, init) =>
    new Promise((_, reject) => init!.signal!.addEventListener("abort", () => reject(stopped.push(init))));
  const answers = Array.from({ length: 30 }, () => exchange("/v1/responses", { method: "POST" }, bytes("{}")).answer);
  await new Promise((done) => setImmediate(done)); // Node warns in a later turn
  process.off("warning", warn);
  assert.deepEqual(warnings, []);
  ended.abort();
  await Promise.allSettled(answers);
  assert.equal(stopped.length, 30);
});
