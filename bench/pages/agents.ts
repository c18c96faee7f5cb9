import { Agent, OpenAIResponsesModel, run, RunState, setTracingDisabled, tool } from "@openai/agents";
import OpenAI from "openai";

import { description, instructions, lookUp, parameters, question, type Contender } from "./contender.js";
import { serve } from "./serve.js";

setTracingDisabled(true);

const schema = { ...parameters, properties: { ...parameters.properties }, required: ["key"] } satisfies object;
const execute = (input: unknown): Promise<string> => lookUp(input as { key: string });
const lookUpTool = tool({ name: "look_up", description, parameters: schema as never, strict: true, execute });
const deleteFile = tool({ name: "delete_file", description, parameters: schema as never, strict: true, needsApproval: true, execute });

function model(baseURL: string): OpenAIResponsesModel {
  return new OpenAIResponsesModel(new OpenAI({ apiKey: "none", baseURL, dangerouslyAllowBrowser: true }), "gpt-5");
}

const contender: Contender = {
  ready: async () => {},

  async stream(baseURL, ondelta, signal) {
    const writer = new Agent({ name: "Writer", instructions: "Write.", model: model(baseURL) });
    const result = await run(writer, "Write.", { stream: true, ...(signal && { signal }) });
    for await (const event of result) {
      if (event.type === "raw_model_stream_event" && event.data.type === "output_text_delta") ondelta(event.data.delta);
    }
  },

  async tools(baseURL, turns) {
    const clerk = new Agent({ name: "Clerk", instructions, model: model(baseURL), tools: [lookUpTool] });
    const result = await run(clerk, question, { stream: true, maxTurns: turns + 1 });
    for await (const _ of result);
    return result.finalOutput ?? "";
  },

  async pause(baseURL, turns) {
    const careful = new Agent({ name: "Clerk", instructions, model: model(baseURL), tools: [lookUpTool, deleteFile] });
    const result = await run(careful, question, { stream: true, maxTurns: turns + 1 });
    for await (const _ of result);
    return {
      save: () => result.state.toString(),
      restore: async (text) => (await RunState.fromString(careful, text)).getInterruptions().length,
    };
  },
};

serve(contender);
