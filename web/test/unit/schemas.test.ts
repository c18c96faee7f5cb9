// What schema libraries make of parameters and of an output type, and what becomes of outputs in parts, in runs of the built package.
import assert from "node:assert/strict";
import { test } from "node:test";
import { toStandardJsonSchema } from "@valibot/to-json-schema";
import { type } from "arktype";
import type { ToolOutputPart } from "runstream";
import { Agent, handoff, InvalidToolInputError, ModelBehaviorError, run, RunState, tool, UserError } from "runstream";
import { assistantMessage, functionCall, ScriptedModel } from "runstream/testing";
import * as v from "valibot";
import { z } from "zod";

// A default shows that a value is the schema's and not the model's own.
const schemas = {
  zod: z.object({ city: z.string(), days: z.number().default(3), unit: z.enum(["C", "F"]), tags: z.array(z.string()).optional() }),
  valibot: toStandardJsonSchema(
    v.object({ city: v.string(), days: v.optional(v.number(), 3), unit: v.picklist(["C", "F"]), tags: v.optional(v.array(v.string())) }),
  ),
  arktype: type({ city: "string", days: "number = 3", unit: "'C' | 'F'", "tags?": "string[]" }),
};

/** Schemas without what may be said in several ways: libraries differ in the order of names and in whether an enum has a type. */
function essence(document: unknown): unknown {
  const { properties, required, ...rest } = document as { properties: { [name: string]: { type?: string; enum?: string[] } }; required: string[] };
  const { unit, days, ...others } = properties;
  assert(unit && days);
  return { ...rest, required: required.toSorted(), properties: { ...others, unit: unit.enum, days: days.type } };
}

const expected = {
  type: "object",
  properties: { city: { type: "string" }, days: "number", unit: ["C", "F"], tags: { type: "array", items: { type: "string" } } },
  required: ["city", "days", "tags", "unit"],
  additionalProperties: false,
};

for (const [library, schema] of Object.entries(schemas)) {
  test(`a tool with ${library}: the model sees JSON Schema, and arguments are checked before the tool gets them`, async () => {
    const executed: unknown[] = [];
    const failures: unknown[] = [];
    const forecast = tool({
      name: "forecast",
      description: "Forecasts.",
      parameters: schema,
      execute: (args) => {
        executed.push(args);
        return `${args.days} days`;
      },
    });
    const model = new ScriptedModel([
      [
        functionCall("forecast", { city: "Oslo", unit: "C" }, { callId: "good" }),
        functionCall("forecast", { city: 5, unit: "C" }, { callId: "bad" }),
      ],
      [assistantMessage("Done.")],
    ]);
    await run(new Agent({ name: "A", model, tools: [forecast] }), "Hi", {
      toolErrorFormatter: ({ error }) => {
        failures.push(error);
        return error?.message;
      },
    });

    const [first, second] = model.calls.map((call) => call.request.body);
    const [shown] = first?.tools as { parameters: unknown; strict: boolean }[];
    assert.deepEqual(essence(shown?.parameters), expected);
    assert.equal(shown?.strict, true);
    assert.deepEqual(executed, [{ city: "Oslo", days: 3, unit: "C" }]);
    assert.equal(failures.length, 1);
    assert(failures[0] instanceof InvalidToolInputError);
    const told = second?.input.slice(-2) as { call_id: string; output: string }[];
    assert.deepEqual(told[0]?.output, "3 days");
    assert.match(told[1]?.output ?? "", /^The arguments for tool forecast do not fit its parameters: city: .*string/);
  });

  test(`an output type of ${library}: the answer is asked for, checked and parsed`, async () => {
    const good = new ScriptedModel([[assistantMessage('{"city":"Oslo","unit":"F"}')]]);
    const agent = new Agent({ name: "A", model: good, outputType: schema });
    const result = await run(agent, "Hi");
    const { format } = good.calls[0]?.request.body["text"] as { format: { schema: unknown; strict: boolean } };
    assert.deepEqual(essence(format.schema), expected);
    assert.equal(format.strict, true);
    assert.deepEqual(result.finalOutput, { city: "Oslo", days: 3, unit: "F" });

    const bad = new ScriptedModel([[assistantMessage('{"city":"Oslo","unit":"K"}')]]);
    await assert.rejects(run(agent, "Hi", { model: bad }), (error: unknown) => {
      return error instanceof ModelBehaviorError && /unit: /.test(error.message) && error.runData?.finalOutput === undefined;
    });
  });
}

