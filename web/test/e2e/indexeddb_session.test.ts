// Sessions in IndexedDB: they outlive the page, are shared by tabs, do all or nothing, and say what to do where the browser
// refuses them.
import assert from "node:assert/strict";
import { afterEach, beforeEach, describe, test } from "node:test";
import type { Page } from "puppeteer-core";
import { assertNoMishaps, openTestPage, reloadTestPage } from "./browser.js";
import { message, response, type Json } from "./sse.js";
import { browser, server } from "./stage.js";

/** The texts of a session's items, as this page sees them. */
function texts(page: Page, databaseName: string, sessionId = "one"): Promise<Json[]> {
  return page.evaluate(
    async (databaseName, sessionId) => {
      const session = new window.runstream.IndexedDBSession({ sessionId, databaseName });
      const items = await session.getItems();
      await session.close();
      return items.map((item) => item["content"] as Json);
    },
    databaseName,
    sessionId,
  );
}

for (const engine of ["worker", "page"] as const) {
  test(`after a reload a run sees what came before, engine ${engine === "page" ? "on the page" : "in a worker"}`, async () => {
    const script = server.script(response(message("Blue.")), response(message("Grey.")));
    const page = await openTestPage(browser, server.url, engine);
    const ask = (question: string) =>
      page.evaluate(
        async (baseURL, sessionId, question) => {
          const { Agent, IndexedDBSession, configure, run } = window.runstream;
          configure({ baseURL });
          const session = new IndexedDBSession({ sessionId });
          const { finalOutput } = await run(new Agent({ name: "A" }), question, { session });
          return { finalOutput, kept: (await session.getItems()).map(({ role }) => role as Json) };
        },
        script.baseURL,
        `sky ${engine}`,
        question,
      );
    assert.deepEqual(await ask("The sky?"), { finalOutput: "Blue.", kept: ["user", "assistant"] });
    await reloadTestPage(page, engine);
    assert.deepEqual(await ask("And now?"), { finalOutput: "Grey.", kept: ["user", "assistant", "user", "assistant"] });
    const inputs = script.requests.map(({ body }) => (body.input as { content: Json }[]).map(({ content }) => content));
    assert.deepEqual([inputs[0], inputs[1]![0], inputs[1]!.length, inputs[1]![2]], [["The sky?"], "The sky?", 3, "And now?"]);
    assert.match(JSON.stringify(inputs[1]![1]), /Blue/);
    await assertNoMishaps(page);
    await page.close();
  });
}

