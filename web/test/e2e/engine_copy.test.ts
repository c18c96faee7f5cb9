// The copy of the engine's file that lies in Cache Storage: it is used where it is what the server has, and only there.
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import type { BrowserContext, Page } from "puppeteer-core";
import { version } from "../../src/version.js";
import { assertNoMishaps, openTestPage, type PlainError, until } from "./browser.js";
import { message, response } from "./sse.js";
import { browser, server } from "./stage.js";

/** The package once more, its engine sent with these headers. */
function served(headers: () => Record<string, string>): string {
  return server.copy((file) => (file === "runstream.wasm" ? { headers: headers() } : undefined));
}

const etag = (tag: string) => ({ etag: `"${tag}"`, "cache-control": "no-cache" });

/** Starts the package's engine, runs an agent, and lets the engine go on. */
async function start(page: Page, from: string, worker: boolean): Promise<PlainError | string> {
  const { baseURL } = server.script(response(message("It runs.")));
  return page.evaluate(
    async (from, baseURL, worker) => {
      const { Agent, configure, init, run } = await window.load(from);
      configure({ baseURL });
      try {
        await init({ worker });
        return (await run(new Agent({ name: "Anyone" }), "Hi")).finalOutput ?? "no output";
      } catch (error) {
        return window.plainError(error);
      }
    },
    from,
    baseURL,
    worker,
  );
}

/** Puts something else in the copy's place, under the copy's headers. */
async function replaceCopy(page: Page, from: string, by: "text" | "another version"): Promise<void> {
  await page.evaluate(
    async (url, by, version) => {
      const store = await caches.open("runstream");
      const copy = (await store.match(url))!;
      const { headers } = copy;
      // Latin-1 keeps each byte, and so each offset in the file.
      const text = new TextDecoder("x-user-defined").decode(await copy.arrayBuffer());
      const other = by === "text" ? "no engine" : text.replaceAll(version, "9.9.9");
      await store.put(url, new Response(Uint8Array.from(other, (character) => character.charCodeAt(0)), { headers }));
    },
    `${from}/runstream.wasm`,
    by,
    version,
  );
}

async function hasCopy(page: Page, from: string): Promise<boolean> {
  return page.evaluate(async (url) => (await caches.match(url)) !== undefined, `${from}/runstream.wasm`);
}

/** Waits for a copy of this state. */
async function untilKept(page: Page, from: string, state: string): Promise<void> {
  const kept = async (url = "", state = ""): Promise<boolean> => {
    const headers = (await caches.match(url))?.headers;
    return (headers?.get("etag") ?? headers?.get("last-modified")) === state;
  };
  await until(page, kept, `${from}/runstream.wasm`, state);
}

/** Visits of pages that share their storage, and have one with no other test. */
function visits(worker: boolean) {
  let context: BrowserContext;
  before(async () => {
    context = await browser.createBrowserContext();
  });
  after(() => context.close());
  const visit = async <T>(work: (page: Page) => Promise<T>): Promise<T> => {
    const page = await openTestPage(context, server.url);
    try {
      return await work(page);
    } finally {
      await assertNoMishaps(page);
      await page.close();
    }
  };
  return {
    visit,
    run: (from: string) => visit((page) => start(page, from, worker)),
    async runAndKeep(from: string, state: string): Promise<void> {
      await visit(async (page) => {
        assert.equal(await start(page, from, worker), "It runs.");
        await untilKept(page, from, state);
      });
    },
  };
}

for (const place of ["worker", "page"] as const) {
  describe(place === "worker" ? "an engine in a worker" : "an engine on the page", () => {
    const { visit, run, runAndKeep } = visits(place === "worker");

    test("the next visit runs the copy; one that is spoilt is thrown away", async () => {
      const from = served(() => etag("one"));
      await runAndKeep(from, '"one"');
      assert.equal(await run(from), "It runs.");
      await visit((page) => replaceCopy(page, from, "another version"));
      const got = await run(from);
      assert.match(typeof got === "object" ? got.message : got, /its engine is 9\.9\.9/);
      await visit((page) => replaceCopy(page, from, "text"));
      assert.equal(await run(from), "It runs.");
      const left = await visit((page) => page.evaluate(async (url) => (await caches.match(url))?.text(), `${from}/runstream.wasm`));
      assert.notEqual(left, "no engine");
    });

    test("nothing is kept of an engine that has ended", async () => {
      const [ended, last] = [served(() => etag("ended")), served(() => etag("last"))];
      await visit(async (page) => {
        assert.equal(await start(page, ended, place === "worker"), "It runs.");
        await page.evaluate(async (from) => (await window.load(from)).dispose(), ended);
        assert.equal(await start(page, last, place === "worker"), "It runs.");
        await untilKept(page, last, '"last"'); // it would be kept after the other
        assert.equal(await hasCopy(page, ended), false);
      });
    });
  });
}

describe("an engine", () => {
  const { visit, run, runAndKeep } = visits(true);

  test("the next visit runs what the server has, where that is another file", async () => {
    let tag = "old";
    const from = served(() => etag(tag));
    await runAndKeep(from, '"old"');
    await visit((page) => replaceCopy(page, from, "another version"));
    tag = "new";
    await runAndKeep(from, '"new"');
  });

  test("the time of a change tells files apart, too", async () => {
    let changed = "Thu, 26 Nov 2026 10:00:00 GMT";
    const from = served(() => ({ "last-modified": changed, "cache-control": "no-cache" }));
    await runAndKeep(from, changed);
    assert.equal(await run(from), "It runs.");
    await visit((page) => replaceCopy(page, from, "another version"));
    changed = "Fri, 27 Nov 2026 10:00:00 GMT";
    await runAndKeep(from, changed);
  });

  test("no copy is made of a file that must not be stored, and of one that cannot be told from the next", async () => {
    const secret = served(() => ({ ...etag("secret"), "cache-control": "no-store" }));
    const nameless = served(() => ({ "cache-control": "max-age=60" }));
    const last = served(() => etag("last"));
    await visit(async (page) => {
      for (const from of [secret, nameless, last]) assert.equal(await start(page, from, true), "It runs.");
      await untilKept(page, last, '"last"'); // it would be kept after the others
      assert.deepEqual([await hasCopy(page, secret), await hasCopy(page, nameless)], [false, false]);
    });
  });

  test("the last three files are kept", async () => {
    const files = ["a", "b", "c", "d"].map((tag) => ({ tag: `"${tag}"`, from: served(() => etag(tag)) }));
    await visit(async (page) => {
      for (const { from, tag } of files) {
        assert.equal(await start(page, from, true), "It runs.");
        await untilKept(page, from, tag);
      }
      await until(page, async () => (await (await caches.open("runstream")).keys()).length === 3);
      assert.equal(await hasCopy(page, files[0]!.from), false);
    });
  });
});
