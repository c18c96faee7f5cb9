import { Agent, ItemHelpers, runStreamed, tool } from "runstream";
import type { InputItem, Model, ResponsesRequest, WireItem } from "runstream";

interface Message {
  readonly role: "system" | "user" | "assistant";
  readonly content: string;
}

/** What you have: it gets the conversation and gives the answer piece by piece. */
type Generate = (messages: readonly Message[], signal: AbortSignal) => AsyncIterable<string>;

export function localModel(generate: Generate): Model {
  return {
    async *getStreamedResponse({ body, signal }) {
      let text = "";
      for await (const piece of generate(conversation(body), signal)) {
        text += piece;
        if (!text.startsWith("{")) yield { type: "response.output_text.delta", delta: piece };
      }
      yield { type: "response.completed", response: { id: `resp_${Math.random()}`, output: [answer(text)] } };
    },
  };
}

function answer(text: string): WireItem {
  const { tool: name, arguments: args = {} } = read(text);
  if (typeof name === "string") return { type: "function_call", call_id: `call_${Math.random()}`, name, arguments: JSON.stringify(args) };
  return { type: "message", role: "assistant", status: "completed", content: [{ type: "output_text", text, annotations: [] }] };
}

/** An answer that is JSON need not be a call: with an `outputType` it is the answer itself. */
function read(text: string): { readonly tool?: unknown; readonly arguments?: unknown } {
  try {
    return JSON.parse(text) ?? {};
  } catch {
    return {};
  }
}

function conversation({ instructions = "", input, tools = [] }: ResponsesRequest): Message[] {
  const how = tools.length === 0 ? "" : `To use a tool, answer {"tool": name, "arguments": {…}}. Tools: ${JSON.stringify(tools)}`;
  return [{ role: "system", content: `${instructions}\n${how}` }, ...(input as InputItem[]).map(message)];
}

function message(item: InputItem): Message {
  switch (item.type) {
    case "function_call":
      return { role: "assistant", content: `{"tool": "${item["name"]}", "arguments": ${item["arguments"]}}` };
    case "function_call_output":
      return { role: "user", content: `The tool gave: ${item["output"]}` };
    default: {
      const { role, content } = item as { role?: unknown; content?: unknown };
      const text = typeof content === "string" ? content : (ItemHelpers.extractText(item) ?? "");
      return { role: role === "assistant" ? "assistant" : "user", content: text };
    }
  }
}

const weather = tool({
  name: "weather",
  description: "Tells the weather of a city.",
  parameters: { type: "object", properties: { city: { type: "string" } }, required: ["city"] },
  execute: ({ city }) => `sunny in ${city}`,
});

export async function ask(question: string, model: Model, signal?: AbortSignal): Promise<void> {
  const agent = new Agent({ name: "Local", instructions: "Be brief.", model, tools: [weather] });
  const result = runStreamed(agent, question, { signal });
  for await (const event of result) {
    if (event.type === "run_item_stream_event") console.log(event.name);
    else if (event.type === "raw_response_event" && event.data.type === "response.output_text.delta") console.log(event.data.delta);
  }
}
