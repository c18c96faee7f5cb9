import assert from "node:assert/strict";
import { before, test } from "node:test";
import { Agent, configure, RunState, type RunToolApprovalItem, UserError } from "../../src/index.js";
import type { InterruptionData, Slot, Snapshot } from "../../src/protocol.js";
import { loadState } from "../../src/state.js";
import { FakeEngine, interruption, snapshot } from "./fake_engine.js";
import { settled } from "./waiting.js";

before(() => configure({ baseURL: "https://models.example/v1" }));

const agent = new Agent({ name: "Triage" });
const interrupted = { document: { current_step: { type: "next_step_interruption", data: { response_accepted: false } } } };

/** A state whose snapshot is `now`. */
async function stateOf(now: Snapshot): Promise<RunState> {
  return (await new FakeEngine((run) => run.end(now)).runner.run(agent, "Hi")).toState();
}

function waiting(...interruptions: InterruptionData[]): Promise<RunState> {
  return stateOf(snapshot({ ...interrupted, interruptions }));
}

/** The decisions of a document. */
function decisions(state: RunState): NonNullable<Slot["function_tool_approvals"]> {
  return (JSON.parse(state.toString()) as { context: Slot }).context.function_tool_approvals ?? [];
}

test("the document is the engine's own text, and a decision changes nothing else in it", async () => {
  const state = await waiting(interruption("c1", "delete_file", '{"path":"a"}'));
  const before = state.toString();
  assert.equal(
    before,
    '{"$schemaVersion":"1.21","current_turn":1,"max_turns":10,"current_step":{"type":"next_step_interruption",' +
      '"data":{"response_accepted":false}}, "pending_input":[], "context": {"approvals":{}, ' +
      '"tool_invocations": {"c1": {"n": 1.0}}}, "tail": 12345678901234567890}',
  );
  const [item] = state.interruptions;
  state.approve(item ?? assert.fail());
  assert.equal(
    state.toString(),
    before.replace(
      '"approvals":{}',
      '"approvals":{},"function_tool_approvals":[{"agent":{"name":"Triage"},"tool_key":"delete_file",' +
        '"decision":{"approved":["c1"],"rejected":[]}}]',
    ),
  );
  assert.deepEqual(JSON.parse(JSON.stringify(state)), JSON.parse(state.toString()));
});

const c1 = interruption("c1", "delete_file", "{}");
const c2 = interruption("c2", "delete_file", "{}");

const rules: { readonly [rule: string]: { act: (state: RunState) => void; record: object } } = {
  "approve": { act: (state) => state.approve(one(state, "c1")), record: { approved: ["c1"], rejected: [] } },
  "approve twice": {
    act: (state) => {
      state.approve(one(state, "c1"));
      state.approve(one(state, "c1"));
    },
    record: { approved: ["c1"], rejected: [] },
  },
  "reject with words": {
    act: (state) => state.reject(one(state, "c1"), "never"),
    record: { approved: [], rejected: ["c1"], rejection_messages: { c1: "never" } },
  },
  "reject": { act: (state) => state.reject(one(state, "c1")), record: { approved: [], rejected: ["c1"] } },
  "reject with a message, also an empty one": {
    act: (state) => {
      state.reject(one(state, "c1"), { message: "never" });
      state.reject(one(state, "c2"), { message: "" });
    },
    record: { approved: [], rejected: ["c1", "c2"], rejection_messages: { c1: "never", c2: "" } },
  },
  "approve after a rejection": {
    act: (state) => {
      state.reject(one(state, "c1"), { message: "never" });
      state.approve(one(state, "c1"));
    },
    record: { approved: ["c1"], rejected: [] },
  },
  "reject after an approval": {
    act: (state) => {
      state.approve(one(state, "c1"));
      state.reject(one(state, "c1"));
    },
    record: { approved: [], rejected: ["c1"] },
  },
  "always approve": {
    act: (state) => {
      state.reject(one(state, "c2"), { message: "no" });
      state.approve(one(state, "c1"), { alwaysApprove: true });
    },
    record: { approved: true, rejected: ["c2"], rejection_messages: { c2: "no" }, sticky_scope: "scope of delete_file" },
  },
  "always reject": {
    act: (state) => state.reject(one(state, "c1"), { alwaysReject: true, message: "never" }),
    record: {
      approved: false,
      rejected: true,
      rejection_messages: { c1: "never" },
      sticky_rejection_message: "never",
      sticky_scope: "scope of delete_file",
    },
  },
  "always reject without a message after one with": {
    act: (state) => {
      state.reject(one(state, "c1"), { alwaysReject: true, message: "never" });
      state.reject(one(state, "c1"), { alwaysReject: true });
    },
    record: { approved: false, rejected: true, sticky_scope: "scope of delete_file" },
  },
  "approve one after always reject": {
    act: (state) => {
      state.reject(one(state, "c1"), { alwaysReject: true });
      state.approve(one(state, "c2"));
    },
    record: { approved: ["c2"], rejected: true, sticky_scope: "scope of delete_file" },
  },
  "reject one after always approve": {
    act: (state) => {
      state.approve(one(state, "c1"), { alwaysApprove: true });
      state.reject(one(state, "c2"), { message: "not this" });
    },
    record: {
      approved: true,
      rejected: ["c2"],
      rejection_messages: { c2: "not this" },
      sticky_scope: "scope of delete_file",
    },
  },
  "approve one after always approve": {
    act: (state) => {
      state.approve(one(state, "c1"), { alwaysApprove: true });
      state.approve(one(state, "c2"));
    },
    record: { approved: true, rejected: [], sticky_scope: "scope of delete_file" },
  },
};

