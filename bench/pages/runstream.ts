import { Agent, configure, init, RunState, runStreamed, tool } from "runstream";

import { description, instructions, lookUp, parameters, question, type Contender } from "./contender.js";
import { serve } from "./serve.js";

const settings = new URLSearchParams(location.search);
const worker = settings.get("engine") !== "page";

/** Variants of a page: one compiles bytes, which the browser cannot keep compiled code for; one has kept code of its own. */
const start = async (): Promise<void> => {
  if (settings.has("kept")) return init({ wasm: "runstream.wasm?kept", worker });
  if (settings.has("bytes")) return init({ wasm: await (await fetch("runstream.wasm")).arrayBuffer(), worker });
  return init({ worker });
};
// Asking for the engine at once is what the package's documentation tells pages to do that run soon.
const started = start();

const lookUpTool = tool({ name: "look_up", description, parameters, execute: lookUp });
const deleteFile = tool({ name: "delete_file", description, parameters, needsApproval: true, execute: lookUp });
const writer = new Agent({ name: "Writer", instructions: "Write.", model: "gpt-5" });
const clerk = new Agent({ name: "Clerk", instructions, model: "gpt-5", tools: [lookUpTool] });
const careful = new Agent({ name: "Clerk", instructions, model: "gpt-5", tools: [lookUpTool, deleteFile] });

const contender: Contender = {
  ready: () => started,

  async stream(baseURL, ondelta, signal) {
    configure({ baseURL });
    const result = runStreamed(writer, "Write.", { signal });
    for await (const event of result) {
      if (event.type === "raw_response_event" && event.data.type === "response.output_text.delta") ondelta(event.data.delta);
    }
  },

  async tools(baseURL, turns) {
    configure({ baseURL });
    const result = runStreamed(clerk, question, { maxTurns: turns + 1 });
    for await (const _ of result);
    return result.finalOutput ?? "";
  },

  async pause(baseURL, turns) {
    configure({ baseURL });
    const result = runStreamed(careful, question, { maxTurns: turns + 1 });
    for await (const _ of result);
    return {
      save: () => result.toState().toString(),
      restore: async (text) => (await RunState.fromString(careful, text)).interruptions.length,
    };
  },
};

serve(contender);
