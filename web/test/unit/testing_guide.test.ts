import assert from "node:assert/strict";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { Agent, run, runStreamed, tool } from "runstream";
import type { FunctionTool, Model } from "runstream";
import {
  assistantMessage,
  functionCall,
  modelError,
  modelHang,
  modelResponder,
  play,
  record,
  ScriptedModel,
  streamResponse,
} from "runstream/testing";

// The code of docs/testing.md, but for the last test.

/** The agent under test, and what it did. */
function janitor(): { agent: Agent; deleteFile: FunctionTool; deleted: string[] } {
  const deleted: string[] = [];
  const deleteFile = tool({
    name: "delete_file",
    description: "Deletes a file.",
    parameters: { type: "object", properties: { path: { type: "string" } }, required: ["path"] },
    needsApproval: true,
    execute: ({ path }) => {
      deleted.push(path);
      return `${path} is gone`;
    },
  });
  return { agent: new Agent({ name: "Janitor", instructions: "Tidy up.", tools: [deleteFile] }), deleteFile, deleted };
}

test("it deletes what was approved, and tells the model", async () => {
  const { agent, deleted } = janitor();
  const model = new ScriptedModel([
    [functionCall("delete_file", { path: "/logs" }, { callId: "call_1" })],
    [assistantMessage("The logs are gone.")],
  ]);

  const paused = await run(agent, "Remove the logs", { model });
  assert.deepEqual(deleted, []);

  const state = paused.toState();
  for (const call of state.interruptions) state.approve(call);
  const result = await run(agent, state, { model });

  assert.deepEqual(deleted, ["/logs"]);
  assert.equal(result.finalOutput, "The logs are gone.");
  model.assertComplete();
});

test("it is told its instructions, and what became of a call", async () => {
  const { agent } = janitor();
  const model = new ScriptedModel([
    [functionCall("delete_file", { path: "/logs" }, { callId: "call_1" })],
    [assistantMessage("I kept them.")],
  ]);

  const state = (await run(agent, "Remove the logs", { model })).toState();
  for (const call of state.interruptions) state.reject(call, { message: "Not on a Friday." });
  await run(agent, state, { model });

  const [first, second] = model.calls.map((call) => call.request.body);
  assert.equal(first?.instructions, "Tidy up.");
  assert.deepEqual(second?.input.at(-1), { type: "function_call_output", call_id: "call_1", output: "Not on a Friday." });
});

test("an answer may depend on the request", async () => {
  const model = new ScriptedModel([
    modelResponder(({ request }) => [assistantMessage(`You sent ${request.body.input.length} item.`)]),
  ]);
  const result = await run(new Agent({ name: "Counter", model }), "Hi");
  assert.equal(result.finalOutput, "You sent 1 item.");
});

test("the page shows what came before a failure", async () => {
  const model = new ScriptedModel([modelError(new Error("no connection"), assistantMessage("Once upon"))]);
  const result = runStreamed(new Agent({ name: "Teller", model }), "Tell a story");
  let shown = "";
  const reading = (async () => {
    for await (const event of result) {
      if (event.type === "raw_response_event" && event.data.type === "response.output_text.delta") shown += event.data.delta;
    }
  })();
  await assert.rejects(reading, /no connection/);
  assert.equal(shown, "Once upon");
});

test("a stop reaches the model", async () => {
  const model = new ScriptedModel([modelHang(assistantMessage("Once upon"))]);
  const result = runStreamed(new Agent({ name: "Teller", model }), "Tell a story");
  for await (const event of result) {
    if (event.type === "raw_response_event" && event.data.type === "response.output_text.delta") break;
  }
  assert.equal(result.finalOutput, undefined);
  assert.equal(model.calls[0]?.request.signal.aborted, true);
});

test("a tool, by itself", async () => {
  const { agent, deleteFile, deleted } = janitor();
  const { signal } = new AbortController();
  const usage = { requests: 0, inputTokens: 0, outputTokens: 0, totalTokens: 0 };
  const call = { agent, context: undefined, usage, toolName: "delete_file", callId: "call_1", arguments: "", signal };
  assert.equal(await deleteFile.invoke('{"path": "/logs"}', call), "/logs is gone");
  assert.deepEqual(deleted, ["/logs"]);
});

/** A model server, asked by the test. */
function serverModel(baseURL: string, key: string): Model {
  return {
    async *getStreamedResponse({ body, signal }) {
      const response = await fetch(`${baseURL}/responses`, {
        method: "POST",
        headers: { "authorization": `Bearer ${key}`, "content-type": "application/json" },
        body: JSON.stringify({ ...body, model: "gpt-5" }),
        signal,
      });
      if (!response.ok || !response.body) throw new Error(`The model's server answered ${response.status}.`);
      const decoder = new TextDecoder();
      let text = "";
      for await (const chunk of response.body) {
        text += decoder.decode(chunk, { stream: true });
        const events = text.split("\n\n");
        text = events.pop() ?? "";
        for (const event of events) yield JSON.parse(event.slice(event.indexOf("data: ") + 6)) as object;
      }
    },
  };
}

/** Plays what is in a file; with RECORD=1 it asks the model, and writes the file. */
async function withRecording(file: string, model: Model, use: (model: Model) => Promise<void>): Promise<void> {
  if (process.env["RECORD"]) {
    const recorder = record(model);
    await use(recorder);
    await writeFile(file, JSON.stringify(recorder, null, 2));
  } else {
    const player = play(await readFile(file, "utf8"));
    await use(player);
    player.assertComplete();
  }
}

test("what was recorded from a server is played without it", async () => {
  let asked = 0;
  const server = createServer((request, response) => {
    asked++;
    assert.equal(request.headers.authorization, "Bearer secret");
    for (const event of streamResponse([assistantMessage("Hello, naïve 世界.")])) response.write(`event: ${event.type}\ndata: ${JSON.stringify(event)}\n\n`);
    response.end();
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const folder = await mkdtemp(join(tmpdir(), "recording-"));
  const file = join(folder, "hello.json");
  try {
    const model = serverModel(`http://127.0.0.1:${(server.address() as AddressInfo).port}`, "secret");
    const greet = async (model: Model): Promise<void> => {
      const result = await run(new Agent({ name: "Greeter", model }), "Hi");
      assert.equal(result.finalOutput, "Hello, naïve 世界.");
    };
    process.env["RECORD"] = "1";
    await withRecording(file, model, greet);
    delete process.env["RECORD"];
    await withRecording(file, model, greet);
    assert.equal(asked, 1);
    assert(!(await readFile(file, "utf8")).includes("secret"));
    await assert.rejects(
      withRecording(file, model, async (model) => void (await run(new Agent({ name: "Greeter", model }), "Hello"))),
      /Request 1 is not the recorded one: request\.input\[0\]\.content was "Hi" and is "Hello"/,
    );
  } finally {
    delete process.env["RECORD"];
    server.close();
    await rm(folder, { recursive: true });
  }
});
