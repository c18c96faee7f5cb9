import type { Agent } from "./agent.js";
import type { AgentNames } from "./graph.js";
import type { RunItem, RunToolApprovalItem } from "./items.js";
import { reviveInterruption, reviveItem } from "./items.js";
import type { ItemData, Snapshot, StateData } from "./protocol.js";
import type { InputItem, WireItem } from "./responses.js";

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

/** The snapshots of a run. Each has only the texts that are new; they are read when one is asked for. */
export class Snapshots {
  /** All texts so far, of the snapshots that were read. */
  readonly texts: string[] = [];
  readonly #utf8 = new TextDecoder();
  #unread: (() => void)[] = [];

  /** Gives the way to read a snapshot that has come. */
  add(bytes: ArrayBuffer): () => Snapshot {
    let snapshot: Snapshot | undefined;
    this.#unread.push(() => {
      const [head = "", ...texts] = this.#utf8.decode(bytes).split("\x1e");
      const { firstText } = (snapshot = JSON.parse(head) as Snapshot);
      texts.forEach((text, i) => (this.texts[firstText + i] = text));
    });
    return () => {
      for (const each of this.#unread.splice(0)) each();
      return snapshot as Snapshot;
    };
  }
}

/** What is known of a run, read out of a snapshot when first asked for. */
export class RunView {
  readonly names: AgentNames;
  readonly #read: () => Snapshot;
  readonly #texts: readonly string[];
  #document: StateDocument | undefined;

  constructor(read: () => Snapshot, texts: readonly string[], names: AgentNames) {
    this.#read = read;
    this.#texts = texts;
    this.names = names;
  }

  get snapshot(): Snapshot {
    return this.#read();
  }

  /** What a run begins with that goes on from here, with the state as it was edited: it has no output yet. */
  lent(state: StateData): RunView {
    return new RunView(() => ({ ...this.snapshot, state, finalOutput: undefined }), this.#texts, this.names);
  }

  get document(): StateDocument {
    return (this.#document ??= JSON.parse(this.stateText(this.snapshot.state)) as StateDocument);
  }

  /** Puts a state document together. */
  stateText({ pieces, slots }: StateData): string {
    let slot = 0;
    return pieces
      .map((piece) => {
        if (typeof piece === "string") return piece;
        return piece ? this.#joined(piece) : JSON.stringify(slots[slot++]).slice(1, -1);
      })
      .join("");
  }

  /** The conversation, as objects of the caller's own. */
  inputList(numbers: readonly number[]): InputItem[] {
    return JSON.parse(`[${this.#joined(numbers)}]`) as InputItem[];
  }

  #joined(numbers: readonly number[]): string {
    return numbers.map((number) => this.#texts[number]).join(",");
  }

  get newItems(): RunItem[] {
    return [...(this.document.session_items ?? []), ...this.snapshot.unannouncedItems].map((item) => reviveItem(item, this.names));
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
