// Sessions that go wrong in a run: what their methods throw, what they give, and that they never return.
import assert from "node:assert/strict";
import { after, afterEach, before, describe, test } from "node:test";
import type { Page } from "puppeteer-core";
import { assertNoMishaps, openTestPage, type Outcome } from "./browser.js";
import type { ModelRequest } from "./server.js";
import { beginning, call, message, response } from "./sse.js";
import { browser, server } from "./stage.js";

/** A model that calls the tool `act` and, told of its output, is done. */
const callThenDone = ({ body }: ModelRequest) =>
  JSON.stringify(body.input).includes("function_call_output") ? response(message("Done.")) : response(call("act", "call_1"));

/** What a method may give that it must not, and whether the run ends for it: what addItems gives is dropped. */
const gifts = ["a circle", "nothing", "null", "an object", "a text", "a list of texts", "a list of null"] as const;

/** A place where a run waits for its session: before it begins, before its first model call, after its turns. */
const waits = [
  ["getItems", 1, /the session could not be read/],
  ["addItems", 1, /the session could not be written/],
  ["addItems", 2, /the session could not be written/],
  ["addItems", 3, /the session could not be written/],
] as const;

for (const place of ["worker", "page"] as const) {
  describe(place === "page" ? "engine on the page" : "engine in a worker", () => {
    let page: Page;
    before(async () => {
      page = await openTestPage(browser, server.url, place);
    });
    after(() => page.close());
    afterEach(async () => {
      const next = await page.evaluate(async (baseURL) => {
        const { Agent, MemorySession, configure, runStreamed } = window.runstream;
        configure({ baseURL });
        return window.outcome(runStreamed(new Agent({ name: "Anyone" }), "Hi", { session: new MemorySession() }));
      }, server.script(response(message("Still here."))).baseURL);
      assert.deepEqual([next.thrown, next.finalOutput], [[], "Still here."]);
      await assertNoMishaps(page);
    });

    test("an answer that could not be saved is given by the resumed run, which asks no model", async () => {
      const script = server.answering(callThenDone);
      const got = await page.evaluate(async (baseURL) => {
        const { Agent, MemorySession, RunState, configure, runStreamed, tool } = window.runstream;
        configure({ baseURL });
        const agent = new Agent({ name: "Anyone", tools: [tool({ name: "act", description: "Acts.", execute: () => "acted" })] });
        const session = new MemorySession();
        const addItems = session.addItems.bind(session);
        let calls = 0;
        session.addItems = async (items) => {
          if (++calls === 3) throw new Error("The disk is full.");
          return addItems(items);
        };
        const failed = runStreamed(agent, "Hi", { session });
        await failed.completed.catch(() => {});
        const state = await RunState.fromString(agent, failed.toState().toString());
        const { finalOutput } = await window.outcome(runStreamed(agent, state, { session }));
        const items = (await session.getItems()) as { readonly type?: string; readonly role?: string }[];
        return { message: (failed.error as Error).message, finalOutput, items: items.map((item) => item.type ?? item.role) };
      }, script.baseURL);
      assert.match(got.message, /could not be written.*disk is full/);
      assert.equal(got.finalOutput, "Done.");
      assert.deepEqual(got.items, ["user", "function_call", "function_call_output", "message"]);
      assert.equal(script.requests.length, 2);
    });

    for (const [method, time, says] of waits) {
      test(`${method} that throws, call ${time}, ends the run with what it threw as the cause`, async () => {
        const script = server.answering(callThenDone);
        const got = await page.evaluate(
          async (baseURL, method, time) => {
            const { Agent, MemorySession, configure, runStreamed, tool } = window.runstream;
            configure({ baseURL });
            const act = tool({ name: "act", description: "Acts.", execute: () => "acted" });
            const ways = (await window.faulty()).failing("the session's own words");
            const outcomes: { [way: string]: Outcome & { readonly cause: string | undefined; readonly items: number } } = {};
            for (const [way, fail] of Object.entries(ways)) {
              let calls = 0;
              const session = new MemorySession();
              const given = session[method].bind(session) as (argument: never) => never;
              Object.assign(session, { [method]: (argument: never) => (++calls === time ? fail() : given(argument)) });
              const result = runStreamed(new Agent({ name: "Anyone", tools: [act] }), "Hi", { session });
              const outcome = await window.outcome(result);
              outcomes[way] = { ...outcome, cause: (result.error as Error).cause?.toString(), items: result.newItems.length };
            }
            return outcomes;
          },
          script.baseURL,
          method,
          time,
        );
        assert.equal(Object.keys(got).length, 4);
        for (const [way, outcome] of Object.entries(got)) {
          assert.deepEqual(outcome.thrown.map((error) => [error.isError, error.name, error.code]), [[true, "UserError", "user_error"]], way);
          assert.match(outcome.thrown[0]!.message, says);
          assert.deepEqual([outcome.same, outcome.isComplete, outcome.finalOutput], [true, true, null], way);
          assert.equal(outcome.items, method === "addItems" ? [0, 2, 3][time - 1] : 0, `${way}: what came before is kept`);
        }
        assert.match(got["throws"]!.cause ?? "", /TypeError.*the session's own words/);
      });

      for (const stop of ["cancel()", "an aborted signal", "leaving the loop"] as const) {
        test(`${method} that never returns, call ${time}: ${stop} ends the run`, async () => {
          const script = server.answering(callThenDone);
          const got = await page.evaluate(
            async (baseURL, method, time, stop) => {
              const { Agent, MemorySession, configure, runStreamed, tool } = window.runstream;
              configure({ baseURL });
              const act = tool({ name: "act", description: "Acts.", execute: () => "acted" });
              let calls = 0;
              let began!: () => void;
              const waiting = new Promise<void>((resolve) => (began = resolve));
              const session = new MemorySession();
              const given = session[method].bind(session) as (argument: never) => never;
              Object.assign(session, { [method]: (argument: never) => (++calls >= time ? (began(), new Promise(() => {})) : given(argument)) });
              const controller = new AbortController();
              const result = runStreamed(new Agent({ name: "Anyone", tools: [act] }), "Hi", { session, signal: controller.signal });
              const events = result.streamEvents();
              const reading = (async () => {
                while (!(await events.next()).done) continue;
              })().then(() => null, (error: Error) => error.name);
              await waiting;
              if (stop === "cancel()") result.cancel();
              else if (stop === "an aborted signal") controller.abort();
              else await events.return?.();
              const completed = await result.completed.then(() => null, (error: Error) => error.name);
              return { error: await reading, completed, isComplete: result.isComplete, finalOutput: result.finalOutput ?? null };
            },
            script.baseURL,
            method,
            time,
            stop,
          );
          const error = stop === "an aborted signal" ? "AbortError" : null;
          assert.deepEqual([got.error, got.completed, got.isComplete], [error, error, true]);
        });
      }
    }

    test("getItems must give a list of items; what addItems gives is dropped", async () => {
      const script = server.answering(callThenDone);
      const got = await page.evaluate(
        async (baseURL, gifts) => {
          const { Agent, MemorySession, configure, runStreamed, tool } = window.runstream;
          configure({ baseURL });
          const act = tool({ name: "act", description: "Acts.", execute: () => "acted" });
          const circle: { self?: object } = {};
          circle.self = circle;
          const given: { readonly [gift: string]: unknown } = {
            "a circle": circle, "nothing": undefined, "null": null, "an object": {}, "a text": "Hi", "a list of texts": ["Hi"], "a list of null": [null],
          };
          const outcomes = [];
          for (const method of ["getItems", "addItems"]) {
            for (const gift of gifts) {
              const session = Object.assign(new MemorySession(), { [method]: () => given[gift] });
              outcomes.push({ method, gift, ...(await window.outcome(runStreamed(new Agent({ name: "Anyone", tools: [act] }), "Hi", { session }))) });
            }
          }
          return outcomes;
        },
        script.baseURL,
        gifts,
      );
      assert.equal(got.length, 2 * gifts.length);
      for (const { method, gift, thrown, same, isComplete, finalOutput } of got) {
        assert.deepEqual(thrown.map(({ name }) => name), method === "getItems" ? ["UserError"] : [], `${method} gives ${gift}: ${JSON.stringify(thrown)}`);
        assert.deepEqual([same, isComplete, finalOutput], [true, true, method === "getItems" ? null : "Done."], `${method} gives ${gift}`);
      }
    });

    test("a run that is stopped waits for a write that takes its time", async () => {
      const script = server.script({ hangAfter: beginning() });
      const got = await page.evaluate(async (baseURL) => {
        const { Agent, MemorySession, configure, runStreamed } = window.runstream;
        configure({ baseURL });
        const session = new MemorySession();
        const addItems = session.addItems.bind(session);
        const written: string[] = [];
        Object.assign(session, {
          addItems: async (items: never[]) => {
            for (let i = 0; i < 5; i++) await new Promise((resolve) => setTimeout(resolve));
            addItems(items);
            written.push(`${items.length} item`);
          },
        });
        const result = runStreamed(new Agent({ name: "Anyone" }), "Hi", { session });
        for await (const event of result) if (event.type === "raw_response_event") break;
        await result.completed;
        return { written, kept: session.getItems().length };
      }, script.baseURL);
      assert.deepEqual(got, { written: ["1 item"], kept: 1 });
    });

    test("clearSession and popItem of a failed session are the page's own to handle", async () => {
      const script = server.script(response(message("Done.")));
      const got = await page.evaluate(async (baseURL) => {
        const { Agent, MemorySession, configure, runStreamed } = window.runstream;
        configure({ baseURL });
        const clearSession = (): never => {
          throw new TypeError("the session's own words");
        };
        const session = Object.assign(new MemorySession(), { clearSession });
        return window.outcome(runStreamed(new Agent({ name: "Anyone" }), "Hi", { session, compact: (kept) => kept.clearSession() }));
      }, script.baseURL);
      assert.deepEqual([got.thrown.map(({ name }) => name), got.same], [["UserError"], true]);
      assert.match(got.thrown[0]!.message, /compact failed: the session's own words/);
    });
  });
}
