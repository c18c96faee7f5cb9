// What a session in IndexedDB says where the browser fails it. Nothing is half written, and it works again afterwards.
import assert from "node:assert/strict";
import { test } from "node:test";
import { assertNoMishaps, openTestPage } from "./browser.js";
import { message, response } from "./sse.js";
import { browser, server } from "./stage.js";

/** How the browser fails, and what the error says and has as its cause. */
const faults: { readonly [way: string]: readonly [says: RegExp, cause: string] } = {
  "there is no IndexedDB": [/no IndexedDB here.*MemorySession/, "MissingError"],
  "asking for IndexedDB is forbidden": [/private windows.*MemorySession/, "SecurityError"],
  "opening is forbidden": [/private windows.*MemorySession/, "SecurityError"],
  "opening fails": [/cannot be used: UnknownError.*Call again/, "UnknownError"],
  "the storage is full": [/storage is full.*nothing was written.*call again/, "QuotaExceededError"],
  "the transaction is broken off": [/broke off.*nothing was written.*Call again/, "AbortError"],
  "the second item is refused": [/cannot be used: DataError/, "DataError"],
  "an item cannot be stored": [/no list of JSON objects.*nothing was written/, "UserError"],
};

for (const [way, [says, cause]] of Object.entries(faults)) {
  test(`${way}: the error says what to do, nothing is half written, and the next call works`, async () => {
    const page = await openTestPage(browser, server.url);
    const got = await page.evaluate(async (way) => {
      const { IndexedDBSession, SessionError } = window.runstream;
      const databaseName = `faults ${way}`;
      const forbid = (): never => {
        throw new DOMException("not here", "SecurityError");
      };
      const { add } = IDBObjectStore.prototype;
      const { createObjectStore } = IDBDatabase.prototype;
      const { open } = IDBFactory.prototype;
      const given = Object.getOwnPropertyDescriptor(window, "indexedDB")!;
      const items = [{ type: "message", content: "a" }, { type: "message", content: way === "an item cannot be stored" ? () => {} : "b" }];
      let added = 0;
      const breaks: { readonly [way: string]: () => void } = {
        "there is no IndexedDB": () => Object.defineProperty(window, "indexedDB", { value: undefined, configurable: true }),
        "asking for IndexedDB is forbidden": () => Object.defineProperty(window, "indexedDB", { get: forbid, configurable: true }),
        "opening is forbidden": () => (IDBFactory.prototype.open = forbid),
        "opening fails": () => {
          IDBDatabase.prototype.createObjectStore = function (...given) {
            const store = createObjectStore.apply(this, given);
            store.transaction.abort();
            return store;
          };
          IDBFactory.prototype.open = function (name) {
            const request = open.call(this, name);
            Object.defineProperty(request, "error", { get: () => new DOMException("the disk fails", "UnknownError") });
            return request;
          };
        },
        "the storage is full": () => {
          // A browser finds out when it writes: every request was good, and then the transaction is aborted.
          IDBObjectStore.prototype.add = function (...given) {
            const request = add.apply(this, given);
            Object.defineProperty(this.transaction, "error", { get: () => new DOMException("full", "QuotaExceededError"), configurable: true });
            if (++added % items.length === 0) request.onsuccess = () => this.transaction.abort();
            return request;
          };
        },
        "the transaction is broken off": () => {
          IDBObjectStore.prototype.add = function (...given) {
            const request = add.apply(this, given);
            request.onsuccess = () => this.transaction.abort();
            return request;
          };
        },
        "the second item is refused": () => {
          IDBObjectStore.prototype.add = function (...given) {
            if (++added % items.length === 0) throw new DOMException("no such key", "DataError");
            return add.apply(this, given);
          };
        },
        "an item cannot be stored": () => {},
      };
      const session = new IndexedDBSession({ sessionId: "one", databaseName });
      breaks[way]!();
      const errors = [];
      for (let i = 0; i < 2; i++) errors.push(await session.addItems(items as never).then(() => null, (error: Error) => error));
      Object.defineProperty(window, "indexedDB", given);
      IDBDatabase.prototype.createObjectStore = createObjectStore;
      IDBFactory.prototype.open = open;
      IDBObjectStore.prototype.add = add;
      const kept = await session.getItems();
      await session.addItems([{ type: "message", role: "user", content: "c" }]);
      return {
        errors: errors.map((error) => [
          error instanceof SessionError, (error as { code?: string } | null)?.code, (error?.cause as Error | undefined)?.name, error?.message ?? "",
        ] as const),
        kept: kept.length,
        works: (await session.getItems()).length,
      };
    }, way);
    for (const [typed, code, name, text] of got.errors) {
      assert.deepEqual([typed, code, name], [true, "session_error", cause], text);
      assert.match(text, says);
      assert.match(text, /^Session "one": /);
    }
    assert.deepEqual([got.kept, got.works], [0, 1]);
    await assertNoMishaps(page);
    await page.close();
  });
}

test("where its code is not served the error names the file", async () => {
  const page = await openTestPage(browser, server.url);
  const copy = server.copy((file) => (file === "indexeddb.js" ? { status: 404 } : undefined));
  const error = await page.evaluate(async (copy) => {
    const { IndexedDBSession } = await window.load(copy);
    return new IndexedDBSession({ sessionId: "one" }).getItems().then(() => null, window.plainError);
  }, copy);
  assert.equal(error?.name, "SessionError");
  assert.match(error!.message, /indexeddb\.js.*could not be loaded.*Serve it there/);
  await page.close();
});

for (const engine of ["worker", "page"] as const) {
  test(`a run ends with what its session says, and the next one works, engine ${engine === "page" ? "on the page" : "in a worker"}`, async () => {
    const page = await openTestPage(browser, server.url, engine);
    const script = server.script(response(message("Here.")));
    const got = await page.evaluate(async (baseURL) => {
      const { Agent, IndexedDBSession, configure, runStreamed } = window.runstream;
      configure({ baseURL });
      const session = new IndexedDBSession({ sessionId: "run", databaseName: "run" });
      const given = Object.getOwnPropertyDescriptor(window, "indexedDB")!;
      Object.defineProperty(window, "indexedDB", { value: undefined, configurable: true });
      const result = runStreamed(new Agent({ name: "A" }), "Hi", { session });
      const failed = await window.outcome(result);
      const cause = (result.error as Error).cause as Error & { code?: string };
      Object.defineProperty(window, "indexedDB", given);
      const next = await window.outcome(runStreamed(new Agent({ name: "A" }), "Hi", { session }));
      return { failed, cause: [cause.name, cause.code, cause instanceof window.runstream.SessionError], next: next.finalOutput };
    }, script.baseURL);
    assert.deepEqual([got.failed.thrown.length, got.failed.same, got.cause, got.next], [1, true, ["SessionError", "session_error", true], "Here."]);
    assert.match(got.failed.thrown[0]!.message, /session could not be read: Session "run": .*no IndexedDB here.*MemorySession/);
    await assertNoMishaps(page);
    await page.close();
  });
}