test("the model is shown schemas in their strict form, wherever there are any", async () => {
  const parameters = z.object({ k: z.discriminatedUnion("t", [z.object({ t: z.literal("a") }), z.object({ t: z.literal("b") })]) });
  const variant = (t: string): object => ({
    type: "object", properties: { t: { type: "string", const: t } }, required: ["t"], additionalProperties: false,
  });
  const strict = {
    type: "object", properties: { k: { anyOf: [variant("a"), variant("b")] } }, required: ["k"], additionalProperties: false,
  };
  const model = new ScriptedModel([[assistantMessage('{"k":{"t":"a"}}')]]);
  const other = new Agent({ name: "Other", model });
  const agent = new Agent({
    name: "A", model, outputType: parameters,
    tools: [
      tool({ name: "t", description: "", parameters, execute: () => "" }),
      tool({ name: "loose", description: "", parameters: z.looseObject({}), strict: false, execute: () => "" }),
      other.asTool({ toolName: "other", parameters }),
    ],
    handoffs: [handoff(other, { inputType: parameters, onHandoff: () => {} })],
  });
  await run(agent, "Hi");
  const { tools, text } = model.calls[0]!.request.body as unknown as {
    tools: { name: string; strict: boolean; parameters: unknown }[]; text: { format: { schema: unknown } };
  };
  assert.deepEqual(text.format.schema, strict);
  for (const { name, parameters: shown, strict: isStrict } of tools) {
    assert.deepEqual([isStrict, shown], name === "loose" ? [false, { type: "object", properties: {}, additionalProperties: {} }] : [true, strict], name);
  }
});

test("a schema that cannot be strict ends the run before the model is asked, with what to do", async () => {
  const model = new ScriptedModel([]);
  const loose = tool({ name: "loose", description: "", parameters: z.object({ by: z.record(z.string(), z.number()) }), execute: () => "" });
  await assert.rejects(run(new Agent({ name: "A", model, tools: [loose] }), "Hi"), (error: unknown) => {
    return error instanceof UserError && /^the parameters of tool loose cannot be strict: .*strict: false/.test(error.message);
  });
  assert.equal(model.calls.length, 0);
});

test("a handoff and a checked output may do without the strict form", async () => {
  const record = z.object({ by: z.record(z.string(), z.number()) });
  const model = new ScriptedModel([[functionCall("transfer_to_b", { by: { x: 1 } }, { callId: "c1" })], [assistantMessage('{"by":{"y":2}}')]]);
  const given: unknown[] = [];
  const b = new Agent({ name: "B", model, outputType: { name: "counts", schema: record, strict: false } });
  const onHandoff = (_: unknown, input: unknown): void => void given.push(input);
  const a = new Agent({ name: "A", model, handoffs: [handoff(b, { inputType: record, strict: false, onHandoff })] });
  const result = await run(a, "Go.");
  assert.deepEqual([given, result.finalOutput], [[{ by: { x: 1 } }], { by: { y: 2 } }]);
  const [first, second] = model.calls.map(({ request }) => request.body) as unknown as [
    { tools: { strict: boolean; parameters: unknown }[] }, { text: { format: { name: string; strict: boolean; schema: unknown } } },
  ];
  const { $schema: _, ...document } = z.toJSONSchema(record, { io: "input" });
  assert.deepEqual([first.tools[0]?.strict, first.tools[0]?.parameters], [false, document]);
  const { name, strict, schema } = second.text.format;
  assert.deepEqual([name, strict, schema], ["counts", false, document]);
  await assert.rejects(run(b, "Go.", { model: new ScriptedModel([[assistantMessage('{"by":{"y":"2"}}')]]) }), ModelBehaviorError);
});

test("an output is one agent's own, though another's schema made something of the same JSON", async () => {
  const model = new ScriptedModel([[functionCall("inner", { input: "x" }, { callId: "c1" })], [assistantMessage('{"n":5}')], [assistantMessage("5")]]);
  const inner = new Agent({ name: "inner", model, outputType: z.object({ n: z.number() }).transform(({ n }) => new Number(n)) });
  const outer = new Agent({ name: "Outer", model, tools: [inner.asTool({ toolName: "inner" })] });
  assert.equal((await run(outer, "Go.")).finalOutput, "5");
});

