// What a program in Node sees of the engine beside its runs.
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";

const MINUTE = 60_000;

/** What a program prints that runs one agent and then has nothing left to do; an error where it does not end. */
async function output(program: string): Promise<string> {
  const code = `
    import { Agent, configure, run, tool } from "runstream";
    import { assistantMessage, functionCall, ScriptedModel, streamResponse } from "runstream/testing";
    ${program}`;
  const web = fileURLToPath(new URL("../../..", import.meta.url)); // from web/dist/test/unit, where this file runs
  return (await promisify(execFile)(process.execPath, ["--input-type=module", "--eval", code], { cwd: web, timeout: MINUTE })).stdout;
}

const beyond = 60 * MINUTE;

test("the process ends when its run has, whatever time limit a tool had", async () => {
  const program = `
    const forecast = tool({
      name: "forecast",
      description: "Tells the weather.",
      execute: () => new Promise((resolve) => setImmediate(resolve, "Sunny.")),
      timeoutMs: ${beyond},
    });
    const model = new ScriptedModel([[functionCall("forecast", {}, { callId: "call_1" })], [assistantMessage("Take a hat.")]]);
    console.log((await run(new Agent({ name: "Guide", tools: [forecast] }), "Hi", { model })).finalOutput);`;
  assert.equal(await output(program), "Take a hat.\n");
});

test("the process ends when its run was stopped while a tool had time left", async () => {
  const program = `
    const abort = new AbortController();
    const forecast = tool({
      name: "forecast",
      description: "Tells the weather.",
      execute: () => (setImmediate(() => abort.abort()), new Promise(() => {})),
      timeoutMs: ${beyond},
    });
    const model = new ScriptedModel([[functionCall("forecast", {}, { callId: "call_1" })]]);
    await run(new Agent({ name: "Guide", tools: [forecast] }), "Hi", { model, signal: abort.signal }).catch((error) => console.log(error.name));`;
  assert.equal(await output(program), "AbortError\n");
});

test("a run's functions are called in the asynchronous context that it was started in", async () => {
  const program = `
    import { AsyncLocalStorage } from "node:async_hooks";
    const request = new AsyncLocalStorage();
    const refused = new Set(); // an overloaded server: the engine tries again in nobody's context
    globalThis.fetch = async (_, { body }) => {
      const { input } = JSON.parse(new TextDecoder().decode(body));
      const user = input[0].content;
      if (!refused.has(user)) return refused.add(user), new Response(null, { status: 503, headers: { "retry-after-ms": "1" } });
      const answer = input.length > 1 ? assistantMessage("Done.") : functionCall("whoami", {}, { callId: "call_1" });
      const events = streamResponse([answer]).map((event) => "data: " + JSON.stringify(event) + "\\n\\n");
      return new Response(events.join(""), { headers: { "content-type": "text/event-stream" } });
    };
    configure({ baseURL: "https://models.example/v1" });
    const whoami = tool({ name: "whoami", description: "", execute: () => request.getStore() });
    const handle = (user) => request.run(user, async () => {
      const { newItems } = await run(new Agent({ name: "A", model: "gpt-5", tools: [whoami] }), user);
      return newItems.find((item) => item.type === "tool_call_output_item").output;
    });
    console.log((await Promise.all(["ann", "bob", "cid"].map(handle))).join());`;
  assert.equal(await output(program), "ann,bob,cid\n");
});
