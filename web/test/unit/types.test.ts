import assert from "node:assert/strict";
import { test } from "node:test";
import { z } from "zod";
import type { ArgumentsOf, FromJsonSchema, RunStreamEvent } from "../../src/index.js";
import { Agent, handoff, tool } from "../../src/index.js";

// The type checker is the test here; what runs only shows that the code is real.

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
