// How a run is read, on the real engine: leaving, stopping, reading late or not at all, and what shares the page with it.
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import type { Page } from "puppeteer-core";
import { version } from "../../src/version.js";
import { assertNoMishaps, openTestPage, soon } from "./browser.js";
import type { ModelRequest, Reply } from "./server.js";
import { beginning, call, message, response } from "./sse.js";
import { browser, server } from "./stage.js";

/** A model that calls the tool `act` and, told of its output, is done. */
function callThenDone({ body }: ModelRequest): Reply {
  const told = JSON.stringify(body.input).includes("function_call_output");
  return told ? response(message("All", " done.")) : response(message("I", " act."), call("act", "call_1"));
}

for (const place of ["worker", "page"] as const) {
  describe(place === "page" ? "engine on the page" : "engine in a worker", () => {
    let page: Page;
    before(async () => {
      page = await openTestPage(browser, server.url, place);
    });
    after(async () => {
      await assertNoMishaps(page);
      await page.close();
    });

    for (const way of ["return()", "a throw in the loop", "throw()", "return() before next()", "cancelling the text"] as const) {
      test(`${way} stops the run and closes the connection`, async () => {
        const script = server.script({ hangAfter: beginning() });
        const got = await page.evaluate(
          async (baseURL, way) => {
            const { Agent, configure, runStreamed } = window.runstream;
            configure({ baseURL });
            const result = runStreamed(new Agent({ name: "Anyone" }), "Hi");
            const untilDelta = async () => {
              const events = result.streamEvents();
              for (;;) {
                const { value } = await events.next();
                if (value?.type === "raw_response_event" && value.data.type === "response.output_text.delta") return events;
              }
            };
            let thrown: unknown = null;
            const note = (error: unknown) => void (thrown = (error as Error).message);
            if (way === "return()") {
              const events = await untilDelta();
              const waiting = events.next();
              await events.return?.();
              if (!(await waiting).done) note(new Error("an event after return()"));
            } else if (way === "a throw in the loop") {
              await (async () => {
                for await (const event of result) if (event.type === "raw_response_event") throw new Error("mine");
              })().catch(note);
            } else if (way === "throw()") {
              await (await untilDelta()).throw?.(new Error("mine")).catch(note);
            } else if (way === "return() before next()") {
              await result.streamEvents().return?.();
            } else {
              const reader = result.toTextStream().getReader();
              await reader.read();
              await reader.cancel();
            }
            const completed = await result.completed.then(() => "resolves", () => "rejects");
            return { thrown, completed, isComplete: result.isComplete, error: result.error ?? null };
          },
          script.baseURL,
          way,
        );
        const thrown = way === "a throw in the loop" || way === "throw()" ? "mine" : null;
        assert.deepEqual(got, { thrown, completed: "resolves", isComplete: true, error: null });
        // A run that was left at once may not have asked its model at all.
        if (way !== "return() before next()" || script.requests.length > 0) {
          assert.equal(await soon((await script.request(0)).closedByClient, "the connection to close"), true);
        }
      });
    }

    test("cancel() at once and after the turn: what was done stays, nothing more is asked for", async () => {
      const got = [];
      for (const mode of ["immediate", "after_turn"] as const) {
        const script = server.answering(callThenDone);
        const { names, pairs } = await page.evaluate(
          async (baseURL, mode) => {
            const { Agent, configure, runStreamed, tool } = window.runstream;
            configure({ baseURL });
            const act = tool({ name: "act", description: "Acts.", execute: () => "acted" });
            const result = runStreamed(new Agent({ name: "Anyone", tools: [act] }), "Hi");
            const names: string[] = [];
            for await (const event of result) {
              if (event.type !== "run_item_stream_event") continue;
              names.push(event.name);
              result.cancel({ mode });
            }
            const pairs = result.toInputList().flatMap((item) => ("call_id" in item && "type" in item ? [String(item.type)] : []));
            return { names, pairs };
          },
          script.baseURL,
          mode,
        );
        got.push({ mode, names, pairs: pairs.length % 2 === 0, requests: script.requests.length });
      }
      assert.deepEqual(got, [
        { mode: "immediate", names: ["message_output_created"], pairs: true, requests: 1 },
        { mode: "after_turn", names: ["message_output_created", "tool_called", "tool_output"], pairs: true, requests: 1 },
      ]);
    });

    test("preventCancel leaves the run alone, and another reader reads on where it was left", async () => {
      const script = server.answering(callThenDone);
      const got = await page.evaluate(async (baseURL) => {
        const { Agent, configure, runStreamed, tool } = window.runstream;
        configure({ baseURL });
        const act = tool({ name: "act", description: "Acts.", execute: () => "acted" });
        const result = runStreamed(new Agent({ name: "Anyone", tools: [act] }), "Hi");
        let read = 0;
        for await (const _ of result.streamEvents({ preventCancel: true })) if (++read === 2) break;
        await result.completed;
        const early = result.isComplete;
        const names: string[] = [];
        for await (const event of result) {
          read++;
          if (event.type === "run_item_stream_event") names.push(event.name);
        }
        return { early, names, read, finalOutput: result.finalOutput, late: result.isComplete };
      }, script.baseURL);
      assert.deepEqual([got.early, got.late, got.finalOutput], [false, true, "All done."]);
      assert.deepEqual(got.names, ["message_output_created", "tool_called", "tool_output", "message_output_created"]);
      const raw = script.requests.length === 2 ? response(message("I", " act."), call("act", "c")).length + response(message("All", " done.")).length : 0;
      assert.equal(got.read, 1 + raw + 4, "every event came once: the agent's, the server's and the items'");
    });

    test("a result that nobody reads completes, and its events are kept for a late reader", async () => {
      const script = server.answering(callThenDone);
      const got = await page.evaluate(async (baseURL) => {
        const { Agent, configure, runStreamed, tool } = window.runstream;
        configure({ baseURL });
        const act = tool({ name: "act", description: "Acts.", execute: () => "acted" });
        const agent = new Agent({ name: "Anyone", tools: [act] });
        const unread = runStreamed(agent, "Hi");
        const late = runStreamed(agent, "Hi");
        await Promise.all([unread.completed, late.completed]);
        const { deltas } = await window.outcome(late);
        const second = [() => late.streamEvents(), () => late.toTextStream(), () => late[Symbol.asyncIterator]()].map((read) => {
          try {
            return `${typeof read()}: no error`;
          } catch (error) {
            return window.plainError(error).name + ((error as Error).message.includes("reader already") ? "" : " says something else");
          }
        });
        return { finalOutput: unread.finalOutput, deltas, second };
      }, script.baseURL);
      assert.deepEqual(got, {
        finalOutput: "All done.", deltas: ["I", " act.", "All", " done."], second: ["UserError", "UserError", "UserError"],
      });
    });

    test("two versions of the package, and two engines of one, share the page and leave nothing in it", async () => {
      const reworded = (bytes: Uint8Array) => Buffer.from(Buffer.from(bytes).toString("latin1").replaceAll(version, "9.9.9"), "latin1");
      const addresses = [server.copy(), server.copy(), server.copy((file, bytes) => (/\.(js|wasm)$/.test(file) ? { body: reworded(bytes) } : undefined))];
      const scripts = addresses.map((_, index) => server.script({ hangAfter: beginning() }, response(message(`From ${index}.`))));
      const bare = await openTestPage(browser, server.url);
      const got = await bare.evaluate(
        async (addresses, baseURLs, worker) => {
          const before = new Set(Reflect.ownKeys(window));
          const packages = await Promise.all(addresses.map((address) => window.load(address)));
          packages.forEach(({ configure }, index) => configure({ baseURL: baseURLs[index]! }));
          await Promise.all(packages.map(({ init }) => init({ worker })));
          const held = await Promise.all(packages.map(async ({ Agent, runStreamed }) => {
            const result = runStreamed(new Agent({ name: "Anyone" }), "Hi");
            for await (const event of result.streamEvents({ preventCancel: true })) if (event.type === "raw_response_event") break;
            return result;
          }));
          // One engine ends; those of the other packages go on.
          packages[0]!.dispose();
          const ended = await held[0]!.completed.catch(window.plainError);
          const outputs = await Promise.all(packages.map(async ({ Agent, run }) => (await run(new Agent({ name: "Anyone" }), "Hi")).finalOutput));
          const unharmed = held.slice(1).map((result) => result.error === undefined);
          for (const { dispose } of packages) dispose();
          const left = Reflect.ownKeys(window).filter((key) => !before.has(key)).map(String);
          return { versions: packages.map((one) => one.version), ended: ended?.name, outputs, unharmed, left };
        },
        addresses,
        scripts.map((script) => script.baseURL),
        place === "worker",
      );
      assert.deepEqual(got, {
        versions: [version, version, "9.9.9"], ended: "EngineDisposedError", outputs: ["From 0.", "From 1.", "From 2."],
        unharmed: [true, true], left: [],
      });
      await assertNoMishaps(bare);
      await bare.close();
    });

    test("a browser whose ReadableStream is no async iterable reads all the same", async () => {
      const old = await openTestPage(browser, server.url);
      const script = server.answering(callThenDone);
      const got = await old.evaluate(
        async (baseURL, worker) => {
          const stream = ReadableStream.prototype as { [Symbol.asyncIterator]?: unknown; values?: unknown };
          delete stream[Symbol.asyncIterator];
          delete stream.values;
          const { Agent, configure, init, runStreamed, tool } = window.runstream;
          configure({ baseURL });
          await init({ worker });
          const act = tool({ name: "act", description: "Acts.", execute: () => "acted" });
          const agent = new Agent({ name: "Anyone", tools: [act] });
          let events = 0;
          for await (const _ of runStreamed(agent, "Hi")) events++;
          const reader = runStreamed(agent, "Hi").toTextStream().getReader();
          let text = "";
          for (let read = await reader.read(); !read.done; read = await reader.read()) text += read.value;
          return { events: events > 0, text };
        },
        script.baseURL,
        place === "worker",
      );
      assert.deepEqual(got, { events: true, text: "I act.All done." });
      await assertNoMishaps(old);
      await old.close();
    });
  });
}
