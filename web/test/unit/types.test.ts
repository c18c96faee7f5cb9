import assert from "node:assert/strict";
import { test } from "node:test";
import { toStandardJsonSchema } from "@valibot/to-json-schema";
import { type } from "arktype";
import * as v from "valibot";
import { z } from "zod";
import type {
  ArgumentsOf,
  FromJsonSchema,
  Hooks,
  InputGuardrail,
  Model,
  OutputGuardrail,
  RunOptions,
  RunStreamEvent,
  Session,
  ToolOutputGuardrail,
} from "../../src/index.js";
import { Agent, handoff, run, runStreamed, Runner, RunState, tool } from "../../src/index.js";
import type * as testing from "../../src/testing.js";

// The type checker is the test here; what runs only shows that the code is real. What must not compile stands below a
// comment that expects an error, and fails the check where there is none.

type Same<A, B> = (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false;
function same<Yes extends true>(yes: Yes): void {
  assert(yes);
}

test("arguments have the types of a JSON Schema literal", () => {
  tool({
    name: "t",
    description: "",
    parameters: {
      type: "object",
      properties: {
        path: { type: "string" },
        depth: { type: "integer" },
        mode: { enum: ["fast", "slow"] },
        tags: { type: "array", items: { type: ["string", "null"] } },
        where: { type: "object", properties: { x: { type: "number" } }, required: ["x"] },
        either: { anyOf: [{ type: "boolean" }, { const: "auto" }] },
        anything: {},
      },
      required: ["path", "mode", "tags", "where", "either"],
    },
    execute: (args) => {
      same<Same<typeof args, {
        path: string;
        mode: "fast" | "slow";
        tags: (string | null)[];
        where: { x: number };
        either: boolean | "auto";
        depth?: number;
        anything?: unknown;
      }>>(true);
    },
  });
  same<Same<FromJsonSchema<{ readonly type: "integer" }>, number>>(true);
});

test("arguments have the output type of a Standard Schema", () => {
  const parameters = z.object({ path: z.string(), limit: z.number().default(5) });
  same<Same<ArgumentsOf<typeof parameters>, { path: string; limit: number }>>(true);
  tool({
    name: "t",
    description: "",
    parameters,
    needsApproval: (_, { limit }) => limit > 10,
    // @ts-expect-error there is no such argument
    execute: ({ nothing }) => nothing,
  });
});

// One shape in every library.
const shape = {
  zod: z.object({ city: z.string(), days: z.number().default(3), tags: z.array(z.string()).optional() }),
  valibot: toStandardJsonSchema(v.object({ city: v.string(), days: v.optional(v.number(), 3), tags: v.optional(v.array(v.string())) })),
  arktype: type({ city: "string", days: "number = 3", "tags?": "string[]" }),
  json: {
    type: "object",
    properties: { city: { type: "string" }, days: { type: "number" }, tags: { type: "array", items: { type: "string" } } },
    required: ["city", "days"],
  },
} as const;

/** Exactly this shape, optional fields included, and `any` nowhere. */
type IsShape<T> = Same<{ [Key in keyof T]: T[Key] }, { city: string; days: number; tags?: string[] }> extends true
  ? true
  : Same<{ [Key in keyof T]: T[Key] }, { city: string; days: number; tags?: string[] | undefined }>;

test("execute and needsApproval get the arguments that the parameters say, in every library", () => {
  const options = { name: "t", description: "" };
  tool({ ...options, parameters: shape.zod, execute: (args) => same<IsShape<typeof args>>(true) });
  tool({ ...options, parameters: shape.valibot, execute: (args) => same<IsShape<typeof args>>(true) });
  tool({ ...options, parameters: shape.arktype, execute: (args) => same<IsShape<typeof args>>(true) });
  tool({ ...options, parameters: shape.json, execute: (args) => same<IsShape<typeof args>>(true) });
  tool({
    ...options,
    parameters: shape.arktype,
    needsApproval: (_, args) => (same<IsShape<typeof args>>(true), args.days > 3),
    // @ts-expect-error days is a number
    execute: ({ days }) => days.toUpperCase(),
  });
  tool({
    ...options,
    parameters: shape.valibot,
    // @ts-expect-error there is no such argument
    execute: ({ town }) => town,
  });
  tool({
    ...options,
    parameters: shape.json,
    // @ts-expect-error tags may be absent
    execute: ({ tags }) => tags.length,
  });
  tool({
    ...options,
    parameters: shape.json,
    // @ts-expect-error an approval is a yes or a no
    needsApproval: () => "yes",
    execute: () => "",
  });
  // @ts-expect-error a tool runs something
  const idle = (): unknown => tool({ ...options, parameters: shape.zod });
  assert.throws(idle);
});

/** What TypeScript makes of a run; nothing runs. */
const output = <Result extends { readonly finalOutput?: unknown }>(_: (agent: never) => Result | Promise<Result>): NonNullable<Result["finalOutput"]> =>
  undefined as never;

test("finalOutput is what the output type says, in every library", () => {
  const zod = new Agent({ name: "A", outputType: shape.zod });
  const valibot = new Agent({ name: "A", outputType: shape.valibot });
  const arktype = new Agent({ name: "A", outputType: shape.arktype });
  const json = new Agent({ name: "A", outputType: { name: "forecast", schema: shape.json } });
  const outputs = {
    zod: output(() => run(zod, "")),
    valibot: output(() => run(valibot, "")),
    arktype: output(() => run(arktype, "")),
    json: output(() => run(json, "")),
    streamed: output(() => runStreamed(zod, "")),
    runner: output(() => new Runner().run(arktype, "")),
    cloned: output(() => run(zod.clone({ name: "B" }), "")),
    otherwise: output(() => run(new Agent({ name: "A" }).clone({ outputType: shape.zod }), "")),
  };
  const named = output(() => run(new Agent({ name: "A", outputType: { name: "forecast", schema: shape.arktype, strict: false } }), ""));
  same<IsShape<typeof named>>(true);
  same<IsShape<typeof outputs.zod>>(true);
  same<IsShape<typeof outputs.valibot>>(true);
  same<IsShape<typeof outputs.arktype>>(true);
  same<IsShape<typeof outputs.json>>(true);
  same<IsShape<typeof outputs.streamed>>(true);
  same<IsShape<typeof outputs.runner>>(true);
  same<IsShape<typeof outputs.cloned>>(true);
  same<IsShape<typeof outputs.otherwise>>(true);
  // @ts-expect-error there is no such field
  outputs.json?.town;
});

test("finalOutput is text without an output type, and unknown where the agent is any", () => {
  const text = output(() => run(new Agent({ name: "A" }), ""));
  same<Same<typeof text, string>>(true);
  const any: Agent<unknown> = new Agent({ name: "A", outputType: shape.zod });
  const unknown = (): Promise<unknown> => run(any, "").then(({ finalOutput }) => (same<Same<typeof finalOutput, unknown>>(true), finalOutput));
  assert.equal(typeof unknown, "function");
  // @ts-expect-error a number says nothing about the answer
  new Agent({ name: "A", outputType: 5 });
  // @ts-expect-error JSON Schema goes below `schema`
  new Agent({ name: "A", outputType: { type: "object", properties: {} } });
});

test("a tool without parameters has no arguments", () => {
  tool({
    name: "t",
    description: "",
    // @ts-expect-error there is no such argument
    execute: ({ nothing }) => nothing,
  });
});

test("events narrow by type and name", () => {
  const read = (event: RunStreamEvent): string | undefined => {
    if (event.type === "agent_updated_stream_event") return event.newAgent.name;
    if (event.type === "raw_response_event") {
      return event.data.type === "response.output_text.delta" ? event.data.delta : undefined;
    }
    if (event.name === "tool_called") return event.item.rawItem.name;
    if (event.name === "handoff_occured") return event.item.targetAgent.name;
    // @ts-expect-error the spelling is the Agents SDK's
    if (event.name === "handoff_occurred") return "";
    return event.item.type === "message_output_item" ? event.item.rawItem.role : undefined;
  };
  assert.equal(read({ type: "agent_updated_stream_event", newAgent: new Agent({ name: "A" }) }), "A");
});

test("agents take agents and handoffs", () => {
  const b = new Agent({ name: "B" });
  new Agent({ name: "A", handoffs: [b, handoff(b, { toolName: "x" })] });
  // @ts-expect-error an agent needs a name
  new Agent({ instructions: "x" });
});

test("handoffs say what they take", () => {
  const b = new Agent({ name: "B" });
  const inputType = { type: "object", properties: { why: { type: "string" } }, required: ["why"] } as const;
  handoff(b, { inputType, onHandoff: (_, input) => same<Same<typeof input, { why: string } | undefined>>(true) });
  handoff(b, { inputType: shape.zod, onHandoff: (_, input) => same<IsShape<NonNullable<typeof input>>>(true) });
  // @ts-expect-error there is no such field
  handoff(b, { inputType, onHandoff: (_, input) => void input?.reason });
  // @ts-expect-error a filter gives the whole data back
  handoff(b, { inputFilter: ({ newItems }) => newItems });
  // @ts-expect-error a handoff goes to an agent, not to a name
  new Agent({ name: "A", handoffs: ["B"] });
  // @ts-expect-error an agent that is used as a tool is handed nothing over to
  new Agent({ name: "A", handoffs: [new Agent({ name: "B" }).asTool()] });
});

test("guardrails decide in their own words", () => {
  const input: InputGuardrail = { name: "g", execute: ({ input }) => ({ tripwireTriggered: input.length > 5 }) };
  const final: OutputGuardrail = { name: "g", execute: async ({ agentOutput }) => ({ tripwireTriggered: agentOutput === "" }) };
  const tools: ToolOutputGuardrail = { name: "g", execute: ({ output }) => ({ behavior: output ? "allow" : "raise_exception" }) };
  new Agent({ name: "A", inputGuardrails: [input], outputGuardrails: [final] });
  tool({ name: "t", description: "", execute: () => "", outputGuardrails: [tools] });
  // @ts-expect-error a guardrail has a name
  new Agent({ name: "A", inputGuardrails: [{ execute: input.execute }] });
  // @ts-expect-error the verdict is an object
  new Agent({ name: "A", inputGuardrails: [{ name: "g", execute: () => true }] });
  // @ts-expect-error an output guardrail is no input guardrail
  new Agent({ name: "A", inputGuardrails: [{ name: "g", execute: ({ agentOutput }) => ({ tripwireTriggered: agentOutput === "" }) }] });
  // @ts-expect-error a rejection needs words for the model
  tool({ name: "t", description: "", execute: () => "", outputGuardrails: [{ name: "g", execute: () => ({ behavior: "reject_content" }) }] });
});

test("hooks get what happened", () => {
  const hooks: Hooks = {
    onToolEnd: ({ output, toolName }) => same<Same<[typeof output, typeof toolName], [unknown, string]>>(true),
    onHandoff: ({ nextAgent }) => void nextAgent.name,
  };
  new Agent({ name: "A", hooks });
  // @ts-expect-error there is no such hook
  new Agent({ name: "A", hooks: { onToolStarted: () => {} } });
  // @ts-expect-error an agent's start has no output
  new Agent({ name: "A", hooks: { onAgentStart: ({ output }) => void output } });
});

test("sessions and models are whole, be their methods async or not", () => {
  const session: Session = { getItems: async () => [], addItems: () => {}, popItem: async () => undefined, clearSession: () => {} };
  const model: Model = { getStreamedResponse: async function* ({ body, signal }) {
    same<Same<typeof signal, AbortSignal>>(true);
    yield { type: "response.created", length: body.input.length };
  } };
  const options: RunOptions = { session, model };
  // @ts-expect-error a session can be cleared
  const partial: RunOptions = { session: { getItems: () => [], addItems: () => {}, popItem: () => undefined } };
  // @ts-expect-error items are objects
  const texts: RunOptions = { session: { ...session, getItems: () => ["text"] } };
  // @ts-expect-error a model streams
  const answer: RunOptions = { model: { getStreamedResponse: async () => ({ type: "response.completed" }) } };
  // @ts-expect-error the option is maxTurns
  const misspelt: RunOptions = { maxTurn: 3 };
  assert.equal([options, partial, texts, answer, misspelt].length, 5);
});

type IsAny<T> = 0 extends 1 & T ? true : false;
type AnyIn<T> = { [Key in keyof T]-?: IsAny<T[Key]> extends true ? Key : T[Key] extends (...args: infer Args) => infer Returned ? (IsAny<Returned> extends true ? Key : IsAny<Args[number]> extends true ? Key : never) : never }[keyof T];

test("nothing that the package gives is any", () => {
  type Streamed = ReturnType<typeof runStreamed<undefined>>;
  type Results = AnyIn<Streamed> | AnyIn<Awaited<ReturnType<typeof run<undefined>>>> | AnyIn<RunState> | AnyIn<Agent>;
  type Exports = AnyIn<typeof import("../../src/index.js")> | AnyIn<typeof testing>;
  type Event = RunStreamEvent extends infer Each ? (Each extends unknown ? AnyIn<Each> : never) : never;
  type Item = Streamed["newItems"][number] extends infer Each ? (Each extends unknown ? AnyIn<Each> : never) : never;
  same<Same<Results | Exports | Event | Item, never>>(true);
  same<Same<AnyIn<{ fine: string; leak: any; call: () => any; take: (x: any) => void }>, "leak" | "call" | "take">>(true); // the check sees them
  const state = RunState.fromString(new Agent({ name: "A" }), null);
  return assert.rejects(state);
});
