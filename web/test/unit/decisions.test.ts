import assert from "node:assert/strict";
import { test } from "node:test";
import vectors from "../../../runner/testdata/decisions.json";
import { applyDecision, type Decision } from "../../src/decisions.js";
import type { DecisionRecord, DecisionTarget, Slot } from "../../src/protocol.js";

/** One edit of a decision record, as the Go engine writes it. */
interface Vector {
  readonly before: DecisionRecord;
  readonly call_id: string;
  readonly scope: string;
  readonly decision: Decision;
  readonly after: DecisionRecord;
}

const edits = vectors as unknown as readonly Vector[];

test("the page writes every decision as the engine does", () => {
  assert.ok(edits.length > 0);
  for (const { before, call_id, scope, decision, after } of edits) {
    const agent = { name: "A" };
    const slot: Slot = { function_tool_approvals: [{ agent, tool_key: "delete_file", decision: structuredClone(before) }] };
    const target: DecisionTarget = { slot: 0, scope, records: [{ list: "function_tool_approvals", agent, tool_key: "delete_file" }] };
    applyDecision(slot, target, call_id, decision);
    const said = `${JSON.stringify(before)}, then ${call_id}: ${JSON.stringify(decision)}`;
    assert.deepEqual(JSON.parse(JSON.stringify(slot.function_tool_approvals?.[0]?.decision)), after, said);
  }
});
