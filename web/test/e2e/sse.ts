// What a Responses API server streams, event by event.

export type Json = null | boolean | number | string | Json[] | { [key: string]: Json };
export type WireEvent = { type: string; [key: string]: Json };
export type OutputItem = { type: string; [key: string]: Json };

/** An item of an answer: the events between its announcement and its end, and what it is when it is done. */
interface Output {
  readonly announced: OutputItem;
  readonly between: readonly WireEvent[];
  readonly done: OutputItem;
}

/** A message of the assistant, one delta a part. */
export function message(...parts: string[]): Output {
  const text = parts.join("");
  const part = (t: string): Json => ({ type: "output_text", text: t, annotations: [], logprobs: [] });
  const item = (status: string, content: Json[]): OutputItem => ({ type: "message", status, role: "assistant", content });
  return {
    announced: item("in_progress", []),
    between: [
      { type: "response.content_part.added", content_index: 0, part: part("") },
      ...parts.map((delta) => ({ type: "response.output_text.delta", content_index: 0, delta, logprobs: [] })),
      { type: "response.output_text.done", content_index: 0, text, logprobs: [] },
      { type: "response.content_part.done", content_index: 0, part: part(text) },
    ],
    done: item("completed", [part(text)]),
  };
}

/** A call of a function tool; of a handoff where the name is a handoff's. */
export function call(name: string, callId: string, args: Json = {}): Output {
  const text = JSON.stringify(args);
  const item = (status: string, written: string): OutputItem => ({
    type: "function_call", status, call_id: callId, name, arguments: written,
  });
  return {
    announced: item("in_progress", ""),
    between: [
      { type: "response.function_call_arguments.delta", delta: text },
      { type: "response.function_call_arguments.done", name, arguments: text },
    ],
    done: item("completed", text),
  };
}

/** An item of any type, known or not. */
export function item(done: OutputItem): Output {
  return { announced: done, between: [], done };
}

let responses = 0;

/** The events of one whole response. */
export function response(...outputs: Output[]): WireEvent[] {
  const id = `resp_${++responses}`;
  const head = (status: string, output: Json[], usage: Json): Json => ({
    id, object: "response", created_at: 1764000000, status, error: null, incomplete_details: null, instructions: null,
    metadata: {}, model: "gpt-5", output, parallel_tool_calls: true, temperature: 1, tool_choice: "auto", tools: [], top_p: 1,
    usage,
  });
  const usage = {
    input_tokens: 10, input_tokens_details: { cached_tokens: 0 }, output_tokens: 5,
    output_tokens_details: { reasoning_tokens: 0 }, total_tokens: 15,
  };
  const done: Json[] = [];
  const events: WireEvent[] = [
    { type: "response.created", response: head("in_progress", [], null) },
    { type: "response.in_progress", response: head("in_progress", [], null) },
  ];
  outputs.forEach((output, output_index) => {
    const item_id = `item_${responses}_${output_index}`;
    events.push({ type: "response.output_item.added", output_index, item: { id: item_id, ...output.announced } });
    for (const event of output.between) events.push({ item_id, output_index, ...event });
    const item = { id: item_id, ...output.done };
    events.push({ type: "response.output_item.done", output_index, item });
    done.push(item);
  });
  events.push({ type: "response.completed", response: head("completed", done, usage) });
  return events.map((event, sequence_number) => ({ ...event, sequence_number }));
}

/** The first events of an answer, up to its first delta. */
export function beginning(): WireEvent[] {
  const events = response(message("Once", " upon"));
  return events.slice(0, events.findIndex((event) => event.type === "response.output_text.delta") + 1);
}

/** An event as server-sent events write it. */
export function frame(event: WireEvent): string {
  return `event: ${event.type}\ndata: ${JSON.stringify(event)}\n\n`;
}