function one(state: RunState, callId: string): RunState["interruptions"][number] {
  return state.interruptions.find((item) => item.callId === callId) ?? assert.fail(`${callId} is not pending`);
}

for (const [rule, { act, record }] of Object.entries(rules)) {
  test(`decision: ${rule}`, async () => {
    const state = await waiting(c1, c2);
    act(state);
    assert.deepEqual(decisions(state).map((entry) => entry.decision), [record]);
  });
}

test("a call with two keys is decided on under both, always only under the exact one", async () => {
  const records = (["deferred_top_level:find", "find"] as const).map(
    (tool_key) => ({ list: "function_tool_approvals", agent: { name: "Triage" }, tool_key }) as const,
  );
  const call: InterruptionData = { ...interruption("c1", "find", "{}"), target: { slot: 1, records, scope: "s" } };
  const once = await waiting(call);
  once.approve(one(once, "c1"));
  assert.deepEqual(decisions(once).map((entry) => [entry.tool_key, entry.decision.approved]), [
    ["deferred_top_level:find", ["c1"]],
    ["find", ["c1"]],
  ]);
  const always = await waiting(call);
  always.approve(one(always, "c1"), { alwaysApprove: true });
  assert.deepEqual(decisions(always).map((entry) => entry.tool_key), ["deferred_top_level:find"]);
});

test("the same tool of two agents has two records", async () => {
  const state = await waiting(c1, interruption("c3", "delete_file", "{}", { name: "Triage", identity: "Triage#2" }));
  state.approve(one(state, "c1"), { alwaysApprove: true });
  state.reject(one(state, "c3"));
  assert.deepEqual(decisions(state).map((entry) => [entry.agent.identity, entry.decision.approved]), [
    [undefined, true],
    ["Triage#2", []],
  ]);
});

test("a call id that a model made up is a key like any other", async () => {
  const state = await waiting(interruption("__proto__", "delete_file", "{}"));
  state.reject(one(state, "__proto__"), { message: "no" });
  assert(state.toString().includes('"rejection_messages":{"__proto__":"no"}'));
  assert.equal(({} as { no?: string }).no, undefined);
});

test("a decision on what is not pending is refused, be it another call or other arguments", async () => {
  const state = await waiting(c1);
  const item = one(state, "c1");
  const none = [undefined, null, {}, [item], "c1"] as unknown as RunToolApprovalItem[];
  for (const other of [{ ...item, callId: "c9" }, { ...item, arguments: '{"path":"/"}' }, { ...item, name: "other" }, ...none]) {
    assert.throws(() => state.approve(other), UserError);
    assert.throws(() => state.reject(other), /not pending/);
  }
  assert.deepEqual(decisions(state), []);
});

