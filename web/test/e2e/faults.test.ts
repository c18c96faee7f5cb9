// A fault at every place where a run waits. Each time the iterator throws one typed error, once, `completed` settles with
// the same, nothing is rejected unhandled, and the next run works.
import assert from "node:assert/strict";
import { after, afterEach, before, beforeEach, describe, test } from "node:test";
import type { Page } from "puppeteer-core";
import { assertNoMishaps, openTestPage, soon, type Outcome } from "./browser.js";
import type { ModelRequest, Reply, Script } from "./server.js";
import { beginning, call, frame, message, response, type WireEvent } from "./sse.js";
import { browser, server } from "./stage.js";

/** Runs an agent without tools, and asks its server once. */
async function runOnce(page: Page, script: Script): Promise<Outcome> {
  return page.evaluate(async (baseURL) => {
    const { Agent, configure, runStreamed } = window.runstream;
    configure({ baseURL, maxRetries: 0 });
    return window.outcome(runStreamed(new Agent({ name: "Anyone" }), "Hi"));
  }, script.baseURL);
}

function assertFailed(outcome: Outcome, name: string, code: string, says: RegExp): void {
  assert.deepEqual(outcome.thrown.map((error) => [error.isError, error.name, error.code]), [[true, name, code]], JSON.stringify(outcome));
  assert.match(outcome.thrown[0]!.message, says);
  assert.deepEqual([outcome.same, outcome.isComplete, outcome.finalOutput], [true, true, null]);
}

function assertEnded(outcome: Outcome, finalOutput: string | null): void {
  assert.deepEqual(outcome.thrown, []);
  assert.deepEqual([outcome.same, outcome.isComplete, outcome.finalOutput], [true, true, finalOutput]);
}

async function assertWorks(page: Page): Promise<void> {
  assertEnded(await runOnce(page, server.script(response(message("Still", " here.")))), "Still here.");
  await assertNoMishaps(page);
}

const refusal = (status: number): Reply => ({ status, json: { error: { message: "the server's own words" } } });
const cutEvent = (events: WireEvent[]) => events.map(frame).join("").slice(0, -20);
const failed: WireEvent = {
  type: "response.failed",
  response: { id: "resp_x", object: "response", status: "failed", error: { code: "server_error", message: "the model fell over" }, output: [] },
};

