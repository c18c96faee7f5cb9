// What a page gives its runs, in forms that are as good as any, and in such that are none.
import assert from "node:assert/strict";
import { afterEach, test } from "node:test";
import type { GuardrailFunctionOutput, Hooks, InputGuardrail, Model, RunContext, RunOptions, ToolInputGuardrail } from "runstream";
import { Agent, applyPatchTool, customTool, dispose, handoff, InputGuardrailTripwireTriggered, run, shellTool, tool, UserError } from "runstream";
import type { StreamedItem } from "runstream/testing";
import { assistantMessage, functionCall, ScriptedModel } from "runstream/testing";

afterEach(dispose);

const callsOnce = (): ScriptedModel => new ScriptedModel([[functionCall("look", {}, { callId: "c1" })], [assistantMessage("Done.")]]);

test("hooks, guardrails and tools may be objects of classes, which keep what they know", async () => {
  class Log implements Hooks {
    readonly lines: string[] = [];
    onAgentStart({ agent }: RunContext): void {
      this.lines.push(`start ${agent.name}`);
    }
    onModelEnd(): void {
      this.lines.push("model");
    }
    onToolEnd(): void {
      this.lines.push("tool");
    }
    onAgentEnd(): void {
      this.lines.push("end");
    }
  }
  class Guard implements InputGuardrail, ToolInputGuardrail {
    readonly name = "guard";
    looked = 0;
    execute(): GuardrailFunctionOutput & { behavior: "allow" } {
      this.looked++;
      return { tripwireTriggered: false, behavior: "allow" };
    }
  }
  class Look {
    readonly name = "look";
    readonly description = "";
    readonly inputGuardrails = [new Guard()];
    readonly found = "a door";
    readonly asked: string[] = [];
    isEnabled(): boolean {
      return this.found === "a door";
    }
    needsApproval(_: RunContext, __: unknown, callId: string): boolean {
      this.asked.push(callId);
      return false;
    }
    customDataExtractor(): string {
      return this.found;
    }
    execute(): string {
      return this.found;
    }
  }
  const [log, guard, look, model] = [new Log(), new Guard(), new Look(), callsOnce()];
  const agent = new Agent({ name: "A", model, tools: [tool(look)], inputGuardrails: [guard], outputGuardrails: [guard as never] });
  const result = await run(agent, "Go.", { hooks: log });
  assert.deepEqual(log.lines, ["start A", "model", "tool", "model", "end"]);
  assert.deepEqual([guard.looked, look.inputGuardrails[0]?.looked], [2, 1]);
  assert.match(JSON.stringify(model.calls[1]?.request.body), /a door/);
  assert.deepEqual([look.asked, result.newItems.flatMap((item) => item.type === "tool_call_output_item" ? item.customData : [])], [["c1"], ["a door"]]);
});