test("items of the result can be decided on, and each state is a copy of its own", async () => {
  const engine = new FakeEngine((run) => run.end(snapshot({ ...interrupted, interruptions: [c1] })));
  const result = await engine.runner.run(agent, "Hi");
  const [first, second] = [result.toState(), result.toState()];
  first.approve(result.interruptions[0] ?? assert.fail());
  assert.equal(decisions(first).length, 1);
  assert.equal(decisions(second).length, 0);
  assert.equal(decisions(result.toState()).length, 0);
});

test("input is staged in the document, copied, as the SDK writes it", async () => {
  const state = await waiting(c1);
  const item = { role: "user", content: "and this" };
  state.addInput("wait");
  state.addInput([item]);
  item.content = "changed later";
  const { pending_input } = JSON.parse(state.toString()) as Slot;
  assert.deepEqual(pending_input, [{ role: "user", content: "wait" }, { role: "user", content: "and this" }]);
});

test("input that is neither a text nor items is refused, and stages nothing", async () => {
  const state = await waiting(c1);
  const circular: object[] = [];
  circular.push({ circular });
  const deep = (levels: number): object => (levels > 0 ? { content: deep(levels - 1) } : {});
  const none = [null, undefined, ["x"], [null], 5, [new Date()], [["a"]], [, {}], {}, [{}, deep(100)]];
  for (const input of [...none, circular, [{ atoms: 1n }], [{ go: () => {} }], [{ n: NaN }]] as unknown as string[]) {
    assert.throws(() => state.addInput(input), (error: unknown) => error instanceof UserError && /items/i.test(error.message));
  }
  assert.deepEqual((JSON.parse(state.toString()) as Slot).pending_input, []);
  state.addInput([deep(99)]);
  assert.equal((JSON.parse(state.toString()) as Slot).pending_input?.length, 1);
});

test("staged input can be taken back, and nothing else goes with it", async () => {
  const state = await waiting(c1);
  state.approve(one(state, "c1"));
  const before = state.toString();
  state.addInput("wait");
  state.clearPendingInput();
  assert.equal(state.toString(), before);
});

test("the words of a rejection are text, and none where there are none", async () => {
  for (const [message, told] of [[null, undefined], [new Error("no"), "Error: no"], ["", ""]] as const) {
    const state = await waiting(c1);
    state.reject(one(state, "c1"), { message: message as unknown as string });
    assert.equal(state.toString().includes("rejection_messages"), told !== undefined);
    if (told !== undefined) assert(state.toString().includes(`"c1":${JSON.stringify(told)}`));
  }
});

test("input is refused where no model call follows", async () => {
  await assert.rejects(async () => (await stateOf(snapshot())).addInput("x"), /has ended/);
  const atLimit = snapshot({ document: { ...interrupted.document, current_turn: 2, max_turns: 2 } });
  await assert.rejects(async () => (await stateOf(atLimit)).addInput("x"), /no model call left/);
  const accepted = snapshot({ document: { current_step: { type: "next_step_interruption", data: { response_accepted: true } } } });
  await assert.rejects(async () => (await stateOf(accepted)).addInput("x"), UserError);
});

test("a state belongs to the run that goes on with it, and is then where that run ended", async () => {
  const states: string[] = [];
  const engine = new FakeEngine(async (run) => {
    if ("state" in run.spec.input) states.push(run.spec.input.state);
    await settled();
    run.end(snapshot({ finalOutput: "done", document: { current_turn: states.length + 1 } }));
  });
  const state = await waiting(c1);
  const item = one(state, "c1");
  state.approve(item);
  const paused = state.toString();

  const first = engine.runner.runStreamed(agent, state);
  const second = engine.runner.runStreamed(agent, state);
  await assert.rejects(second.completed, /belongs to a run that is going on/);
  assert.throws(() => state.approve(item), UserError);
  assert.throws(() => state.addInput("x"), UserError);
  await first.completed;

  assert.equal(state.toString(), first.toState().toString());
  assert.deepEqual(state.interruptions, []);
  const again = engine.runner.runStreamed(agent, state);
  assert.equal(again.finalOutput, undefined, "the output of the run before is not its own");
  await again.completed;
  assert.equal(again.finalOutput, "done");
  assert.equal(states[0], paused);
  assert.notEqual(states[1], paused);
  assert.equal((JSON.parse(states[1] ?? "") as { current_turn: number }).current_turn, 2);
});