describe("a session", () => {
  let page: Page;
  let database: string;
  let databases = 0;
  beforeEach(async () => {
    page = await openTestPage(browser, server.url);
    database = `database ${++databases}`;
  });
  afterEach(async () => {
    await assertNoMishaps(page);
    await page.close();
  });

  test("does what one in memory does, each call in one transaction, beside others in its database", async () => {
    const got = await page.evaluate(async (databaseName) => {
      const { IndexedDBSession, MemorySession } = window.runstream;
      let transactions = 0;
      const { transaction } = IDBDatabase.prototype;
      IDBDatabase.prototype.transaction = function (...given) {
        transactions++;
        return transaction.apply(this, given);
      };
      const neighbours = ["ond", "onf", "one "].map((sessionId) => new IndexedDBSession({ sessionId, databaseName }));
      for (const neighbour of neighbours) await neighbour.addItems([{ type: "message", role: "user", content: "a neighbour's" }]);
      const items = (...texts: string[]) => texts.map((content) => ({ type: "message", role: "user", content }));
      const results = [];
      for (const session of [new IndexedDBSession({ sessionId: "one", databaseName }), new MemorySession({ sessionId: "one" })]) {
        transactions = 0;
        const given = items("a", "b", "c");
        const adding = session.addItems(given);
        given[0]!.content = "changed meanwhile";
        await adding;
        results.push([
          session.getSessionId(), await session.getItems(), await session.getItems(0),
          await session.getItems(1), await session.getItems(2), await session.getItems(3), await session.getItems(4), await session.getItems(1.5), await session.getItems(Infinity),
          (await session.popItem()) ?? null, await session.addItems(items("d")), await session.addItems([]), await session.getItems(),
          await session.popItem(), await session.popItem(), await session.popItem(), (await session.popItem()) ?? null, await session.getItems(2),
          await session.addItems(items("e", "f")), await session.clearSession(), await session.getItems(), await session.clearSession(),
          await session.addItems(items("g")), await session.getItems(),
        ]);
        results.push(transactions);
      }
      results.push((await Promise.all(neighbours.map((neighbour) => neighbour.getItems()))).flat().length);
      return results as Json[];
    }, database);
    assert.deepEqual(got[0], got[2]);
    assert.deepEqual(got.slice(3), [0, 3]);
    assert.equal(got[1], 24); // calls above, the id left out
  });

  test("is shared by tabs, which neither lose nor mix what each adds", async () => {
    const other = await openTestPage(browser, server.url);
    const add = (tab: Page, name: string) =>
      tab.evaluate(
        async (databaseName, name) => {
          const session = new window.runstream.IndexedDBSession({ sessionId: "one", databaseName });
          const calls = Array.from({ length: 30 }, (_, call) =>
            session.addItems(Array.from({ length: 5 }, (_, i) => ({ type: "message", role: "user", content: `${name} ${call} ${i}` }))),
          );
          await Promise.all(calls);
        },
        database,
        name,
      );
    await Promise.all([add(page, "this"), add(other, "that")]);
    const kept = (await texts(other, database)) as string[];
    assert.deepEqual(await texts(page, database), kept);
    const calls: string[] = [];
    for (let i = 0; i < kept.length; i += 5) {
      const call = kept[i]!.slice(0, -2);
      assert.deepEqual(kept.slice(i, i + 5), [0, 1, 2, 3, 4].map((place) => `${call} ${place}`));
      calls.push(call);
    }
    for (const name of ["this", "that"]) {
      assert.deepEqual(calls.filter((call) => call.startsWith(name)), Array.from({ length: 30 }, (_, call) => `${name} ${call}`));
    }
    await other.close();
  });

  test("has all or none of an addItems after a reload in its middle", async () => {
    await page.evaluate(async (databaseName) => {
      const session = new window.runstream.IndexedDBSession({ sessionId: "one", databaseName });
      await session.addItems([{ type: "message", role: "user", content: "first" }]);
      const { add } = IDBObjectStore.prototype;
      await new Promise<void>((resolve) => {
        IDBObjectStore.prototype.add = function (...given) {
          const request = add.apply(this, given);
          request.addEventListener("success", () => resolve());
          return request;
        };
        void session.addItems(Array.from({ length: 2000 }, (_, i) => ({ type: "message", role: "user", content: String(i) })));
      });
    }, database);
    await reloadTestPage(page, "worker");
    const kept = await texts(page, database);
    assert.ok([1, 2001].includes(kept.length), `${kept.length} items`);
    assert.equal(kept[0], "first");
  });

  for (const [what, way] of [["raises the version of", "raise"], ["deletes", "delete"]] as const) {
    test(`lets go of its database when another tab ${what} it, and opens it again`, async () => {
      const other = await openTestPage(browser, server.url);
      await page.evaluate(async (databaseName) => {
        const session = new window.runstream.IndexedDBSession({ sessionId: "one", databaseName });
        await session.addItems([{ type: "message", role: "user", content: "before" }]);
        Object.assign(window, { session });
      }, database);
      const blocked = await other.evaluate(
        (name, way) =>
          new Promise<boolean>((resolve, reject) => {
            const request = way === "raise" ? indexedDB.open(name, 9) : indexedDB.deleteDatabase(name);
            request.onsuccess = () => {
              (request.result as IDBDatabase | undefined)?.close();
              resolve(false);
            };
            request.onblocked = () => resolve(true);
            request.onerror = () => reject(request.error);
          }),
        database,
        way,
      );
      assert.equal(blocked, false);
      const kept = await page.evaluate(async () => {
        const { session } = window as unknown as { session: import("../../src/index.js").IndexedDBSession };
        await session.addItems([{ type: "message", role: "user", content: "after" }]);
        return (await session.getItems()).map(({ content }) => content as Json);
      });
      assert.deepEqual(kept, way === "raise" ? ["before", "after"] : ["after"]);
      await other.close();
    });
  }

  test("closes its database, and opens it again when it is used", async () => {
    const got = await page.evaluate(async (databaseName) => {
      const session = new window.runstream.IndexedDBSession({ sessionId: "one", databaseName });
      await session.close();
      const adding = session.addItems([{ type: "message", role: "user", content: "kept" }]);
      await session.close();
      await adding;
      const wasOpen: boolean[] = [];
      const { close } = IDBDatabase.prototype;
      IDBDatabase.prototype.close = function () {
        wasOpen.push(true);
        close.call(this);
      };
      const before = await session.getItems();
      await Promise.all([session.close(), session.close()]);
      return { kept: [...before, ...(await session.getItems())].length, closed: wasOpen.length };
    }, database);
    assert.deepEqual(got, { kept: 2, closed: 1 });
  });

  test("does not mind a connection that the browser has closed without a word", async () => {
    const got = await page.evaluate(async (databaseName) => {
      const session = new window.runstream.IndexedDBSession({ sessionId: "one", databaseName });
      await session.addItems([{ type: "message", role: "user", content: "kept" }]);
      const { transaction } = IDBDatabase.prototype;
      IDBDatabase.prototype.transaction = function (...given) {
        IDBDatabase.prototype.transaction = transaction;
        this.close();
        return transaction.apply(this, given);
      };
      return (await session.getItems()).length;
    }, database);
    assert.equal(got, 1);
  });

  test("opens its database anew once the browser says that it was closed", async () => {
    const got = await page.evaluate(async (databaseName) => {
      const session = new window.runstream.IndexedDBSession({ sessionId: "one", databaseName });
      const used: IDBDatabase[] = [];
      const { transaction } = IDBDatabase.prototype;
      IDBDatabase.prototype.transaction = function (...given) {
        used.push(this);
        return transaction.apply(this, given);
      };
      await session.addItems([{ type: "message", role: "user", content: "kept" }]);
      used[0]!.dispatchEvent(new Event("close"));
      return { kept: (await session.getItems()).length, again: used[0] !== used[1] };
    }, database);
    assert.deepEqual(got, { kept: 1, again: true });
  });

  test("in a database that another connection holds says so, and works once that is gone", async () => {
    const other = await openTestPage(browser, server.url);
    await other.evaluate(
      (name) =>
        new Promise<void>((resolve) => {
          const holding = indexedDB.open(name, 1);
          holding.onsuccess = () => {
            const deleting = indexedDB.deleteDatabase(name);
            deleting.onblocked = () => resolve();
          };
        }),
      database,
    );
    const error = await page.evaluate(async (databaseName) => {
      const session = new window.runstream.IndexedDBSession({ sessionId: "one", databaseName });
      const { setTimeout } = window;
      Object.assign(window, { setTimeout: (run: () => void) => setTimeout(run) }); // nobody waits ten seconds
      const error = await session.getItems().then(() => null, window.plainError);
      Object.assign(window, { setTimeout });
      return error;
    }, database);
    assert.deepEqual([error?.name, error?.code], ["SessionError", "session_error"]);
    assert.match(error!.message, /"one".*another tab.*Close the other tabs.*call again/);
    await other.close();
    await page.evaluate(
      (name) =>
        new Promise<void>((resolve, reject) => {
          const deleting = indexedDB.deleteDatabase(name); // the other page's may have gone with that page
          deleting.onsuccess = () => resolve();
          deleting.onerror = () => reject(deleting.error!);
        }),
      database,
    );
    assert.deepEqual(await texts(page, database), []);
  });

  test("leaves a database alone that is another program's", async () => {
    const got = await page.evaluate(async (databaseName) => {
      const open = () =>
        new Promise<IDBDatabase>((resolve) => {
          const request = indexedDB.open(databaseName, 3);
          request.onupgradeneeded = () => request.result.createObjectStore("theirs");
          request.onsuccess = () => resolve(request.result);
        });
      (await open()).close();
      const session = new window.runstream.IndexedDBSession({ sessionId: "one", databaseName });
      const error = await session.addItems([{ type: "message", role: "user" }]).then(() => null, window.plainError);
      return { error, stores: [...(await open()).objectStoreNames] };
    }, database);
    assert.deepEqual([got.error?.name, got.stores], ["SessionError", ["theirs"]]);
    assert.match(got.error!.message, /another databaseName/);
  });
});
