// The part of the Responses API that pages read, as the server writes it. Servers send more than is named here, and it
// all passes through: other fields are there at run time, and so are events and items of other types.

/** An item of a conversation. A message that was not the model's may be without a `type`. */
export interface InputItem {
  readonly type?: string;
  readonly id?: string;
  readonly status?: string;
  readonly [field: string]: unknown;
}

/** An item of a response's output. */
export interface WireItem extends InputItem {
  readonly type: string;
  readonly [field: string]: unknown;
}

/** A message; `role` says whose. */
export interface WireMessage extends WireItem {
  readonly role: string;
  readonly content: readonly WireContentPart[];
}

/** A part of a message: `output_text` has `text`, `refusal` has `refusal`. */
export interface WireContentPart {
  readonly type: string;
  readonly text?: string;
  readonly refusal?: string;
  readonly [field: string]: unknown;
}

/** A call of a tool. Calls of functions have all three fields, those of other tools the ones that fit. */
export interface WireToolCall extends WireItem {
  readonly name?: string;
  readonly call_id?: string;
  /** JSON text, as the model wrote it. */
  readonly arguments?: string;
}

/** The output of a call, as it goes to the model. */
export interface WireToolOutput extends WireItem {
  readonly call_id?: string;
  readonly output?: unknown;
}

/** What the model thought; `encrypted_content` only where the request's `include` asks for it. */
export interface WireReasoning extends WireItem {
  readonly summary?: readonly { readonly type: string; readonly text: string }[];
  readonly encrypted_content?: string | null;
}

/** A response, as far as it had come when the event was sent. */
export interface WireResponse {
  readonly id: string;
  readonly status?: string;
  readonly model?: string;
  readonly output: readonly WireItem[];
  readonly error?: { readonly code?: string | null; readonly message: string } | null;
  readonly incomplete_details?: { readonly reason?: string } | null;
  readonly usage?: {
    readonly input_tokens: number;
    readonly output_tokens: number;
    readonly total_tokens: number;
    readonly [field: string]: unknown;
  } | null;
  readonly [field: string]: unknown;
}

interface WireEvent {
  readonly sequence_number: number;
}

interface PartOfOutput extends WireEvent {
  readonly item_id: string;
  readonly output_index: number;
}

interface PartOfContent extends PartOfOutput {
  readonly content_index: number;
}

interface PartOfSummary extends PartOfOutput {
  readonly summary_index: number;
}

/** An event of the Responses API's stream. */
export type ResponseStreamEvent =
  | (WireEvent & {
      readonly type:
        | "response.created"
        | "response.queued"
        | "response.in_progress"
        | "response.completed"
        | "response.failed"
        | "response.incomplete";
      readonly response: WireResponse;
    })
  | (WireEvent & {
      readonly type: "response.output_item.added" | "response.output_item.done";
      readonly output_index: number;
      readonly item: WireItem;
    })
  | (PartOfContent & {
      readonly type: "response.content_part.added" | "response.content_part.done";
      readonly part: WireContentPart;
    })
  | (PartOfContent & { readonly type: "response.output_text.delta"; readonly delta: string })
  | (PartOfContent & { readonly type: "response.output_text.done"; readonly text: string })
  | (PartOfContent & {
      readonly type: "response.output_text.annotation.added";
      readonly annotation: unknown;
      readonly annotation_index: number;
    })
  | (PartOfContent & { readonly type: "response.refusal.delta"; readonly delta: string })
  | (PartOfContent & { readonly type: "response.refusal.done"; readonly refusal: string })
  | (PartOfContent & { readonly type: "response.reasoning_text.delta"; readonly delta: string })
  | (PartOfContent & { readonly type: "response.reasoning_text.done"; readonly text: string })
  | (PartOfSummary & {
      readonly type: "response.reasoning_summary_part.added" | "response.reasoning_summary_part.done";
      readonly part: { readonly type: string; readonly text: string };
    })
  | (PartOfSummary & { readonly type: "response.reasoning_summary_text.delta"; readonly delta: string })
  | (PartOfSummary & { readonly type: "response.reasoning_summary_text.done"; readonly text: string })
  | (PartOfOutput & {
      readonly type:
        | "response.function_call_arguments.delta"
        | "response.mcp_call_arguments.delta"
        | "response.code_interpreter_call_code.delta"
        | "response.custom_tool_call_input.delta";
      readonly delta: string;
    })
  | (PartOfOutput & {
      readonly type: "response.function_call_arguments.done" | "response.mcp_call_arguments.done";
      readonly arguments: string;
    })
  | (PartOfOutput & { readonly type: "response.code_interpreter_call_code.done"; readonly code: string })
  | (PartOfOutput & { readonly type: "response.custom_tool_call_input.done"; readonly input: string })
  | (PartOfOutput & {
      readonly type: "response.image_generation_call.partial_image";
      readonly partial_image_b64: string;
      readonly partial_image_index: number;
    })
  | (PartOfOutput & { readonly type: HostedToolProgress })
  | (WireEvent & { readonly type: "error"; readonly code?: string | null; readonly message: string });

/** How far a tool of the server's own has come. */
type HostedToolProgress =
  | `response.${"web_search" | "file_search"}_call.${"in_progress" | "searching" | "completed"}`
  | `response.code_interpreter_call.${"in_progress" | "interpreting" | "completed"}`
  | `response.image_generation_call.${"in_progress" | "generating" | "completed"}`
  | `response.${"mcp_call" | "mcp_list_tools"}.${"in_progress" | "completed" | "failed"}`;