test("a state is free again, and as it was, when its run could not start", async () => {
  const engine = new FakeEngine((run) => run.end(undefined, { name: "UserError", message: "no such agent" }));
  const state = await waiting(c1);
  const before = state.toString();
  await assert.rejects(engine.runner.run(agent, state), UserError);
  assert.equal(state.toString(), before);
  state.approve(one(state, "c1"));
});

test("a resumed result shows what the state knew until it knows better", async () => {
  const engine = new FakeEngine((run) => run.text("a"));
  const state = await waiting(c1);
  const result = engine.runner.runStreamed(agent, state);
  assert.equal(result.currentTurn, 1);
  assert.deepEqual(result.toInputList(), [{ role: "user", content: "Hi" }]);
  result.cancel();
  await result.completed;
});

test("fromString loads through the engine, with the user's own agents", async () => {
  configure({ baseURL: "" });
  const specialist = new Agent({ name: "Specialist" });
  const root = new Agent({ name: "Triage", handoffs: [specialist] });
  const engine = new FakeEngine((run) => {
    assert.deepEqual([run.spec.load, run.spec.input], [true, { state: "stored" }]);
    run.end(snapshot({ ...interrupted, interruptions: [interruption("c1", "t", "{}", { name: "Specialist" })] }));
  });
  const state = await loadState(root, "stored", engine);
  assert.equal(one(state, "c1").agent, specialist);
  state.approve(one(state, "c1"));
  assert.equal(decisions(state).length, 1);
  configure({ baseURL: "https://models.example/v1" });
});

test("fromString rejects with the engine's error, and without a text", async () => {
  const engine = new FakeEngine((run) => run.end(undefined, { name: "UserError", message: "Failed to parse run state JSON" }));
  await assert.rejects(loadState(agent, "{", engine), { name: "UserError", message: "Failed to parse run state JSON" });
  await assert.rejects(RunState.fromString(agent, null), /no state to load/);
});

test("a result reads its items and responses out of the document", async () => {
  const usage = { requests: 1, input_tokens: 2, output_tokens: 3, total_tokens: 5 };
  const raw = { id: "m1", type: "message", role: "assistant", content: [{ type: "output_text", text: "Hello" }] };
  const now = snapshot({
    document: {
      session_items: [
        { type: "message_output_item", agent: { name: "Triage" }, raw_item: raw },
        { type: "tool_approval_item", agent: { name: "Gone" }, raw_item: { type: "function_call", call_id: "c1", name: "t", namespace: "n", arguments: "{}" } },
      ],
      model_responses: [{ output: [raw], usage, response_id: "r1", request_id: null }],
    },
  });
  const result = await new FakeEngine((run) => run.end(now)).runner.run(agent, "Hi");
  const [said, pending] = result.newItems;
  assert(said?.type === "message_output_item" && said.agent === agent);
  assert.deepEqual(said.rawItem, raw);
  assert(pending?.type === "tool_approval_item");
  assert.deepEqual([pending.agent.name, pending.name, pending.namespace, pending.callId, pending.arguments], ["Gone", "t", "n", "c1", "{}"]);
  assert.deepEqual(result.rawResponses, [
    { output: [raw], usage: { requests: 1, inputTokens: 2, outputTokens: 3, totalTokens: 5 }, responseId: "r1" },
  ]);
  assert.deepEqual(result.usage, { requests: 1, inputTokens: 2, outputTokens: 3, totalTokens: 5 });
  assert.equal(result.lastResponseId, "resp_1");
});

test("before its first turn has ended a run has input and no state", async () => {
  const engine = new FakeEngine((run) => run.text("a"));
  const result = engine.runner.runStreamed(agent, "Hi", { maxTurns: 3 });
  assert.deepEqual(result.toInputList(), [{ content: "Hi", role: "user" }]);
  assert.deepEqual([result.currentTurn, result.maxTurns, result.newItems, result.lastAgent], [0, 3, [], agent]);
  assert.throws(() => result.toState(), UserError);
  result.cancel();
  await result.completed;
});
