import type { ResponseStreamEvent, RunItemStreamEvent, RunStreamEvent } from "runstream";
import { ItemHelpers } from "runstream";

export type ToolState = "running" | "waiting" | "done" | "rejected" | "failed" | "stopped";

/** What the chat shows, one below the other. It is kept as JSON. */
export type Entry =
  | { readonly kind: "user"; readonly text: string }
  | { readonly kind: "message" | "reasoning"; readonly agent: string; text: string; state: "open" | "done" | "cut" }
  | {
      readonly kind: "tool";
      readonly agent: string;
      readonly callId: string;
      readonly name: string;
      readonly arguments: string;
      state: ToolState;
      output?: string;
    }
  | { readonly kind: "handoff"; readonly from: string; readonly to: string }
  | { readonly kind: "note"; readonly text: string };

export type ToolEntry = Extract<Entry, { kind: "tool" }>;
export type TextEntry = Extract<Entry, { kind: "message" | "reasoning" }>;

/** Told of every change of a transcript. */
export interface TranscriptView {
  added(entry: Entry): void;
  changed(entry: Entry): void;
  /** An open text has grown by `delta`. */
  grew(entry: TextEntry, delta: string): void;
}

// Begins the default text that a model is told when a tool throws.
const FAILED = "An error occurred while running the tool";

/** Turns the events of runs into entries. */
export class Transcript {
  readonly entries: Entry[];
  readonly #view: TranscriptView;
  /** Texts that are being streamed, by the item's id. */
  readonly #open = new Map<string, TextEntry>();
  #agent = "";

  constructor(entries: Entry[], view: TranscriptView) {
    this.entries = entries;
    this.#view = view;
  }

  add(entry: Entry): void {
    this.entries.push(entry);
    this.#view.added(entry);
  }

  take(event: RunStreamEvent): void {
    if (event.type === "agent_updated_stream_event") this.#agent = event.newAgent.name;
    else if (event.type === "raw_response_event") this.#takeRaw(event.data);
    else this.#takeItem(event);
  }

  /** The run is over: nothing is open any more. */
  close(): void {
    this.#open.clear();
    for (const entry of this.entries) {
      if (entry.kind === "tool" && entry.state === "running") this.setTool(entry.callId, "stopped");
      else if ((entry.kind === "message" || entry.kind === "reasoning") && entry.state === "open") {
        entry.state = "cut";
        this.#view.changed(entry);
      }
    }
  }

  setTool(callId: string, state: ToolState, output?: string): void {
    const entry = this.entries.findLast((entry) => entry.kind === "tool" && entry.callId === callId);
    if (entry?.kind !== "tool") return;
    entry.state = state;
    if (output !== undefined) entry.output = output;
    this.#view.changed(entry);
  }

  #takeRaw(event: ResponseStreamEvent): void {
    switch (event.type) {
      case "response.output_text.delta":
      case "response.refusal.delta":
        return this.#grow("message", event.item_id, event.delta);
      case "response.reasoning_summary_text.delta":
        return this.#grow("reasoning", event.item_id, event.delta);
    }
  }

  #grow(kind: TextEntry["kind"], item: string, delta: string): void {
    const entry = this.#open.get(item) ?? this.#openText(kind, item);
    entry.text += delta;
    this.#view.grew(entry, delta);
  }

  #openText(kind: TextEntry["kind"], item: string): TextEntry {
    const entry: TextEntry = { kind, agent: this.#agent, text: "", state: "open" };
    this.#open.set(item, entry);
    this.add(entry);
    return entry;
  }

  #takeItem(event: RunItemStreamEvent): void {
    switch (event.name) {
      case "message_output_created":
        return this.#closeText("message", event.item.rawItem.id, messageText(event.item));
      case "reasoning_item_created":
        return this.#closeText("reasoning", event.item.rawItem.id, undefined);
      case "tool_called":
        return this.add({
          kind: "tool",
          agent: event.item.agent.name,
          callId: event.item.callId,
          name: event.item.toolName ?? event.item.rawItem.name ?? event.item.rawItem.type,
          arguments: event.item.rawItem.arguments ?? "",
          state: "running",
        });
      case "tool_output": {
        const output = typeof event.item.output === "string" ? event.item.output : JSON.stringify(event.item.output);
        return this.setTool(event.item.callId, this.#outcome(event.item.callId, output), output);
      }
      case "handoff_occured":
        return this.add({ kind: "handoff", from: event.item.sourceAgent.name, to: event.item.targetAgent.name });
    }
  }

  #closeText(kind: TextEntry["kind"], item: string | undefined, text: string | undefined): void {
    const open = this.#open.get(item ?? "");
    if (!open && !text) return;
    const entry = open ?? this.#openText(kind, item ?? "");
    this.#open.delete(item ?? "");
    entry.state = "done";
    entry.text = text ?? entry.text;
    this.#view.changed(entry);
  }

  #outcome(callId: string, output: string): ToolState {
    const entry = this.entries.findLast((entry) => entry.kind === "tool" && entry.callId === callId);
    if (entry?.kind === "tool" && entry.state === "rejected") return "rejected";
    return output.startsWith(FAILED) ? "failed" : "done";
  }
}

function messageText(item: Extract<RunItemStreamEvent, { name: "message_output_created" }>["item"]): string {
  return ItemHelpers.textMessageOutput(item) || ItemHelpers.extractRefusal(item.rawItem) || "";
}
