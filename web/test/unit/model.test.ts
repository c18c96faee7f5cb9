import assert from "node:assert/strict";
import { test } from "node:test";
import { ModelReader } from "../../src/model.js";

/** A model that yields without a pause, and how often it was asked. */
function eager(events: number) {
  const told = { asked: 0, returned: 0 };
  const iterator: AsyncIterator<object> = {
    next: async () => (told.asked++ < events ? { value: { type: `event ${told.asked}` }, done: false } : { value: undefined, done: true }),
    return: async () => (told.returned++, { value: undefined, done: true }),
  };
  const reader = new ModelReader({ getStreamedResponse: () => ({ [Symbol.asyncIterator]: () => iterator }) });
  return { told, reader };
}

const task = () => new Promise((resolve) => setImmediate(resolve));
const { signal } = new AbortController();

test("a model is read ahead of the engine so far and no further", async () => {
  const { told, reader } = eager(10_000);
  const answer = reader.open({ input: [] });
  await task();
  assert.equal(told.asked, 256);
  const { events, done } = await reader.next(answer, signal);
  assert.deepEqual([events.length, done], [256, false]);
  await task();
  assert.equal(told.asked, 512);
});

test("whatever it holds back, all of it comes, in order", async () => {
  const { reader } = eager(1_000);
  const answer = reader.open({ input: [] });
  const came: object[] = [];
  for (let done = false; !done; ) {
    const next = await reader.next(answer, signal);
    came.push(...next.events);
    done = next.done;
  }
  assert.deepEqual(came, Array.from({ length: 1_000 }, (_, i) => ({ type: `event ${i + 1}` })));
});

test("closing ends every answer once, also one that is full", async () => {
  const { told, reader } = eager(10_000);
  reader.open({ input: [] });
  reader.open({ input: [] });
  await task();
  reader.closeAll();
  reader.closeAll();
  await task();
  assert.deepEqual(told, { asked: 512, returned: 2 });
});

test("a model may use one object for all of its events", async () => {
  async function* model(): AsyncGenerator<object> {
    const event = { type: "", response: { output: [] as string[] } };
    for (const type of ["a", "b", "c"]) {
      event.type = type;
      event.response.output.push(type);
      yield event;
    }
  }
  const reader = new ModelReader({ getStreamedResponse: () => model() });
  const answer = reader.open({ input: [] });
  await task();
  const { events } = await reader.next(answer, signal);
  assert.deepEqual(events.map((event) => JSON.stringify(event)), [
    '{"type":"a","response":{"output":["a"]}}', '{"type":"b","response":{"output":["a","b"]}}', '{"type":"c","response":{"output":["a","b","c"]}}',
  ]);
});
