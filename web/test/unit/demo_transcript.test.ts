// What the demo's chat makes of a run's events.
import assert from "node:assert/strict";
import { test } from "node:test";
import { Agent, type RunStreamEvent } from "runstream";
import { Transcript, type Entry } from "../../demo/transcript.js";

const triage = new Agent({ name: "Triage" });
const janitor = new Agent({ name: "Janitor" });

const started = { type: "agent_updated_stream_event", newAgent: triage };
const delta = (item_id: string, delta: string, kind = "output_text") => ({
  type: "raw_response_event",
  data: { type: `response.${kind}.delta`, item_id, delta },
});
const item = (name: string, fields: object) => ({ type: "run_item_stream_event", name, item: { agent: triage, ...fields } });
const message = (id: string, ...content: object[]) => item("message_output_created", { rawItem: { type: "message", id, content } });
const called = (callId: string) =>
  item("tool_called", { callId, toolName: "delete_file", rawItem: { type: "function_call", arguments: '{"path":"a"}' } });
const output = (callId: string, output: unknown) => item("tool_output", { callId, output, rawItem: {} });

/** The entries that these events make, beside those of before. */
function read(events: object[], before: Entry[] = []): Entry[] {
  const transcript = new Transcript(before, { added() {}, changed() {}, grew() {} });
  for (const event of events) transcript.take(event as RunStreamEvent);
  transcript.close();
  return transcript.entries;
}

test("deltas grow a message of the agent at work, and the whole message has the last word", () => {
  const [entry] = read([started, delta("m1", "Hel"), delta("m1", "lo"), message("m1", { type: "output_text", text: "Hello!" })]);
  assert.deepEqual(entry, { kind: "message", agent: "Triage", text: "Hello!", state: "done" });
});

test("a message that came without deltas is shown, and so is a refusal", () => {
  const texts = read([
    started,
    message("m1", { type: "output_text", text: "Hello!" }),
    delta("m2", "No", "refusal"),
    message("m2", { type: "refusal", refusal: "No." }),
  ]).map((entry) => entry.kind === "message" && entry.text);
  assert.deepEqual(texts, ["Hello!", "No."]);
});

test("a message that was cut off says so", () => {
  const [entry] = read([started, delta("m1", "Onc")]);
  assert.deepEqual(entry, { kind: "message", agent: "Triage", text: "Onc", state: "cut" });
});

test("a handoff names both agents, and later text is the new one's", () => {
  const entries = read([
    started,
    item("handoff_occured", { sourceAgent: triage, targetAgent: janitor }),
    { type: "agent_updated_stream_event", newAgent: janitor },
    delta("m1", "Hi"),
  ]);
  assert.deepEqual(entries[0], { kind: "handoff", from: "Triage", to: "Janitor" });
  assert.equal(entries[1]?.kind === "message" && entries[1].agent, "Janitor");
});

test("a tool's outcome follows from its output", () => {
  const failure = "An error occurred while running the tool. Please try again.";
  const [done, failed, stopped] = read([started, called("c1"), called("c2"), called("c3"), output("c1", { ok: 1 }), output("c2", failure)]);
  assert.deepEqual(done?.kind === "tool" && [done.state, done.output], ["done", '{"ok":1}']);
  assert.equal(failed?.kind === "tool" && failed.state, "failed");
  assert.equal(stopped?.kind === "tool" && stopped.state, "stopped");
});

test("the output of a call that was rejected before a reload is a rejection", () => {
  const rejected: Entry = { kind: "tool", agent: "Triage", callId: "c1", name: "delete_file", arguments: "{}", state: "rejected" };
  const [entry] = read([started, output("c1", "Keep it.")], [rejected]);
  assert.deepEqual(entry?.kind === "tool" && [entry.state, entry.output], ["rejected", "Keep it."]);
});

test("events of an unknown type change nothing", () => {
  const unknown = [{ type: "raw_response_event", data: { type: "response.future", item_id: "m1" } }, item("a_later_name", {})];
  assert.deepEqual(read([started, ...unknown]), []);
});
