// The gate as a page meets it, with the engine: which call runs, and how often.
import assert from "node:assert/strict";
import { afterEach, test } from "node:test";
import { z } from "zod";
import { Agent, applyPatchTool, dispose, handoff, run, Runner, RunState, runStreamed, shellTool, tool, UserError } from "runstream";
import { assistantMessage, functionCall, ScriptedModel } from "runstream/testing";

afterEach(dispose);

const parameters = { type: "object", properties: { path: { type: "string" } }, required: ["path"] } as const;

/** A gated tool, and what it was run with. */
function deleting(): { ran: string[]; remove: ReturnType<typeof tool> } {
  const ran: string[] = [];
  const remove = tool({
    name: "remove", description: "", parameters, needsApproval: true,
    execute: ({ path }) => {
      ran.push(path);
      return "gone";
    },
  });
  return { ran, remove };
}

/** Two runs of an agent tool that wait on calls of one id. */
async function twins(paths: readonly [string, string]): Promise<{ agent: Agent; model: ScriptedModel; ran: string[]; state: RunState }> {
  const { ran, remove } = deleting();
  const inner = new Agent({ name: "Inner", tools: [remove] });
  const agent = new Agent({ name: "Outer", tools: [inner.asTool({ toolName: "ask" })] });
  const model = new ScriptedModel([
    [functionCall("ask", { input: "a" }, { callId: "call_0" }), functionCall("ask", { input: "b" }, { callId: "call_1" })],
    ...paths.map((path) => [functionCall("remove", { path }, { callId: "call_0" })]),
    [assistantMessage("One.")], [assistantMessage("Two.")], [assistantMessage("Both.")],
  ]);
  return { agent, model, ran, state: (await run(agent, "Hi", { model })).toState() };
}

test("of two calls of one id the one that is approved runs", async () => {
  for (const reload of [false, true]) {
    const { agent, model, ran, state } = await twins(["/etc", "/tmp"]);
    let now = reload ? await RunState.fromString(agent, state.toString()) : state;
    now.approve(now.interruptions.find((call) => call.arguments.includes("/tmp")) ?? assert.fail());
    if (reload) now = await RunState.fromString(agent, now.toString());
    const result = await run(agent, now, { model });
    assert.deepEqual(ran, ["/tmp"]);
    assert.deepEqual(result.interruptions.map((call) => call.arguments), ['{"path":"/etc"}']);
  }
});

test("of two calls that are alike each can be decided on, by the state's own items", async () => {
  const { agent, model, ran, state } = await twins(["/tmp", "/tmp"]);
  const [first, second] = state.interruptions;
  state.reject(second ?? assert.fail());
  state.approve(first ?? assert.fail());
  const result = await run(agent, state, { model });
  assert.deepEqual(ran, ["/tmp"]);
  assert.deepEqual(result.interruptions, []);
  assert.equal(result.finalOutput, "Both.");

  const again = await twins(["/tmp", "/tmp"]);
  const copy = await RunState.fromString(again.agent, again.state.toString());
  assert.throws(() => copy.approve(again.state.interruptions[0] ?? assert.fail()), /more than once pending/);
});

test("a tool that was running when the engine ended is not run again", async () => {
  const ran: string[] = [];
  const pay = tool({
    name: "pay", description: "", needsApproval: true,
    execute: () => {
      ran.push("paid");
      dispose();
      return new Promise<string>(() => {});
    },
  });
  const agent = new Agent({ name: "Clerk", tools: [pay], model: new ScriptedModel([[functionCall("pay", {}, { callId: "c" })]]) });
  const state = (await run(agent, "Hi")).toState();
  state.approve(state.interruptions[0] ?? assert.fail());
  await assert.rejects(run(agent, state), { name: "EngineDisposedError" });
  await assert.rejects(run(agent, state), /was begun, but its output was not kept/);
  await assert.rejects(run(agent, await RunState.fromString(agent, state.toString())), /was begun, but its output was not kept/);
  assert.deepEqual(ran, ["paid"]);
});