test("a class's own gates, handoffs and options count, and keep their this", async () => {
  class Gated {
    readonly name = "edit";
    readonly description = "";
    ran = 0;
    execute(): string {
      this.ran++;
      return "done";
    }
    needsApproval(): boolean {
      return this.ran === 0;
    }
  }
  class GatedShell {
    get needsApproval(): boolean {
      return true;
    }
    execute(): { text: string } {
      return { text: "never" };
    }
  }
  class Hidden {
    get isEnabled(): boolean {
      return false;
    }
  }
  class Options {
    readonly #looked: string[];
    constructor(looked: string[]) {
      this.#looked = looked;
    }
    get inputGuardrails(): InputGuardrail[] {
      return [{ name: "g", execute: () => (this.#looked.push("g"), { tripwireTriggered: false }) }];
    }
  }
  const calls = [
    { type: "custom_tool_call", id: "i1", call_id: "c1", name: "edit", input: "x" },
    { type: "shell_call", id: "i3", call_id: "c2", status: "completed", action: { commands: ["rm x"] } },
    { type: "apply_patch_call", id: "i2", call_id: "c3", status: "completed", operation: { type: "delete_file", path: "x" } },
  ];
  const model = new ScriptedModel([calls as StreamedItem[], [assistantMessage("Done.")]]);
  const [custom, patch, looked] = [new Gated(), new Gated(), [] as string[]];
  const other = new Agent({ name: "Other", model });
  const agent = new Agent({
    name: "A", model, tools: [customTool(custom), applyPatchTool(patch), shellTool(new GatedShell())], handoffs: [handoff(other, new Hidden())],
  });
  const paused = await run(agent, "Go.", new Options(looked) as RunOptions);
  assert.deepEqual(paused.interruptions.map(({ callId }) => callId), ["c1", "c2", "c3"]);
  assert.deepEqual([looked, custom.ran, patch.ran], [["g"], 0, 0]);
  assert.doesNotMatch(JSON.stringify(model.calls[0]?.request.body), /transfer_to/);
  const state = paused.toState();
  state.approve(state.interruptions[0]!);
  state.reject(state.interruptions[1]!);
  state.approve(state.interruptions[2]!);
  assert.equal((await run(agent, state)).finalOutput, "Done.");
  assert.deepEqual([custom.ran, patch.ran], [1, 1]);
});

test("what a function must give is said where it gives something else", async () => {
  const look = tool({ name: "look", description: "", execute: () => "a door" });
  const nothing = (() => {}) as never;
  for (const [options, words] of [
    [{ inputGuardrails: [{ name: "g", execute: nothing }] }, "guardrail g must give { tripwireTriggered: true } or { tripwireTriggered: false }"],
    [{ outputGuardrails: [{ name: "g", execute: () => ({ tripped: false }) as never }] }, "guardrail g must give { tripwireTriggered: true } or"],
    [{ callModelInputFilter: nothing }, "callModelInputFilter must give { instructions, input }"],
    [{ callModelInputFilter: () => ({ instructions: "" }) as never }, "callModelInputFilter must give { instructions, input }"],
  ] as const) {
    await assert.rejects(run(new Agent({ name: "A", model: callsOnce(), tools: [look] }), "Go.", options), (error: unknown) => {
      return error instanceof UserError && error.message.startsWith(words);
    });
  }
});

test("a verdict may be an object of a class, and say more", async () => {
  class Verdict {
    readonly itself = this;
    readonly #trips: boolean;
    constructor(trips: boolean) {
      this.#trips = trips;
    }
    get tripwireTriggered(): boolean {
      return this.#trips;
    }
  }
  const guarded = (trips: boolean): Promise<unknown> => {
    const inputGuardrails = [{ name: "g", execute: () => new Verdict(trips) }];
    return run(new Agent({ name: "A", model: new ScriptedModel([[assistantMessage("Done.")]]) }), "Go.", { inputGuardrails });
  };
  await guarded(false);
  await assert.rejects(guarded(true), InputGuardrailTripwireTriggered);
});

test("what is no part of a run is a UserError, and the run asks nobody", async () => {
  const circular: object[] = [];
  circular.push({ circular });
  for (const [input, options, named] of [
    [circular, {}, /circular/],
    [[{ role: "user", content: 1n }], {}, /BigInt/],
    ["Go.", { inputGuardrails: {} }, /not what one takes/],
  ] as const) {
    const model = new ScriptedModel([]);
    await assert.rejects(run(new Agent({ name: "A", model }), input as string, options as object), (error: unknown) => {
      return error instanceof UserError && named.test(error.message) && error.cause !== undefined;
    });
    assert.equal(model.calls.length, 0);
  }
});

test("a misspelt mode of the input list is refused", async () => {
  const result = await run(new Agent({ name: "A", model: new ScriptedModel([[assistantMessage("Done.")]]) }), "Go.");
  assert.throws(() => result.toInputList({ mode: "normalised" as "normalized" }), /no mode "normalised"/);
  assert.equal(result.toInputList({ mode: undefined }).length, 2);
});

test("what the model is told of a failure may be said later, or not at all", async () => {
  const look = tool({
    name: "look", description: "",
    execute: () => {
      throw new Error("no light");
    },
  });
  for (const [said, told] of [[undefined, /An error occurred while running the tool/], ["dark", /"output":"dark"/]] as const) {
    const model = callsOnce();
    await run(new Agent({ name: "A", model, tools: [look] }), "Go.", { toolErrorFormatter: async () => said });
    assert.match(JSON.stringify(model.calls[1]?.request.body.input), told);
  }
});

test("a model that streams nothing is told how to", async () => {
  for (const given of [Promise.resolve([]), undefined, [], {}]) {
    const model = { getStreamedResponse: () => given } as unknown as Model;
    await assert.rejects(run(new Agent({ name: "A", model }), "Go."), /must give an async iterable/);
  }
});
