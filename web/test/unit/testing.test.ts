import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import type { Cassette, Model, ModelRequest } from "../../src/testing.js";
import {
  CassetteError,
  ScriptedModel,
  UnconsumedModelStepsError,
  UnexpectedModelCallError,
  assistantMessage,
  functionCall,
  modelError,
  modelHang,
  modelResponder,
  modelStream,
  play,
  reasoning,
  record,
  refusal,
  streamResponse,
} from "../../src/testing.js";

type Event = { readonly type: string; readonly [field: string]: unknown };

function request(text: string, signal: AbortSignal = new AbortController().signal): ModelRequest {
  return { body: { instructions: "Be short.", input: [{ role: "user", content: text }], tools: [] }, signal };
}

async function ask(model: Model, asked: ModelRequest, into: Event[] = []): Promise<Event[]> {
  for await (const event of model.getStreamedResponse(asked)) into.push(event as Event);
  return into;
}

const types = (events: readonly object[]): string[] => events.map((event) => (event as Event).type);

// The Go package's script is held to the same record of a server: web/dist/test/unit is where this file runs.
const server = readFileSync(new URL("../../../../runner/runnertest/testdata/reply.jsonl", import.meta.url), "utf8");

test("a turn that is no list is named", async () => {
  const script = new ScriptedModel([assistantMessage("Hi.") as never]);
  await assert.rejects(ask(script, request("Hi")), /A turn of a script is a list/);
});

test("an answer streams as a server streams it", () => {
  const items = [reasoning("Thinking about it."), assistantMessage("Let me see."), functionCall("how_many_jokes", {}, { callId: "call_1" })];
  const recorded = server.trim().split("\n").map((line): unknown => JSON.parse(line));
  assert.deepEqual(streamResponse(items), recorded);
});

test("the deltas of a text are the text", () => {
  for (const text of ["Two  words,\nand a line.", "", "   ", "Rindfleisch".repeat(20), "word ".repeat(200_000), "naïve 👩‍👩‍👧 日本語のテキストがここにあります"]) {
    const deltas = (events: readonly object[]): string => events.map((event) => (event as Event).delta ?? "").join("");
    assert.equal(deltas(streamResponse([assistantMessage(text)])), text);
    assert.equal(deltas(streamResponse([refusal(text)])), text);
    assert.equal(deltas(streamResponse([functionCall("f", text, { callId: "1" })])), text);
  }
});

test("an item of any other kind comes as it is, between its announcement and its end", () => {
  const item = { id: "ws_1", type: "web_search_call", status: "completed", action: { query: "1 < 2" } };
  const [, , added, done, completed] = streamResponse([item]) as unknown as Event[];
  assert.deepEqual(added?.item, { ...item, status: "in_progress" });
  assert.deepEqual(done?.item, item);
  assert.deepEqual((completed?.response as Event).output, [item]);
});

test("a failed response says why in its last event", () => {
  const last = streamResponse([], { failure: { code: "server_error", message: "Sorry." } }).at(-1) as unknown as Event;
  assert.equal(last.type, "response.failed");
  assert.deepEqual((last.response as Event).error, { code: "server_error", message: "Sorry." });
});

test("a script answers in its order and keeps the requests", async () => {
  const model = new ScriptedModel([[functionCall("f", { a: 1 }, { callId: "call_1" })]]);
  model.enqueue([assistantMessage("Done.")]);
  assert.throws(() => model.assertComplete(), UnconsumedModelStepsError);

  const asked = request("Go");
  const first = await ask(model, asked);
  (asked.body.input as object[]).length = 0; // what comes later does not change what was recorded
  const second = await ask(model, request("On"));

  assert.equal(first.at(-1)?.type, "response.completed");
  assert.deepEqual([first, second].map((events) => (events.at(-1)?.response as Event).id), ["resp_1", "resp_2"]);
  assert.deepEqual(model.calls.map(({ index, request }) => [index, request.body.input]), [
    [0, [{ role: "user", content: "Go" }]],
    [1, [{ role: "user", content: "On" }]],
  ]);
  assert.equal(model.remainingSteps, 0);
  model.assertComplete();
  await assert.rejects(ask(model, request("More")), (error: unknown) => {
    return error instanceof UnexpectedModelCallError && /request 3 has no turn/.test(error.message);
  });
});

test("a turn may break off, hang, be decided late, or be any events", async () => {
  const model = new ScriptedModel([
    modelError(new TypeError("no network")),
    modelError(new TypeError("cut"), assistantMessage("Half")),
    modelResponder(({ request }) => [assistantMessage(`Of ${request.body.input.length}`)]),
    modelResponder(() => modelStream([{ type: "odd" }])),
    modelHang(assistantMessage("Wait")),
  ]);
  const before: Event[] = [];
  await assert.rejects(ask(model, request("1"), before), /no network/);
  assert.equal(before.length, 0);
  await assert.rejects(ask(model, request("2"), before), /cut/);
  assert.equal(before.at(-1)?.type, "response.output_item.done");
  assert.match(JSON.stringify(await ask(model, request("3"))), /Of 1/);
  assert.deepEqual(await ask(model, request("4")), [{ type: "odd" }]);

  const controller = new AbortController();
  const reason = new Error("stop");
  const hanging: Event[] = [];
  const answer = ask(model, request("5", controller.signal), hanging);
  while (!types(hanging).includes("response.output_item.done")) await new Promise(setImmediate);
  controller.abort(reason);
  await assert.rejects(answer, reason);
});