test("a state that is asked for while an approved tool runs says that it has begun", async () => {
  const { ran, remove } = deleting();
  let text = "";
  const slow = tool({
    name: "slow", description: "", needsApproval: true,
    execute: () => {
      text = going.toState().toString();
      assert.deepEqual(going.interruptions, [], "it waits for nobody");
      return "done";
    },
  });
  const agent = new Agent({
    name: "Clerk", tools: [remove, slow],
    model: new ScriptedModel([
      [functionCall("remove", { path: "/a" }, { callId: "a" }), functionCall("slow", {}, { callId: "b" })], [assistantMessage("Done.")],
    ]),
  });
  const state = (await run(agent, "Hi")).toState();
  for (const call of state.interruptions) state.approve(call);
  const going = new Runner({ maxToolConcurrency: 1 }).runStreamed(agent, state);
  await going.completed;
  assert.equal(going.finalOutput, "Done.");
  const back = await RunState.fromString(agent, text);
  await assert.rejects(run(agent, back), /was begun, but its output was not kept/);
  assert.deepEqual(ran, ["/a"]);
});

test("a shell's command is shown as the call's arguments, in the event, too", async () => {
  const action = { commands: ["rm -rf build"], timeout_ms: null, max_output_length: null };
  const model = new ScriptedModel([[{ type: "shell_call", call_id: "s", id: "sh_1", status: "completed", action }], [assistantMessage("Done.")]]);
  const agent = new Agent({ name: "Clerk", tools: [shellTool({ needsApproval: true, execute: () => ({ text: "" }) })] });
  const result = await run(agent, "Hi", { model });
  const [call] = result.interruptions;
  assert.deepEqual(JSON.parse(call?.arguments ?? ""), action);
  const item = result.newItems.find((one) => one.type === "tool_approval_item") ?? assert.fail();
  const state = result.toState();
  state.approve(item);
  assert.equal((await run(agent, state, { model })).finalOutput, "Done.");
});

test("who decides is shown what runs, whatever the model has written beside it", async () => {
  const [del, look] = [{ type: "delete_file", path: "a" }, { commands: ["ls"] }];
  const patch = { type: "apply_patch_call", call_id: "c", id: "p_1", status: "completed" };
  for (const [call, shown] of [
    [{ ...patch, operation: del, arguments: '{"path":"harmless"}', action: look }, del],
    [{ ...patch, operations: [del, del], input: "harmless" }, [del, del]],
    [{ type: "shell_call", call_id: "c", id: "s_1", status: "completed", action: look, arguments: "harmless" }, look],
  ] as const) {
    const seen: string[] = [];
    const needsApproval = (_: unknown, text: string): boolean => Boolean(seen.push(text));
    const tools = [shellTool({ needsApproval, execute: () => ({ text: "" }) }), applyPatchTool({ needsApproval, execute: () => {} })];
    const { interruptions } = await run(new Agent({ name: "Clerk", tools }), "Hi", { model: new ScriptedModel([[call]]) });
    assert.deepEqual([interruptions[0]?.arguments, ...seen].map((text) => JSON.parse(text ?? "") as unknown), [shown, shown]);
  }
});

test("no input can be added where a waiting tool may end the run", async () => {
  const { remove } = deleting();
  for (const toolUseBehavior of ["stop_on_first_tool", { stopAtToolNames: ["remove"] }] as const) {
    const model = new ScriptedModel([[functionCall("remove", { path: "/a" }, { callId: "a" })]]);
    const state = (await run(new Agent({ name: "Clerk", tools: [remove], toolUseBehavior }), "Hi", { model })).toState();
    assert.throws(() => state.addInput("And?"), /may end without another model call/);
  }
});

test("what is undefined in a run's options leaves its Runner's in place", async () => {
  const tripped = { name: "g", execute: () => ({ tripwireTriggered: true }) };
  const runner = new Runner({ inputGuardrails: [tripped], modelSettings: { temperature: 0.5 } });
  const model = new ScriptedModel([[assistantMessage("No.")], [assistantMessage("Yes.")]]);
  const agent = new Agent({ name: "Clerk" });
  await assert.rejects(runner.run(agent, "Hi", { model, inputGuardrails: undefined }), { name: "InputGuardrailTripwireTriggered" });
  await new Runner({ modelSettings: { temperature: 0.5 } }).run(agent, "Hi", { model, modelSettings: { temperature: undefined, topP: 1 } });
  assert.deepEqual(model.calls.at(-1)?.request.body["temperature"], 0.5);
});

