import type { Agent } from "./agent.js";
import type { AgentNames } from "./graph.js";
import type { RunItem, RunToolApprovalItem } from "./items.js";
import { reviveInterruption, reviveItem } from "./items.js";
import type { ItemData, Snapshot, StateData } from "./protocol.js";
import type { WireItem } from "./responses.js";

/** Tokens and requests of a run so far. */
export interface Usage {
  readonly requests: number;
  readonly inputTokens: number;
  readonly outputTokens: number;
  readonly totalTokens: number;
}

export const NO_USAGE: Usage = { requests: 0, inputTokens: 0, outputTokens: 0, totalTokens: 0 };

/** What the model answered in one turn. */
export interface ModelResponse {
  readonly output: readonly WireItem[];
  readonly usage: Usage;
  readonly responseId: string | undefined;
}

/** The parts of a state document that are read on the page. */
export interface StateDocument {
  readonly current_turn: number;
  readonly max_turns: number | null;
  readonly current_step: { readonly type: string; readonly data?: { readonly response_accepted?: boolean } } | null;
  readonly session_items?: readonly ItemData[];
  readonly model_responses?: readonly ResponseData[];
  readonly [key: string]: unknown;
}

interface ResponseData {
  readonly output: readonly WireItem[];
  readonly usage: Snapshot["usage"];
  readonly response_id: string | null;
}

/** Puts a state document together. */
export function stateText({ parts, slots }: StateData): string {
  return parts.map((part, index) => part + (slots[index] ? JSON.stringify(slots[index]).slice(1, -1) : "")).join("");
}

/** What is known of a run, read out of a snapshot when first asked for. */
export class RunView {
  readonly names: AgentNames;
  readonly #read: () => Snapshot;
  #snapshot: Snapshot | undefined;
  #document: StateDocument | undefined;

  constructor(read: () => Snapshot, names: AgentNames) {
    this.#read = read;
    this.names = names;
  }

  get snapshot(): Snapshot {
    return (this.#snapshot ??= this.#read());
  }

  get document(): StateDocument {
    return (this.#document ??= JSON.parse(stateText(this.snapshot.state)) as StateDocument);
  }

  get newItems(): RunItem[] {
    return (this.document.session_items ?? []).map((item) => reviveItem(item, this.names));
  }

  get interruptions(): RunToolApprovalItem[] {
    return this.snapshot.interruptions.map((pending) => reviveInterruption(pending, this.names));
  }

  get rawResponses(): ModelResponse[] {
    return (this.document.model_responses ?? []).map(({ output, usage, response_id }) => ({
      output,
      usage: readUsage(usage),
      responseId: response_id ?? undefined,
    }));
  }

  get lastAgent(): Agent<unknown> {
    return this.names.find(this.snapshot.lastAgent);
  }

  get usage(): Usage {
    return readUsage(this.snapshot.usage);
  }
}

export function readUsage(usage: Snapshot["usage"]): Usage {
  return {
    requests: usage.requests,
    inputTokens: usage.input_tokens,
    outputTokens: usage.output_tokens,
    totalTokens: usage.total_tokens,
  };
}