/** What a model's server does, and the error that it must come to. */
const servers: { readonly [what: string]: readonly [reply: Reply, name: string, code: string, says: RegExp] } = {
  "answers 400": [refusal(400), "BadRequestError", "bad_request", /server's own words/],
  "answers 401": [refusal(401), "AuthenticationError", "authentication_error", /server's own words/],
  "answers 403": [refusal(403), "PermissionDeniedError", "permission_denied", /server's own words/],
  "answers 404": [refusal(404), "NotFoundError", "not_found", /server's own words/],
  "answers 409": [refusal(409), "ConflictError", "conflict", /server's own words/],
  "answers 422": [refusal(422), "UnprocessableEntityError", "unprocessable_entity", /server's own words/],
  "answers 429": [refusal(429), "RateLimitError", "rate_limit", /server's own words/],
  "answers 418": [refusal(418), "APIStatusError", "api_error", /server's own words/],
  "answers 500": [refusal(500), "InternalServerError", "internal_server_error", /server's own words/],
  "answers 502 with a page": [
    { status: 502, headers: { "content-type": "text/html" }, text: "<h1>Bad gateway</h1>" }, "InternalServerError", "internal_server_error", /502/,
  ],
  "answers 404 with half a JSON": [{ status: 404, text: '{"error": {"mess' }, "NotFoundError", "not_found", /404/],
  "sends elsewhere": [{ status: 302, headers: { location: "/elsewhere" }, text: "" }, "UserError", "user_error", /redirect/],
  "answers without a body": [{ status: 204, text: "" }, "ModelBehaviorError", "model_behavior_error", /./],
  "answers with an empty stream": [{ body: "" }, "ModelBehaviorError", "model_behavior_error", /./],
  "answers with comments only": [{ body: ": ping\n\n: ping\n\n" }, "ModelBehaviorError", "model_behavior_error", /./],
  "cuts the stream in an event": [{ body: cutEvent(beginning()) }, "ModelBehaviorError", "model_behavior_error", /./],
  "sends an event that is no object": [{ body: "data: 7\n\n" }, "ModelBehaviorError", "model_behavior_error", /./],
  "sends broken bytes": [{ body: "data: \u0000\ufffd{{{\n\n" }, "ModelBehaviorError", "model_behavior_error", /./],
  "says that it failed": [[...beginning(), failed], "ModelBehaviorError", "model_behavior_error", /fell over/],
  "sends an error event": [
    [...beginning(), { type: "error", code: "server_error", message: "the model fell over" }], "ModelBehaviorError", "model_behavior_error", /fell over/,
  ],
};

/** How a broken stand-in for fetch behaves, and the error that it must come to. */
const fetches: { readonly [way: string]: readonly [name: string, code: string] } = {
  "throws at once": ["APIConnectionError", "api_connection_error"],
  "rejects with nothing": ["APIConnectionError", "api_connection_error"],
  "rejects with what cannot be read": ["APIConnectionError", "api_connection_error"],
  "answers with nothing": ["APIConnectionError", "api_connection_error"],
  "answers with an empty object": ["APIConnectionError", "api_connection_error"],
  "answers with what cannot be read": ["APIConnectionError", "api_connection_error"],
  "answers without a body": ["ModelBehaviorError", "model_behavior_error"],
  "answers with a body that is being read": ["APIConnectionError", "api_connection_error"],
  "answers with a body that fails": ["APIConnectionError", "api_connection_error"],
  "answers with a body that is no bytes": ["APIConnectionError", "api_connection_error"],
  "answers with a body of numbers": ["APIConnectionError", "api_connection_error"],
  "answers with a body of objects": ["APIConnectionError", "api_connection_error"],
  "answers with reads that give nothing": ["APIConnectionError", "api_connection_error"],
  "answers with reads that throw": ["APIConnectionError", "api_connection_error"],
};

const done = () => response(message("Done."));

/** A model that calls the tool `act` and, told of its output, is done. */
function callThenDone({ body }: ModelRequest): Reply {
  return JSON.stringify(body.input).includes("function_call_output") ? done() : response(call("act", "call_1"));
}

for (const place of ["worker", "page"] as const) {
  describe(place === "page" ? "engine on the page" : "engine in a worker", () => {
    let page: Page;
    before(async () => {
      page = await openTestPage(browser, server.url, place);
    });
    afterEach(() => assertWorks(page));
    after(() => page.close());

    describe("the model's server", () => {
      for (const [what, [reply, name, code, says]] of Object.entries(servers)) {
        test(what, async () => assertFailed(await runOnce(page, server.script(reply)), name, code, says));
      }

      test("breaks off before it answers", async () => {
        const outcome = await runOnce(page, server.answering(() => ({ refuse: true })));
        assertFailed(outcome, "APIConnectionError", "api_connection_error", /model server at http.* could not be reached/);
      });

      test("what came before a fault is read first", async () => {
        assert.deepEqual((await runOnce(page, server.script({ body: beginning().map(frame).join("") }))).deltas, ["Once"]);
      });

      test("a fault in the second turn keeps the first", async () => {
        const script = server.script(response(call("act", "call_1")), refusal(400));
        const got = await page.evaluate(async (baseURL) => {
          const { Agent, configure, runStreamed, tool } = window.runstream;
          configure({ baseURL });
          const act = tool({ name: "act", description: "Acts.", execute: () => "acted" });
          const result = runStreamed(new Agent({ name: "Anyone", tools: [act] }), "Hi");
          const outcome = await window.outcome(result);
          return { outcome, items: result.newItems.map((item) => item.type), state: result.toState().toString().length > 0 };
        }, script.baseURL);
        assertFailed(got.outcome, "BadRequestError", "bad_request", /own words/);
        assert.deepEqual([got.items, got.state], [["tool_call_item", "tool_call_output_item"], true]);
      });
    });

    for (const handling of ["tells the model", "ends the run"] as const) {
      test(`a tool that throws, or gives what cannot be sent, ${handling}`, async (t) => {
        const script = server.answering(callThenDone);
        const outcomes = await page.evaluate(
          async (baseURL, errorFunction) => {
            const { Agent, configure, runStreamed, tool } = window.runstream;
            configure({ baseURL });
            const ways: { readonly [way: string]: () => unknown } = {
              ...(await window.faulty()).failing("the tool's own words"),
              "gives a circle": () => {
                const circle: { self?: object } = {};
                return (circle.self = circle);
              },
              "gives what throws in toJSON": () => ({
                toJSON() {
                  throw new Error("no JSON of me");
                },
              }),
            };
            const outcomes: { [way: string]: Outcome } = {};
            for (const [way, execute] of Object.entries(ways)) {
              const act = tool({ name: "act", description: "Acts.", execute, ...errorFunction });
              outcomes[way] = await window.outcome(runStreamed(new Agent({ name: "Anyone", tools: [act] }), "Hi"));
            }
            return outcomes;
          },
          script.baseURL,
          handling === "ends the run" ? { errorFunction: null } : {},
        );
        assert.equal(Object.keys(outcomes).length, 6);
        for (const [way, outcome] of Object.entries(outcomes)) {
          await t.test(way, () => {
            if (handling === "ends the run") assertFailed(outcome, "UserError", "user_error", /act/);
            else assertEnded(outcome, "Done.");
          });
        }
      });
    }

    test("a tool that gives nothing, or what JSON has no word for, has given an empty text", async () => {
      const script = server.answering(callThenDone);
      const outcomes = await page.evaluate(async (baseURL) => {
        const { Agent, configure, runStreamed, tool } = window.runstream;
        configure({ baseURL });
        const outcomes = [];
        for (const value of [undefined, () => {}, Symbol("none")]) {
          const act = tool({ name: "act", description: "Acts.", execute: () => value });
          outcomes.push(await window.outcome(runStreamed(new Agent({ name: "Anyone", tools: [act] }), "Hi")));
        }
        return outcomes;
      }, script.baseURL);
      for (const outcome of outcomes) assertEnded(outcome, "Done.");
      const outputs = script.requests.flatMap(({ body }) => (body.input as { output?: string }[]).flatMap(({ output }) => output ?? []));
      assert.deepEqual(outputs, ["", "", ""]);
    });

    for (const stop of ["cancel()", "an aborted signal", "leaving the loop"] as const) {
      test(`a tool that never returns: ${stop} ends the run`, async () => {
        const script = server.answering(callThenDone);
        const got = await page.evaluate(
          async (baseURL, stop) => {
            const { Agent, configure, runStreamed, tool } = window.runstream;
            configure({ baseURL });
            const controller = new AbortController();
            const calls = (result: { toInputList(): object[] }) =>
              result.toInputList().flatMap((item) => ("call_id" in item && "type" in item ? [item.type] : []));
            let began!: (signal: AbortSignal) => void;
            const executing = new Promise<AbortSignal>((resolve) => (began = resolve));
            const act = tool({ name: "act", description: "Acts.", execute: (_, { signal }) => (began(signal), new Promise(() => {})) });
            const result = runStreamed(new Agent({ name: "Anyone", tools: [act] }), "Hi", { signal: controller.signal });
            if (stop === "leaving the loop") {
              const events = result.streamEvents();
              const reading = (async () => {
                while (!(await events.next()).done) continue;
              })();
              const signal = await executing;
              await events.return?.();
              await reading;
              await result.completed;
              return { aborted: signal.aborted, error: null, calls: calls(result) };
            }
            const outcome = window.outcome(result);
            const signal = await executing;
            if (stop === "cancel()") result.cancel();
            else controller.abort();
            const { thrown } = await outcome;
            return { aborted: signal.aborted, error: thrown[0]?.name ?? null, calls: calls(result) };
          },
          script.baseURL,
          stop,
        );
        assert.deepEqual([got.aborted, got.error], [true, stop === "an aborted signal" ? "AbortError" : null]);
        assert.ok(["", "function_call,function_call_output"].includes(String(got.calls)), `a call without its output: ${got.calls}`);
        assert.equal(script.requests.length, 1);
      });
    }

    for (const timeoutBehavior of ["error_as_result", "raise_exception"] as const) {
      test(`a tool that never returns: timeoutMs with ${timeoutBehavior} ends the call`, async () => {
        const script = server.answering(callThenDone);
        const got = await page.evaluate(
          async (baseURL, timeoutBehavior) => {
            const { Agent, configure, runStreamed, tool } = window.runstream;
            configure({ baseURL });
            let signal: AbortSignal | undefined;
            const act = tool({
              name: "act", description: "Acts.", timeoutMs: 1, timeoutBehavior,
              execute: (_, details) => ((signal = details.signal), new Promise(() => {})),
            });
            const outcome = await window.outcome(runStreamed(new Agent({ name: "Anyone", tools: [act] }), "Hi"));
            return { outcome, aborted: signal?.aborted ?? true }; // 1 ms may be over before the page hears of the call
          },
          script.baseURL,
          timeoutBehavior,
        );
        if (timeoutBehavior === "error_as_result") assertEnded(got.outcome, "Done.");
        else assertFailed(got.outcome, "ToolTimeoutError", "tool_timeout", /act/);
        assert.equal(got.aborted, true);
      });
    }

    for (const where of ["needsApproval", "isEnabled", "errorFunction", "instructions", "getToken"] as const) {
      test(`${where} that throws, or gives what it must not, ${where === "needsApproval" ? "makes the call wait" : "ends the run"}`, async (t) => {
        const script = server.answering(callThenDone);
        const got = await page.evaluate(
          async (baseURL, where) => {
            const { Agent, configure, runStreamed, tool } = window.runstream;
            const ways: { readonly [way: string]: () => never } = {
              ...(await window.faulty()).failing("the callback's own words"),
              "gives a circle": () => {
                const circle: { self?: object } = {};
                return (circle.self = circle) as never;
              },
              "gives an object": () => ({ not: "this" }) as never,
            };
            const outcomes: { [way: string]: Outcome } = {};
            const waiting: string[] = [];
            const executed: string[] = [];
            for (const [way, callback] of Object.entries(ways)) {
              configure({ baseURL, ...(where === "getToken" && { getToken: callback }) });
              const act = tool({
                name: "act", description: "Acts.",
                ...(where === "needsApproval" && { needsApproval: callback }),
                ...(where === "isEnabled" && { isEnabled: callback }),
                ...(where === "errorFunction" && { errorFunction: callback }),
                execute: () => {
                  executed.push(way);
                  throw new Error("the tool fails");
                },
              });
              const agent = new Agent({ name: "Anyone", tools: [act], ...(where === "instructions" && { instructions: callback }) });
              const result = runStreamed(agent, "Hi");
              outcomes[way] = await window.outcome(result);
              if (result.interruptions.length > 0) waiting.push(way);
            }
            return { outcomes, waiting, executed };
          },
          script.baseURL,
          where,
        );
        assert.equal(Object.keys(got.outcomes).length, 6);
        for (const [way, outcome] of Object.entries(got.outcomes)) {
          await t.test(way, () => {
            // Any doubt whether a call needs approval makes it wait.
            if (where === "needsApproval") assertEnded(outcome, null);
            else assertFailed(outcome, "UserError", "user_error", new RegExp(where));
          });
        }
        assert.deepEqual(got.waiting, where === "needsApproval" ? Object.keys(got.outcomes) : []);
        assert.deepEqual(got.executed, where === "errorFunction" ? Object.keys(got.outcomes) : []);
      });

      test(`${where} that never returns: cancel() ends the run`, async () => {
        const script = server.answering(callThenDone);
        const outcome = await page.evaluate(
          async (baseURL, where) => {
            const { Agent, configure, runStreamed, tool } = window.runstream;
            const callback = () => (queueMicrotask(() => result.cancel()), new Promise<never>(() => {}));
            configure({ baseURL, ...(where === "getToken" && { getToken: callback }) });
            const act = tool({
              name: "act", description: "Acts.",
              ...(where === "needsApproval" && { needsApproval: callback }),
              ...(where === "isEnabled" && { isEnabled: callback }),
              ...(where === "errorFunction" && { errorFunction: callback }),
              execute: () => {
                throw new Error("the tool fails");
              },
            });
            const agent = new Agent({ name: "Anyone", tools: [act], ...(where === "instructions" && { instructions: callback }) });
            const result = runStreamed(agent, "Hi");
            return window.outcome(result);
          },
          script.baseURL,
          where,
        );
        assertEnded(outcome, null);
      });
    }
  });

  describe(place === "page" ? "a broken fetch on the page" : "a broken fetch in a worker", () => {
    for (const [way, [name, code]] of Object.entries(fetches)) {
      test(way, async () => {
        const page = await openTestPage(browser, server.url);
        await page.evaluate(
          async (worker, way) => {
            const given = worker && new Worker(`/web/test/e2e/broken_worker.js?${encodeURIComponent(way)}`, { type: "module" });
            await window.runstream.init({ worker: given });
            if (!worker) await window.breakFetch(way);
          },
          place === "worker",
          way,
        );
        assertFailed(await runOnce(page, server.script(done())), name, code, /./);
        await assertWorks(page);
        await page.close();
      });
    }
  });

  describe(place === "page" ? "a crash on the page" : "a crash in a worker", () => {
    let page: Page;
    beforeEach(async () => {
      page = await openTestPage(browser, server.url);
      await page.evaluate((worker) => window.runstream.init({ worker, wasm: "/web/dist/test/engine.wasm" }), place === "worker");
    });
    afterEach(async () => {
      await assertWorks(page);
      await page.close();
    });

    for (const crash of ["panic", "exit", "read what throws"] as const) {
      test(`${crash}, in the middle of a stream and of a tool`, async () => {
        const streaming = server.answering(() => ({ hangAfter: beginning() }));
        const tooling = server.answering(callThenDone);
        const got = await page.evaluate(
          async (streaming, tooling, crash) => {
            const { Agent, configure, runStreamed, tool } = window.runstream;
            let began!: (signal: AbortSignal) => void;
            const executing = new Promise<AbortSignal>((resolve) => (began = resolve));
            const act = tool({ name: "act", description: "Acts.", execute: (_, { signal }) => (began(signal), new Promise(() => {})) });
            configure({ baseURL: tooling });
            const inTool = runStreamed(new Agent({ name: "Anyone", tools: [act] }), "Hi");
            configure({ baseURL: streaming });
            const inStream = runStreamed(new Agent({ name: "Anyone" }), "Hi");
            const unread = runStreamed(new Agent({ name: "Anyone" }), "Hi");
            const signal = await executing;
            const events = inStream.streamEvents({ preventCancel: true });
            for await (const event of events) {
              if (event.type === "raw_response_event" && event.data.type === "response.output_text.delta") break;
            }
            window.askEngine(crash);
            const outcomes = await Promise.all([window.outcome(inTool), window.outcome(inStream), window.outcome(unread)]);
            return { outcomes, aborted: signal.aborted };
          },
          streaming.baseURL,
          tooling.baseURL,
          crash,
        );
        for (const outcome of got.outcomes) assertFailed(outcome, "EngineCrashedError", "engine_crashed", /next run gets a new engine/);
        assert.equal(got.aborted, true, "the tool is told");
        assert.equal(await soon(streaming.requests[0]!.closedByClient, "the connection to close"), true);
      });

      test(`${crash}, while nothing runs`, async () => {
        await page.evaluate(async (crash) => {
          const { Agent, runStreamed, configure } = window.runstream;
          await window.askEngine("count");
          let starts = 0;
          const { instantiate } = WebAssembly;
          Object.assign(WebAssembly, { instantiate: (...given: Parameters<typeof instantiate>) => (starts++, instantiate(...given)) });
          Object.assign(globalThis, {
            Worker: class extends Worker {
              constructor(...given: ConstructorParameters<typeof Worker>) {
                super(...given);
                starts++;
              }
            },
          });
          window.askEngine(crash);
          // A run may end before the crash, meet it, or be the first that gets the new engine.
          configure({ baseURL: "/nowhere", maxRetries: 0 });
          while (starts === 0) await window.outcome(runStreamed(new Agent({ name: "Anyone" }), "Hi"));
        }, crash);
      });
    }
  });
}

describe("a worker", () => {
  for (const [what, kill] of [
    ["that is terminated", "terminate"],
    ["that closes itself", "close"],
    ["that throws on its own", "throw"],
  ] as const) {
    test(`${what} ends its runs, and the next run gets a new one`, async () => {
      const page = await openTestPage(browser, server.url);
      const script = server.script({ hangAfter: beginning() });
      const outcome = await page.evaluate(
        async (baseURL, kill) => {
          const { Agent, configure, init, runStreamed } = window.runstream;
          configure({ baseURL });
          const worker = new Worker("/web/test/e2e/mortal_worker.js", { type: "module" });
          await init({ worker });
          const result = runStreamed(new Agent({ name: "Anyone" }), "Hi");
          for await (const event of result.streamEvents({ preventCancel: true })) {
            if (event.type === "raw_response_event" && event.data.type === "response.output_text.delta") break;
          }
          if (kill === "terminate") worker.terminate();
          else new BroadcastChannel("mortal worker").postMessage(kill);
          const outcome = await window.outcome(result);
          const spent = await init().catch(window.plainError);
          await init({ worker: true });
          return { ...outcome, spent: spent?.message ?? null };
        },
        script.baseURL,
        kill,
      );
      assertFailed(outcome, "EngineCrashedError", "engine_crashed", /worker.*next run gets a new engine/);
      assert.match(outcome.spent ?? "", /has ended.*new one/);
      assert.equal(await soon(script.requests[0]!.closedByClient, "the connection to close"), true);
      await assertWorks(page);
      await page.close();
    });
  }
});
