// Runs that do not end well: every one ends, with one typed error where something failed, and the next one works.
import assert from "node:assert/strict";
import { afterEach, beforeEach, describe, test } from "node:test";
import type { Page } from "puppeteer-core";
import { assertNoMishaps, openTestPage, soon } from "./browser.js";
import type { Reply, Script } from "./server.js";
import { beginning, call, frame, message, response, type Json } from "./sse.js";
import { browser, server } from "./stage.js";

async function runOnce(page: Page, script: Script) {
  return page.evaluate(async (baseURL) => {
    const { Agent, configure, runStreamed } = window.runstream;
    configure({ baseURL });
    const result = runStreamed(new Agent({ name: "Anyone" }), "Hi");
    const reading = await window.read(result);
    return { ...reading, finalOutput: result.finalOutput ?? null, isComplete: result.isComplete };
  }, script.baseURL);
}

for (const engine of ["worker", "page"] as const) {
  describe(engine === "page" ? "engine on the page" : "engine in a worker", () => {
    let page: Page;
    beforeEach(async () => {
      page = await openTestPage(browser, server.url, engine);
    });
    afterEach(async () => {
      const next = await runOnce(page, server.script(response(message("Still here."))));
      assert.equal(next.finalOutput, "Still here.");
      await assertNoMishaps(page);
      await page.close();
    });

    for (const way of ["leaving the loop", "an aborted signal", "cancel()"] as const) {
      test(`${way} closes the connection to the model`, async () => {
        const script = server.script({ hangAfter: beginning() });
        const got = await page.evaluate(
          async (baseURL, way) => {
            const { Agent, configure, runStreamed } = window.runstream;
            configure({ baseURL });
            const abort = new AbortController();
            const result = runStreamed(new Agent({ name: "Anyone" }), "Hi", { signal: abort.signal });
            let deltas = 0;
            let error;
            try {
              for await (const event of result) {
                if (event.type !== "raw_response_event" || event.data.type !== "response.output_text.delta") continue;
                deltas++;
                if (way === "leaving the loop") break;
                if (way === "cancel()") result.cancel();
                else abort.abort();
              }
            } catch (thrown) {
              error = (thrown as Error).name;
            }
            await result.completed.catch(() => {});
            return { deltas, error, finalOutput: result.finalOutput ?? null };
          },
          script.baseURL,
          way,
        );
        assert.equal(got.deltas, 1);
        assert.equal(got.finalOutput, null);
        assert.equal(await soon(script.requests[0]!.closedByClient, "the connection to close"), true);
      });
    }

    test("a complete response counts though its stream does not end", async () => {
      const script = server.script({ hangAfter: response(message("All of it.")) });
      const got = await runOnce(page, script);
      assert.deepEqual([got.error, got.finalOutput], [null, "All of it."]);
      assert.equal(await soon(script.requests[0]!.closedByClient, "the connection to close"), true);
    });

    test("stopping reaches a running tool's signal", async () => {
      const script = server.script(response(call("wait", "call_1")), response(message("Never asked for.")));
      const got = await page.evaluate(async (baseURL) => {
        const { Agent, configure, runStreamed, tool } = window.runstream;
        configure({ baseURL });
        let stopped!: () => void;
        const toolStopped = new Promise<void>((resolve) => (stopped = resolve));
        const wait = tool({
          name: "wait",
          description: "Waits for ever.",
          parameters: { type: "object", properties: {}, required: [], additionalProperties: false },
          execute: (_args, { signal }) =>
            new Promise<string>((_, reject) => {
              signal.addEventListener("abort", () => {
                stopped();
                reject(signal.reason);
              });
              result.cancel();
            }),
        });
        const result = runStreamed(new Agent({ name: "Anyone", tools: [wait] }), "Hi");
        await window.read(result);
        await toolStopped;
        return result.finalOutput ?? null;
      }, script.baseURL);
      assert.equal(got, null);
      assert.equal(script.requests.length, 1);
    });

    test("a tool that throws is told to the model, and the run goes on", async () => {
      const script = server.script(response(call("fragile", "call_1")), response(message("Never mind.")));
      const got = await page.evaluate(async (baseURL) => {
        const { Agent, configure, runStreamed, tool } = window.runstream;
        configure({ baseURL });
        const fragile = tool({
          name: "fragile",
          description: "Breaks.",
          parameters: { type: "object", properties: {}, required: [], additionalProperties: false },
          execute: () => {
            throw new TypeError("secret detail");
          },
        });
        const result = runStreamed(new Agent({ name: "Anyone", tools: [fragile] }), "Hi");
        const { error } = await window.read(result);
        return { error, finalOutput: result.finalOutput };
      }, script.baseURL);
      assert.deepEqual(got, { error: null, finalOutput: "Never mind." });
      const input = script.requests[1]!.body.input as { type?: string; output?: Json }[];
      assert.equal(input.at(-1)!.output, "An error occurred while running the tool. Please try again.");
    });

    test("the cause of a run's error is the object that a function threw", async () => {
      const script = server.script(response(call("fragile", "call_1")), response(message("Done.")));
      const got = await page.evaluate(async (baseURL) => {
        const { Agent, configure, run, tool } = window.runstream;
        configure({ baseURL });
        class HttpError extends Error {
          status = 503;
        }
        const thrown = new HttpError("busy");
        const fail = (): never => {
          throw thrown;
        };
        const fragile = tool({ name: "fragile", description: "Breaks.", errorFunction: null, execute: fail });
        const agents = {
          "a tool": new Agent({ name: "A", tools: [fragile] }),
          "a hook": new Agent({ name: "A", hooks: { onAgentEnd: fail } }),
          "a model": new Agent({ name: "A", model: { getStreamedResponse: fail } }),
        };
        const causes: { [place: string]: boolean } = {};
        for (const [place, agent] of Object.entries(agents)) {
          causes[place] = await run(agent, "Hi").then(() => false, (error: Error) => error.cause === thrown);
        }
        return causes;
      }, script.baseURL);
      assert.deepEqual(got, { "a tool": true, "a hook": true, "a model": true });
    });

    test("what a tool has done counts though another call of the turn failed", async () => {
      const script = server.script(response(call("fragile", "call_1"), call("thorough", "call_2")));
      const got = await page.evaluate(async (baseURL) => {
        const { Agent, configure, runStreamed, tool } = window.runstream;
        configure({ baseURL });
        let begun = (): void => {};
        const both = new Promise<void>((resolve) => (begun = resolve));
        const fragile = tool({
          name: "fragile", description: "Breaks.", errorFunction: null,
          execute: async () => {
            await both;
            throw new Error("broken");
          },
        });
        const thorough = tool({
          name: "thorough", description: "Ends what it has begun.",
          execute: (_args, { signal }) =>
            new Promise<string>((resolve) => {
              signal.addEventListener("abort", () => resolve("did it"));
              begun();
            }),
        });
        const result = runStreamed(new Agent({ name: "A", tools: [fragile, thorough] }), "Hi");
        const error = await result.completed.then(() => "none", (error: Error) => error.message);
        const outputs = result.newItems.filter((item) => item.type === "tool_call_output_item").map(({ output }) => output);
        return { error, outputs };
      }, script.baseURL);
      assert.deepEqual(got, { error: "Error running tool fragile: broken", outputs: ["did it"] });
    });

    test("a server that answers 500 is asked again, then named in the error", async () => {
      const refusal: Reply = { status: 500, headers: { "retry-after-ms": "1" }, json: { error: { message: "out of order" } } };
      const script = server.script(refusal, refusal, refusal);
      const { events, error, completed, isComplete } = await runOnce(page, script);
      assert.equal(script.requests.length, 3);
      assert.deepEqual({ isError: error?.isError, name: error?.name, status: error?.status }, {
        isError: true, name: "InternalServerError", status: 500,
      });
      assert.match(error!.message, /out of order/);
      assert.deepEqual(completed, error);
      assert.equal(isComplete, true);
      assert.deepEqual(events.map((event) => event.type), ["agent_updated_stream_event"]);
    });

    const broken: Record<string, Reply> = {
      "an event that is no JSON": { body: beginning().map(frame).join("") + "data: {not json\n\n" },
      "an answer that is no event stream": { body: "<!doctype html><title>Sign in</title>" },
      "a stream that ends too early": { body: beginning().map(frame).join("") },
      "a connection that breaks": { breakAfter: beginning() },
    };
    for (const [what, reply] of Object.entries(broken)) {
      test(`${what} ends the run with one error`, async () => {
        const { error, completed, finalOutput } = await runOnce(page, server.script(reply));
        assert.equal(error?.isError, true);
        assert.notEqual(error?.name, "Error");
        assert.ok(error!.message.length > 0 && error!.code, `an error with words and a code, not ${JSON.stringify(error)}`);
        assert.deepEqual(completed, error);
        assert.equal(finalOutput, null);
      });
    }
  });
}
