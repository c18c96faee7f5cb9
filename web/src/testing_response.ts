import type { ResponseStreamEvent, WireItem } from "./responses.js";

/** An item of a scripted answer, as it is when it is done; an id is made where there is none. */
export interface StreamedItem {
  readonly type: string;
  readonly id?: string;
  readonly [field: string]: unknown;
}

/** What joins a call to its output. */
export interface FunctionCallOptions {
  /** Must not come twice in one conversation. */
  readonly callId: string;
}

/** A message of the assistant. Its text streams in deltas of about a word each. */
export function assistantMessage(text: string): StreamedItem {
  return message({ type: "output_text", text, annotations: [], logprobs: [] });
}

/** A message in which the model declines to answer. */
export function refusal(text: string): StreamedItem {
  return message({ type: "refusal", refusal: text });
}

function message(part: object): StreamedItem {
  return { type: "message", status: "completed", role: "assistant", content: [part] };
}

/** A call of a function tool, or a handoff where the name is a handoff's ("transfer_to_…"). A string of arguments is sent
 * as it is, JSON or not. */
export function functionCall(name: string, args: string | object, { callId }: FunctionCallOptions): StreamedItem {
  const text = typeof args === "string" ? args : JSON.stringify(args);
  return { id: `fc_${callId}`, type: "function_call", status: "completed", call_id: callId, name, arguments: text };
}

/** A reasoning item with a summary of one part, or without one. */
export function reasoning(summary?: string): StreamedItem {
  return { type: "reasoning", summary: summary ? [{ type: "summary_text", text: summary }] : [] };
}

/** What of a streamed answer is not its items. */
export interface ResponseOptions {
  /** The ids of its items are made from it. @defaultValue "resp_1" */
  readonly id?: string | undefined;
  /** @defaultValue "gpt-5" */
  readonly model?: string | undefined;
  /** Ends the response with `response.failed` in place of `response.completed`. */
  readonly failure?: { readonly code: string; readonly message: string } | undefined;
  /** What the answer reports. @defaultValue 10 tokens in, 5 out */
  readonly usage?: { readonly input_tokens: number; readonly output_tokens: number } | undefined;
}

type EventFields = { readonly type: string; readonly [field: string]: unknown };
/** Which item, and which part of it, an event is about. */
type Place = { readonly item_id: string; readonly output_index: number; readonly [part: string]: unknown };

/** The events with which a Responses API server streams an answer of these items. */
export function streamResponse(items: readonly StreamedItem[], options: ResponseOptions = {}): ResponseStreamEvent[] {
  const { id = "resp_1", failure, usage = { input_tokens: 10, output_tokens: 5 } } = options;
  const output: WireItem[] = [];
  const head = (status: string, rest: object = {}): object => ({
    id, object: "response", created_at: 1764000000, status, error: null, incomplete_details: null, instructions: null,
    metadata: {}, model: options.model ?? "gpt-5", output: [...output], parallel_tool_calls: true, temperature: 1,
    tool_choice: "auto", tools: [], top_p: 1, usage: null, ...rest,
  });
  const events: EventFields[] = [
    { type: "response.created", response: head("in_progress") },
    { type: "response.in_progress", response: head("in_progress") },
  ];
  items.forEach((given, output_index) => {
    const done: WireItem = { id: itemId(given, id, output_index), ...given };
    const place = { item_id: String(done.id), output_index };
    events.push({ type: "response.output_item.added", output_index, item: announced(done) });
    for (const event of between(done, place)) events.push(event); // they may be more than a call takes
    events.push({ type: "response.output_item.done", output_index, item: done });
    output.push(done);
  });
  events.push(
    failure
      ? { type: "response.failed", response: head("failed", { error: failure }) }
      : { type: "response.completed", response: head("completed", { usage: wireUsage(usage) }) },
  );
  return events.map(({ type, ...rest }, sequence_number) => ({ type, sequence_number, ...rest })) as ResponseStreamEvent[];
}

function wireUsage(usage: { readonly input_tokens: number; readonly output_tokens: number }): object {
  return {
    input_tokens_details: { cached_tokens: 0 },
    output_tokens_details: { reasoning_tokens: 0 },
    total_tokens: usage.input_tokens + usage.output_tokens,
    ...usage,
  };
}

const kinds: { readonly [type: string]: string } = { message: "msg", function_call: "fc", reasoning: "rs" };

function itemId({ type }: StreamedItem, response: string, index: number): string {
  return `${kinds[type] ?? "item"}_${response.replace(/^resp_/, "")}_${index}`;
}

/** An item as it is before its content has come. */
function announced(item: WireItem): WireItem {
  const begun = item.status === "completed" ? { ...item, status: "in_progress" } : item;
  switch (item.type) {
    case "message":
      return { ...begun, content: [] };
    case "function_call":
      return { ...begun, arguments: "" };
    case "reasoning":
      return { ...begun, summary: [] };
    default:
      return begun;
  }
}

/** The events between an item's announcement and its end. */
function between(item: WireItem, place: Place): EventFields[] {
  switch (item.type) {
    case "message":
      return list(item.content).flatMap((part, content_index) => contentEvents(part, { ...place, content_index }));
    case "reasoning":
      return list(item.summary).flatMap((part, summary_index) => summaryEvents(part, { ...place, summary_index }));
    case "function_call": {
      const text = String(item.arguments);
      return [
        ...deltas(text).map((delta) => ({ type: "response.function_call_arguments.delta", ...place, delta })),
        { type: "response.function_call_arguments.done", ...place, name: item.name, arguments: text },
      ];
    }
    default:
      return [];
  }
}

type Part = { readonly type: string; readonly text?: string; readonly refusal?: string };

function list(parts: unknown): readonly Part[] {
  return Array.isArray(parts) ? (parts as readonly Part[]) : [];
}

function contentEvents(part: Part, place: Place): EventFields[] {
  const refused = part.type === "refusal";
  const [kind, field] = refused ? ["response.refusal", "refusal"] : ["response.output_text", "text"];
  const text = (refused ? part.refusal : part.text) ?? "";
  const logprobs = refused ? {} : { logprobs: [] };
  return [
    { type: "response.content_part.added", ...place, part: { ...part, [field!]: "" } },
    ...deltas(text).map((delta) => ({ type: `${kind}.delta`, ...place, delta, ...logprobs })),
    { type: `${kind}.done`, ...place, [field!]: text, ...logprobs },
    { type: "response.content_part.done", ...place, part },
  ];
}

function summaryEvents(part: Part, place: Place): EventFields[] {
  const text = part.text ?? "";
  return [
    { type: "response.reasoning_summary_part.added", ...place, part: { ...part, text: "" } },
    ...deltas(text).map((delta) => ({ type: "response.reasoning_summary_text.delta", ...place, delta })),
    { type: "response.reasoning_summary_text.done", ...place, text },
    { type: "response.reasoning_summary_part.done", ...place, part },
  ];
}

/** Splits a text as a model streams it: a word with the space before it, long words in pieces of 12 characters. */
function deltas(text: string): string[] {
  const pieces: string[] = [];
  let length = 0;
  let inWord = false;
  for (const character of text) {
    const space = /\s/.test(character);
    if (length === 0 || length === 12 || (space && inWord)) {
      pieces.push("");
      length = 0;
    }
    pieces[pieces.length - 1] += character;
    length++;
    inWord = !space;
  }
  return pieces;
}
