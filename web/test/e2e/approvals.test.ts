// A run that waits for a person: nothing gated runs before its approval, wherever the run goes on.
import assert from "node:assert/strict";
import { afterEach, beforeEach, describe, test } from "node:test";
import type { BrowserContext, Page } from "puppeteer-core";
import { assertNoMishaps, openTestPage, reloadTestPage } from "./browser.js";
import type { Script } from "./server.js";
import { call, message, response, type Json } from "./sse.js";
import { browser, server } from "./stage.js";

const askThenAnswer = () =>
  server.script(response(call("delete_file", "call_1", { path: "/logs" })), response(message("Gone.")));

/** Starts a run that pauses, and keeps it in the browser as a page would. */
async function pause(page: Page, script: Script) {
  return page.evaluate(async (baseURL) => {
    window.runstream.configure({ baseURL });
    const result = window.runstream.runStreamed(window.janitor(), "Remove the logs");
    const { events, error } = await window.read(result);
    localStorage.setItem("paused", result.toState().toString());
    return {
      error,
      names: events.flatMap((event) => (event.type === "run_item_stream_event" ? [event.name] : [])),
      asked: result.interruptions.map(({ name, callId, arguments: args, agent }) => ({ name, callId, args, agent: agent.name })),
      finalOutput: result.finalOutput ?? null,
      executions: window.executions(),
    };
  }, script.baseURL);
}

/** Decides on the kept run and goes on with it. */
async function resume(page: Page, script: Script, decision: "approve" | "leave" | { reject: string }) {
  return page.evaluate(
    async (baseURL, decision) => {
      const { RunState, configure, runStreamed } = window.runstream;
      configure({ baseURL });
      const agent = window.janitor();
      const state = await RunState.fromString(agent, localStorage.getItem("paused")!);
      for (const item of state.interruptions) {
        if (decision === "approve") state.approve(item);
        else if (decision !== "leave") state.reject(item, { message: decision.reject });
      }
      const result = runStreamed(agent, state);
      const { error } = await window.read(result);
      return {
        error,
        finalOutput: result.finalOutput ?? null,
        asked: result.interruptions.map((item) => item.callId),
        executions: window.executions(),
      };
    },
    script.baseURL,
    decision,
  );
}

function toolOutputs(input: Json): Json[] {
  return (input as { type?: string; output?: Json }[]).filter((item) => item.type === "function_call_output").map((item) => item.output!);
}

for (const engine of ["worker", "page"] as const) {
  describe(engine === "page" ? "engine on the page" : "engine in a worker", () => {
    let context: BrowserContext;
    let page: Page;
    beforeEach(async () => {
      context = await browser.createBrowserContext();
      page = await openTestPage(context, server.url, engine);
    });
    afterEach(async () => {
      await assertNoMishaps(page);
      await context.close();
    });

    test("a gated call stops the run and has not run", async () => {
      const script = askThenAnswer();
      assert.deepEqual(await pause(page, script), {
        error: null,
        names: ["tool_called"],
        asked: [{ name: "delete_file", callId: "call_1", args: '{"path":"/logs"}', agent: "Janitor" }],
        finalOutput: null,
        executions: 0,
      });
      assert.equal(script.requests.length, 1);
    });

    test("approved, it runs once and the run goes on", async () => {
      const script = askThenAnswer();
      await pause(page, script);
      assert.deepEqual(await resume(page, script, "approve"), { error: null, finalOutput: "Gone.", asked: [], executions: 1 });
      assert.deepEqual(toolOutputs(script.requests[1]!.body.input), ["deleted /logs"]);
    });

    test("rejected with words, the model reads the words and nothing has run", async () => {
      const script = askThenAnswer();
      await pause(page, script);
      assert.deepEqual(await resume(page, script, { reject: "Keep them, please." }), {
        error: null, finalOutput: "Gone.", asked: [], executions: 0,
      });
      assert.deepEqual(toolOutputs(script.requests[1]!.body.input), ["Keep them, please."]);
    });

    test("resumed without a decision, it asks again and nothing has run", async () => {
      const script = askThenAnswer();
      await pause(page, script);
      assert.deepEqual(await resume(page, script, "leave"), { error: null, finalOutput: null, asked: ["call_1"], executions: 0 });
      assert.equal(script.requests.length, 1);
    });

    test("approved after a reload", async () => {
      const script = askThenAnswer();
      await pause(page, script);
      await reloadTestPage(page, engine);
      assert.deepEqual(await resume(page, script, "approve"), { error: null, finalOutput: "Gone.", asked: [], executions: 1 });
    });

    test("approved in a second tab", async () => {
      const script = askThenAnswer();
      await pause(page, script);
      const second = await openTestPage(context, server.url, engine);
      assert.deepEqual(await resume(second, script, "approve"), { error: null, finalOutput: "Gone.", asked: [], executions: 1 });
      await assertNoMishaps(second);
    });
  });
}
