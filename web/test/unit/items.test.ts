import assert from "node:assert/strict";
import { test } from "node:test";
import type { RunItem, RunMessageOutputItem } from "../../src/index.js";
import { Agent, ItemHelpers } from "../../src/index.js";

const agent = new Agent({ name: "A" });

function said(...content: { type: string; text?: string; refusal?: string }[]): RunMessageOutputItem {
  return { type: "message_output_item", agent, rawItem: { type: "message", id: "m", role: "assistant", content } };
}

test("the texts of messages are joined, refusals and other items left out", () => {
  const message = said({ type: "output_text", text: "Hel" }, { type: "refusal", refusal: "no" }, { type: "output_text", text: "lo" });
  const call: RunItem = { type: "tool_call_item", agent, callId: "c1", rawItem: { type: "function_call" } };
  assert.equal(ItemHelpers.textMessageOutput(message), "Hello");
  assert.equal(ItemHelpers.textMessageOutputs([message, call, said({ type: "output_text", text: "!" })]), "Hello!");
  assert.equal(ItemHelpers.extractText(message.rawItem), "Hello");
  assert.equal(ItemHelpers.extractRefusal(message.rawItem), "no");
});

test("the last part of a message is its text or its refusal", () => {
  const refused = said({ type: "output_text", text: "Well" }, { type: "refusal", refusal: "no" }).rawItem;
  assert.equal(ItemHelpers.extractLastText(refused), undefined);
  assert.equal(ItemHelpers.extractLastContent(refused), "no");
  const text = said({ type: "output_text", text: "yes" }).rawItem;
  assert.equal(ItemHelpers.extractLastText(text), "yes");
  assert.equal(ItemHelpers.extractLastContent(text), "yes");
});

test("what is no message, or a broken one, has no text", () => {
  for (const odd of [{ type: "reasoning" }, { type: "message" }, { type: "message", content: "text" }, said().rawItem]) {
    assert.equal(ItemHelpers.extractText(odd), undefined);
    assert.equal(ItemHelpers.extractLastText(odd), undefined);
    assert.equal(ItemHelpers.extractLastContent(odd), "");
    assert.equal(ItemHelpers.extractRefusal(odd), undefined);
  }
});

test("input becomes a list of items", () => {
  assert.deepEqual(ItemHelpers.inputToNewInputList("Hi"), [{ content: "Hi", role: "user" }]);
});

test("an item is written as JSON with its agent's name alone, whatever the agents refer to", () => {
  const a = new Agent({ name: "A", instructions: "Secret." });
  a.handoffs.push(new Agent({ name: "B", handoffs: [a] }));
  const item = { ...said({ type: "output_text", text: "Hi" }), agent: a };
  assert.deepEqual(JSON.parse(JSON.stringify(item)), { ...item, agent: { name: "A" } });
});
