import type { Contender } from "./contender.js";
import { serve } from "./serve.js";

/** The least that a page could get by with: one request, no agent, no tools. */
const contender: Contender = {
  ready: async () => {},

  async stream(baseURL, ondelta, signal) {
    const response = await fetch(`${baseURL}/responses`, {
      method: "POST",
      headers: { "Content-Type": "application/json", Accept: "text/event-stream" },
      body: JSON.stringify({ model: "gpt-5", instructions: "Write.", input: "Write.", stream: true }),
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
      for (const block of blocks) {
        const data = block.slice(block.indexOf("data: ") + 6);
        const event = JSON.parse(data) as { type: string; delta?: string };
        if (event.type === "response.output_text.delta") ondelta(event.delta ?? "");
      }
    }
  },
};

serve(contender);