/** A cassette that went through a file, of a model with these turns asked these questions. */
async function recorded(model: ScriptedModel, ...questions: string[]): Promise<string> {
  const recorder = record(model);
  for (const question of questions) await ask(recorder, request(question)).catch(() => {});
  return JSON.stringify(recorder);
}

test("a recording answers as the model did, errors too", async () => {
  const turns = [[assistantMessage("One")], modelError(new TypeError("cut"), assistantMessage("Two"))];
  const cassette = await recorded(new ScriptedModel(turns), "1", "2");
  const scripted = new ScriptedModel(turns);
  const player = play(cassette);
  assert.throws(() => player.assertComplete(), /2 of 2 recorded requests did not come/);

  assert.deepEqual(await ask(player, request("1")), await ask(scripted, request("1")));
  const [events, expected]: Event[][] = [[], []];
  await assert.rejects(ask(player, request("2"), events), { name: "TypeError", message: "cut" });
  await assert.rejects(ask(scripted, request("2"), expected));
  assert.deepEqual(events, expected);
  player.assertComplete();
});

test("a player fails at the first request that differs, and says where", async () => {
  const cassette = await recorded(new ScriptedModel([[assistantMessage("One")]]), "1");
  await assert.rejects(ask(play(cassette), request("2")), (error: unknown) => {
    return error instanceof CassetteError && /Request 1 .*request\.input\[0\]\.content was "1" and is "2"/.test(error.message);
  });
  const { signal, body: { instructions: _, ...body } } = request("1");
  const other = { body, signal };
  await assert.rejects(ask(play(cassette), other), /request\.instructions was "Be short\." and is absent/);
  await ask(play(cassette, { ignore: ["instructions"] }), other);

  const player = play(cassette);
  await ask(player, request("1"));
  await assert.rejects(ask(player, request("1")), /it has 1 requests, and this is request 2/);
});

test("fields that every object has in JavaScript are fields like others", async () => {
  const cassette = await recorded(new ScriptedModel([[assistantMessage("One")]]), "1");
  for (const name of ["constructor", "toString", "hasOwnProperty"]) {
    const { signal, body } = request("1");
    await assert.rejects(ask(play(cassette), { body: { ...body, [name]: "x" }, signal }), (error: unknown) => {
      return error instanceof CassetteError && error.message.includes(`request.${name} was absent and is "x"`);
    });
  }
});

test("an answer that the run let go of is played as far as it was recorded", async () => {
  const recorder = record(new ScriptedModel([[assistantMessage("One two three")]]));
  for await (const event of recorder.getStreamedResponse(request("1"))) {
    if ((event as Event).type === "response.output_text.delta") break;
  }
  assert.equal(recorder.cassette.exchanges[0]?.end, "stopped");
  const events: Event[] = [];
  await assert.rejects(ask(play(recorder.cassette), request("1"), events), /recorded only so far/);
  assert.deepEqual(types(events), types(recorder.cassette.exchanges[0]!.events));
});

test("a cassette has nothing that opens an MCP server", async () => {
  const server = { type: "mcp", server_label: "files", require_approval: "always" };
  const opened = (key: string): ModelRequest => ({
    ...request("1"),
    body: {
      ...request("1").body,
      tools: [
        { ...server, server_url: `https://mcp.example/${key}`, authorization: key, headers: { "X-Key": key } },
        { type: "shell", environment: { type: "container_auto", network_policy: { type: "allowlist", domain_secrets: [{ value: key }] } } },
        { type: "function", name: "send", parameters: { type: "object", properties: { headers: { type: "object" } } } },
      ],
    },
  });
  const recorder = record(new ScriptedModel([[assistantMessage("One")]]));
  await ask(recorder, opened("CANARY-1"));
  assert(!JSON.stringify(recorder).includes("CANARY"));
  const [named, shell, send] = recorder.cassette.exchanges[0]?.request.tools ?? [];
  assert.deepEqual(named, server);
  assert.deepEqual(shell, { type: "shell", environment: { type: "container_auto", network_policy: { type: "allowlist" } } });
  assert.deepEqual(send, { type: "function", name: "send", parameters: { type: "object", properties: { headers: { type: "object" } } } });
  await ask(play(JSON.stringify(recorder)), opened("CANARY-2"));
});

test("what is no cassette is refused", () => {
  assert.throws(() => play("<html>"), CassetteError);
  assert.throws(() => play({ version: 2, exchanges: [] } as unknown as Cassette), /its version is 2, not 1/);
  assert.throws(() => play("null"), CassetteError);
});