test("a handoff's input that does not fit is the model's mistake", async () => {
  const next = new Agent({ name: "Next" });
  const agent = new Agent({ name: "Clerk", handoffs: [handoff(next, { inputType: z.object({ why: z.string() }), onHandoff: () => assert.fail() })] });
  const model = new ScriptedModel([[functionCall("transfer_to_next", {}, { callId: "h" })]]);
  await assert.rejects(run(agent, "Hi", { model }), { name: "ModelBehaviorError" });
});

test("a resumed run that is left at its first event has run nothing, and goes on later", async () => {
  for (const inside of [false, true]) {
    const { ran, remove } = deleting();
    const inner = new Agent({ name: "Inner", tools: [remove] });
    const agent = inside ? new Agent({ name: "Outer", tools: [inner.asTool({ toolName: "ask" })] }) : inner;
    const before = inside ? [[functionCall("ask", { input: "a" }, { callId: "call_0" })]] : [];
    const after = inside ? [[assistantMessage("In.")]] : [];
    const model = new ScriptedModel([
      ...before, [functionCall("remove", { path: "/tmp" }, { callId: "call_1" })], ...after, [assistantMessage("Done.")],
    ]);
    const state = (await run(agent, "Hi", { model })).toState();
    state.approve(state.interruptions[0] ?? assert.fail());
    const left = runStreamed(agent, state, { model });
    for await (const _ of left) break;
    assert.deepEqual([ran, left.toInputList().map((item) => item.type ?? "message")], [[], ["message"]]);
    const result = await run(agent, await RunState.fromString(agent, left.toState().toString()), { model });
    assert.deepEqual([ran, result.finalOutput], [["/tmp"], "Done."]);
  }
});

test("a resumed run that is stopped before it starts, or cannot, has what its state has", async () => {
  const { remove } = deleting();
  const agent = new Agent({ name: "A", tools: [remove] });
  const calls = [functionCall("remove", { path: "/a" }, { callId: "c1" }), functionCall("remove", { path: "/b" }, { callId: "c2" })];
  const model = new ScriptedModel([calls, [assistantMessage("Done.")]]);
  const state = (await run(agent, "Hi", { model })).toState();
  state.approve(state.interruptions[0] ?? assert.fail());
  state.reject(state.interruptions[1] ?? assert.fail(), "not that one");
  state.addInput("and hurry");
  for (const options of [{ model, signal: AbortSignal.abort() }, { model: {} as ScriptedModel }, { model }]) {
    const left = runStreamed(agent, state, options);
    left.cancel();
    await left.completed.catch(() => {});
    assert.equal(left.toState().toString(), state.toString());
    assert.deepEqual([left.interruptions.length, left.usage.requests, left.toInputList().length], [2, 1, 3]);
  }
  const copy = runStreamed(agent, state, { model, signal: AbortSignal.abort() }).toState();
  state.clearPendingInput();
  assert.match(copy.toString(), /and hurry/);
});

test("a state that a run has is in no other result, so that nothing runs twice", async () => {
  const { ran, remove } = deleting();
  const agent = new Agent({ name: "A", tools: [remove] });
  const model = new ScriptedModel([[functionCall("remove", { path: "/a" }, { callId: "c1" })], [assistantMessage("Done.")]]);
  const state = (await run(agent, "Hi", { model })).toState();
  state.approve(state.interruptions[0] ?? assert.fail());
  const [first, second] = [runStreamed(agent, state, { model }), runStreamed(agent, state, { model })]; // a double click
  await assert.rejects(second.completed, /belongs to a run that is going on/);
  assert.throws(() => second.toState(), UserError);
  await first.completed;
  assert.deepEqual(ran, ["/a"]);
});

test("a reader may wait for what a tool of a resumed run does", async () => {
  let done = (): void => {};
  const ran = new Promise<void>((resolve) => (done = resolve));
  const remove = tool({ name: "remove", description: "", needsApproval: true, execute: () => done() });
  const agent = new Agent({ name: "A", tools: [remove] });
  const model = new ScriptedModel([[functionCall("remove", {}, { callId: "c1" })], [assistantMessage("Done.")]]);
  const state = (await run(agent, "Hi", { model })).toState();
  state.approve(state.interruptions[0] ?? assert.fail());
  const result = runStreamed(agent, state, { model });
  for await (const event of result) if (event.type === "agent_updated_stream_event") await ran;
  assert.equal(result.finalOutput, "Done.");
});
