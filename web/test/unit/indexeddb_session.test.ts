import assert from "node:assert/strict";
import { test } from "node:test";
import { IndexedDBSession, SessionError, UserError } from "../../src/index.js";

test("making one opens nothing, so that it can be made where pages are rendered", () => {
  const touched: string[] = [];
  Object.defineProperty(globalThis, "indexedDB", { get: () => void touched.push("indexedDB"), configurable: true });
  assert.equal(new IndexedDBSession({ sessionId: "one" }).getSessionId(), "one");
  Reflect.deleteProperty(globalThis, "indexedDB");
  assert.deepEqual(touched, []);
});

test("without IndexedDB every method says so, and close() has nothing to do", async () => {
  const session = new IndexedDBSession({ sessionId: "one" });
  await session.close();
  for (const call of [
    () => session.getItems(),
    () => session.addItems([{ type: "message" }]),
    () => session.popItem(),
    () => session.clearSession(),
  ]) {
    await assert.rejects(call, (error) => {
      assert.ok(error instanceof SessionError);
      assert.match(error.message, /^Session "one": there is no IndexedDB here\. .*MemorySession/);
      return true;
    });
  }
  await session.close();
});

test("a session without a name is refused", () => {
  for (const sessionId of ["", undefined, 7]) {
    assert.throws(() => new IndexedDBSession({ sessionId: sessionId as string }), UserError);
  }
});