test("the final output is undefined where the schema made that of the answer", async () => {
  const outputType = z.object({}).transform(() => undefined);
  assert.equal((await run(new Agent({ name: "A", model: new ScriptedModel([[assistantMessage("{}")]]), outputType }), "Go.")).finalOutput, undefined);
});

test("the final output is what the schema made of the answer, also what JSON has no word for", async () => {
  const day = z.string().transform((text) => new Date(text));
  const outputType = z.object({ day, tags: z.array(z.string()).transform((tags) => new Set(tags)) });
  const model = new ScriptedModel([[assistantMessage('{"day":"2026-11-29","tags":["a","a"]}')]]);
  const { finalOutput } = await run(new Agent({ name: "A", model, outputType }), "When?");
  assert.deepEqual(finalOutput, { day: new Date("2026-11-29"), tags: new Set(["a"]) });
});

test("the final output is a BigInt where the schema made one, and crosses as its digits", async () => {
  const outputType = z.object({ atoms: z.string().transform(BigInt) });
  const model = new ScriptedModel([[assistantMessage('{"atoms":"123"}')]]);
  const said: unknown[] = [];
  const hooks = { onAgentEnd: ({ output }: { readonly output: unknown }) => void said.push(output) };
  const { finalOutput } = await run(new Agent({ name: "A", model, outputType, hooks }), "How many?");
  assert.deepEqual(finalOutput, { atoms: 123n });
  assert.deepEqual(said, [{ atoms: "123" }]);
});

test("the final output is null where that is the answer, and undefined where there is none", async () => {
  const model = new ScriptedModel([[functionCall("go", {}, { callId: "call_1" })], [assistantMessage('{"response":null}')]]);
  const go = tool({ name: "go", description: "", needsApproval: true, execute: () => "gone" });
  const agent = new Agent({ name: "A", model, tools: [go], outputType: z.string().nullable() });
  const paused = await run(agent, "Well?");
  assert.equal(paused.finalOutput, undefined);
  const state = paused.toState();
  state.approve(state.interruptions[0]!);
  assert.equal((await run(agent, state)).finalOutput, null);
});

test("an output that is no object is asked for as a property of one", async () => {
  const entry = z.object({ city: z.string() }).meta({ id: "Entry" });
  const closed = { type: "object", properties: { city: { type: "string" } }, required: ["city"], additionalProperties: false };
  for (const [outputType, response, $defs, answer] of [
    [z.array(z.string()), { type: "array", items: { type: "string" } }, undefined, ["Oslo"]],
    [z.enum(["yes", "no"]), { type: "string", enum: ["yes", "no"] }, undefined, "yes"],
    [z.array(entry), { type: "array", items: { $ref: "#/$defs/Entry" } }, { Entry: closed }, [{ city: "Oslo" }]],
  ] as const) {
    const model = new ScriptedModel([[assistantMessage(JSON.stringify({ response: answer }))]]);
    const { finalOutput } = await run(new Agent({ name: "A", model, outputType: outputType as z.ZodType }), "Where?");
    assert.deepEqual(finalOutput, answer);
    const { format } = model.calls[0]?.request.body["text"] as { format: { schema: unknown } };
    const properties = { response };
    assert.deepEqual(format.schema, {
      type: "object", properties, required: ["response"], additionalProperties: false, ...($defs && { $defs }),
    });
  }
});

test("an error handler's output is bare where the model's is a property", async () => {
  const agent = new Agent({ name: "A", model: new ScriptedModel([[assistantMessage("?")]]), outputType: z.array(z.string()) });
  const { finalOutput } = await run(agent, "Where?", { errorHandlers: { invalidFinalOutput: () => ({ finalOutput: ["nowhere"] }) } });
  assert.deepEqual(finalOutput, ["nowhere"]);
});

