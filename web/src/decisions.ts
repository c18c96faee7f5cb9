import type { DecisionRecord, DecisionTarget, Slot } from "./protocol.js";

/** A person's answer to a pending call. */
export interface Decision {
  readonly approve: boolean;
  /** For this call only, or for all calls of the tool. */
  readonly always: boolean;
  /** What the model is told of a rejection. */
  readonly message?: string | undefined;
}

/** Writes a decision where its call's records are. Twin of the record rules in runner/approvals.go. */
export function applyDecision(slot: Slot, target: DecisionTarget, callId: string, decision: Decision): void {
  target.records.forEach((place, index) => {
    // Always holds for the exact record. Other names of the tool get no part in it; the request of a hosted MCP call does.
    if (decision.always && index > 0 && place.list !== "hosted_mcp_approvals") return;
    const always = decision.always && index === 0;
    decide(recordAt(slot, place), callId, target.scope, { ...decision, always });
  });
}

function recordAt(slot: Slot, place: DecisionTarget["records"][number]): DecisionRecord {
  const decision: DecisionRecord = { approved: [], rejected: [] };
  switch (place.list) {
    case "approvals": {
      const records = (slot.approvals ??= {});
      if (!Object.hasOwn(records, place.tool_key)) setKey(records, place.tool_key, decision);
      return records[place.tool_key] as DecisionRecord;
    }
    case "function_tool_approvals": {
      const entries = (slot.function_tool_approvals ??= []);
      const { agent, tool_key } = place;
      const found = entries.find(
        (entry) =>
          entry.tool_key === tool_key &&
          entry.agent.name === agent.name &&
          (entry.agent.identity ?? entry.agent.name) === (agent.identity ?? agent.name),
      );
      if (!found) entries.push({ agent, tool_key, decision });
      return found?.decision ?? decision;
    }
    case "hosted_mcp_approvals": {
      const entries = (slot.hosted_mcp_approvals ??= []);
      const identity = canonical(place.identity);
      const found = entries.find((entry) => canonical(entry.identity) === identity);
      if (!found) entries.push({ identity: place.identity, decision });
      return found?.decision ?? decision;
    }
  }
}

function decide(record: DecisionRecord, callId: string, scope: string, decision: Decision): void {
  const { approve, always, message } = decision;
  if (always) {
    // What was said of other single calls is not overruled.
    const others = without(approve ? record.rejected : record.approved, callId);
    const calls = Array.isArray(others) ? others : [];
    record.approved = approve || (calls.length > 0 && calls);
    record.rejected = approve ? calls : true;
    record.sticky_scope = scope;
    if (approve) {
      for (const id of Object.keys(record.rejection_messages ?? {})) if (!calls.includes(id)) setMessage(record, id, undefined);
    } else {
      setMessage(record, callId, message);
    }
    delete record.sticky_rejection_message;
    if (!approve && message !== undefined) record.sticky_rejection_message = message;
    return;
  }
  if (approve) {
    record.rejected = without(record.rejected, callId);
    record.approved = including(record.approved, callId);
  } else {
    record.approved = without(record.approved, callId);
    record.rejected = including(record.rejected, callId);
  }
  setMessage(record, callId, approve ? undefined : message);
}

function without(side: boolean | string[], callId: string): boolean | string[] {
  return Array.isArray(side) ? side.filter((id) => id !== callId) : side;
}

function including(side: boolean | string[], callId: string): boolean | string[] {
  if (side === true) return true;
  const calls = side || [];
  return calls.includes(callId) ? calls : [...calls, callId];
}

function setMessage(record: DecisionRecord, callId: string, message: string | undefined): void {
  if (message !== undefined) {
    setKey((record.rejection_messages ??= {}), callId, message);
  } else if (record.rejection_messages) {
    delete record.rejection_messages[callId];
    if (Object.keys(record.rejection_messages).length === 0) delete record.rejection_messages;
  }
}

/** Sets a key that a model may have chosen: "__proto__" is a key like any other. */
function setKey<Value>(object: { [key: string]: Value }, key: string, value: Value): void {
  Object.defineProperty(object, key, { value, writable: true, enumerable: true, configurable: true });
}

function canonical(identity: unknown): string {
  const fields = Object.entries(identity as object).sort(([a], [b]) => (a < b ? -1 : 1));
  return JSON.stringify(fields);
}
