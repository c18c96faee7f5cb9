// A program of somebody with another TypeScript than the package's own: its types must be found and say the same.
import { Agent, run, runStreamed, tool } from "runstream";
import { ScriptedModel } from "runstream/testing";
import { toStandardJsonSchema } from "@valibot/to-json-schema";
import { type } from "arktype";
import * as v from "valibot";
import { z } from "zod";

const schemas = {
  zod: z.object({ days: z.number() }),
  valibot: toStandardJsonSchema(v.object({ days: v.number() })),
  arktype: type({ days: "number" }),
};
const agents = {
  zod: new Agent({ name: "A", outputType: schemas.zod }),
  valibot: new Agent({ name: "B", outputType: schemas.valibot }),
  arktype: new Agent({ name: "C", outputType: schemas.arktype }),
  json: new Agent({ name: "D", outputType: { schema: { type: "object", properties: { days: { type: "number" } }, required: ["days"] } } }),
};

export async function days(): Promise<(number | undefined)[]> {
  return [
    (await run(agents.zod, "")).finalOutput?.days,
    (await run(agents.valibot, "")).finalOutput?.days,
    (await run(agents.arktype, "")).finalOutput?.days,
    (await run(agents.json, "")).finalOutput?.days,
  ];
}

export const tools: unknown[] = [
  tool({ name: "zod", description: "", parameters: schemas.zod, execute: ({ days }) => days.toFixed() }),
  tool({ name: "valibot", description: "", parameters: schemas.valibot, execute: ({ days }) => days.toFixed() }),
  tool({ name: "arktype", description: "", parameters: schemas.arktype, execute: ({ days }) => days.toFixed() }),
  // @ts-expect-error days is a number
  tool({ name: "wrong", description: "", parameters: schemas.arktype, execute: ({ days }) => days.toUpperCase() }),
];

export async function deltas(): Promise<string> {
  let text = "";
  for await (const event of runStreamed(new Agent({ name: "E", handoffs: Object.values(agents) }), "", { model: new ScriptedModel() })) {
    if (event.type === "raw_response_event" && event.data.type === "response.output_text.delta") text += event.data.delta;
  }
  return text;
}