test("an output from before a pause ends the run as it would have without one", async () => {
  for (const value of [{ b: 1, a: { z: 1.5 } }, 5, [1, "x"], "text", true]) {
    const look = tool({ name: "look", description: "", execute: () => value });
    const go = tool({ name: "go", description: "", needsApproval: true, execute: () => "gone" });
    const seen: unknown[] = [];
    const outputGuardrails = [{ name: "g", execute: ({ agentOutput }: { readonly agentOutput: unknown }) => (seen.push(agentOutput), { tripwireTriggered: false }) }];
    const finals = [];
    for (const calls of [["look"], ["look", "go"]]) {
      const model = new ScriptedModel([calls.map((name) => functionCall(name, {}, { callId: `call_${name}` }))]);
      const agent = new Agent({ name: "A", model, tools: [look, go], toolUseBehavior: "stop_on_first_tool", outputGuardrails });
      let result = await run(agent, "Go.");
      if (result.interruptions.length > 0) {
        const state = await RunState.fromString(agent, result.toState().toString());
        state.approve(state.interruptions[0]!);
        result = await run(agent, state);
      }
      finals.push(result.finalOutput);
    }
    assert.deepEqual(finals[1], finals[0]);
    assert.deepEqual(seen, finals);
  }
});

test("what a tool gives in parts reaches the model as text, images and files", async () => {
  const parts: ToolOutputPart[] = [
    { type: "text", text: "Seen from above:" },
    { type: "image", image_url: "data:image/png;base64,AAAA", detail: "low" },
    { type: "file", file_data: "AAAA", filename: "map.pdf" },
  ];
  const look = tool({ name: "look", description: "", execute: () => parts });
  const model = new ScriptedModel([[functionCall("look", {}, { callId: "call_1" })], [assistantMessage("I see.")]]);
  await run(new Agent({ name: "A", model, tools: [look] }), "Look.");
  const { output } = model.calls[1]?.request.body.input.at(-1) as { output: unknown };
  assert.deepEqual(output, parts.map((part) => ({ ...part, type: `input_${part.type}` })));
});

test("a BigInt that a tool gives reaches the model as its digits", async () => {
  const count = tool({ name: "count", description: "", execute: () => ({ atoms: 10n ** 20n }) });
  const model = new ScriptedModel([[functionCall("count", {}, { callId: "call_1" })], [assistantMessage("Many.")]]);
  await run(new Agent({ name: "A", model, tools: [count] }), "Count.");
  assert.deepEqual(model.calls[1]?.request.body.input.at(-1), {
    type: "function_call_output", call_id: "call_1", output: `{"atoms":"1${"0".repeat(20)}"}`,
  });
});

test("what has a schema is named in its errors", async () => {
  const mute = { "~standard": { version: 1, vendor: "homemade", validate: (value: unknown) => ({ value }) } } as const;
  const schema = z.object({ n: z.number() });
  const model = new ScriptedModel([[functionCall("summarize", "{}", { callId: "c1" })], [assistantMessage("Done.")]]);
  const inner = new Agent({ name: "Inner", model }).asTool({
    toolName: "summarize", parameters: schema, errorFunction: (_, error) => String(error),
  });
  await run(new Agent({ name: "A", model, tools: [inner] }), "Go.");
  const { output } = model.calls[1]?.request.body.input[2] as { output: string };
  assert.match(output, /The arguments for tool summarize do not fit its parameters: n: /);
  await assert.rejects(run(new Agent({ name: "Critic", model, outputType: mute }), "Go."), { message: /^The homemade schema of the output of agent Critic cannot/ });
  const other = new Agent({ name: "B", model });
  const strays = new ScriptedModel([[functionCall("transfer_to_b", "{}", { callId: "c1" })]]);
  const given = new Agent({ name: "A", model: strays, handoffs: [handoff(other, { inputType: schema, onHandoff: () => {} })] });
  await assert.rejects(run(given, "Go."), { message: /arguments for the handoff to agent B do not fit/ });
});

test("a handoff filter that gives copies of items is told of it", async () => {
  const model = new ScriptedModel([[functionCall("transfer_to_b", {}, { callId: "call_1" })], [assistantMessage("Hi.")]]);
  const copies = handoff(new Agent({ name: "B", model }), { inputFilter: (data) => ({ ...data, newItems: data.newItems.map((item) => ({ ...item })) }) });
  await assert.rejects(run(new Agent({ name: "A", model, handoffs: [copies] }), "Go."), { name: "UserError", message: /inputFilter .*no copies/ });
});

test("a valibot schema alone cannot be shown to a model, and the error says what to do", () => {
  const parameters = v.object({ city: v.string() });
  assert.throws(() => tool({ name: "forecast", description: "", parameters, execute: () => "" }), /valibot .*toStandardJsonSchema/);
});
