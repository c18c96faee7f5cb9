import { description, instructions, lookUp, parameters, question, type Contender } from "./contender.js";
import { serve } from "./serve.js";

const tools = [{ type: "function", name: "look_up", description, parameters, strict: true }];

interface Call {
  readonly type: string;
  readonly call_id: string;
  readonly arguments: string;
}

/** The least that a page could get by with: requests, and what comes of them; no agent, no schema, no state. */
const contender: Contender = {
  ready: async () => {},

  async stream(baseURL, ondelta, signal) {
    const body = { instructions: "Write.", input: "Write." };
    await ask(baseURL, body, ({ type, delta }) => type === "response.output_text.delta" && ondelta(delta ?? ""), signal);
  },

  async tools(baseURL) {
    const input: object[] = [{ role: "user", content: question }];
    for (;;) {
      let text = "";
      const calls: Call[] = [];
      await ask(baseURL, { instructions, input, tools }, ({ type, item, text: whole }) => {
        if (type === "response.output_text.done") text = whole ?? "";
        if (type === "response.output_item.done" && item?.type === "function_call") calls.push(item);
      });
      if (calls.length === 0) return text;
      input.push(...calls);
      for (const call of calls) {
        const output = await lookUp(JSON.parse(call.arguments) as { key: string });
        input.push({ type: "function_call_output", call_id: call.call_id, output });
      }
    }
  },
};

interface StreamEvent {
  readonly type: string;
  readonly delta?: string;
  readonly text?: string;
  readonly item?: Call;
}

async function ask(baseURL: string, body: object, onevent: (event: StreamEvent) => void, signal?: AbortSignal): Promise<void> {
  const response = await fetch(`${baseURL}/responses`, {
    method: "POST",
    headers: { "Content-Type": "application/json", Accept: "text/event-stream" },
    body: JSON.stringify({ model: "gpt-5", ...body, stream: true }),
    ...(signal && { signal }),
  });
  if (!response.ok || !response.body) throw new Error(`the server answered ${response.status}`);
  const reader = response.body.getReader();
  const decoder = new TextDecoder();
  let rest = "";
  for (;;) {
    const { done, value } = await reader.read();
    if (done) return;
    const blocks = (rest + decoder.decode(value, { stream: true })).split("\n\n");
    rest = blocks.pop() ?? "";
    for (const block of blocks) onevent(JSON.parse(block.slice(block.indexOf("data: ") + 6)) as StreamEvent);
  }
}

serve(contender);
