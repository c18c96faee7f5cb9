import { createOpenAI } from "@ai-sdk/openai";
import { jsonSchema, stepCountIs, streamText, tool } from "ai";

import { description, instructions, lookUp, parameters, question, type Contender } from "./contender.js";
import { serve } from "./serve.js";

const inputSchema = jsonSchema<{ key: string }>({ ...parameters, required: ["key"] });
const look_up = tool({ description, inputSchema, execute: lookUp });

const model = (baseURL: string) => createOpenAI({ apiKey: "none", baseURL }).responses("gpt-5");

// No state of a paused run: an approval comes with the messages, which the page keeps itself.
const contender: Contender = {
  ready: async () => {},

  async stream(baseURL, ondelta, signal) {
    const result = streamText({ model: model(baseURL), system: "Write.", prompt: "Write.", ...(signal && { abortSignal: signal }) });
    for await (const part of result.fullStream) {
      if (part.type === "text-delta") ondelta(part.text);
      else if (part.type === "error") throw part.error;
    }
  },

  async tools(baseURL, turns) {
    const result = streamText({
      model: model(baseURL), system: instructions, prompt: question, tools: { look_up }, stopWhen: stepCountIs(turns + 1),
    });
    for await (const part of result.fullStream) if (part.type === "error") throw part.error;
    return result.text;
  },
};

serve(contender);
