// What crosses between page and engine. Twin of jsbridge/protocol.go: the same
// messages, in the same order, under the same names. The engine lives in a
// worker (postMessage) or on the page (direct calls); the messages are the same.
//
// Functions never cross: the page holds them under a number and the engine
// calls them by it. Numbers of runs, functions and calls are the sender's and
// are never used twice.

/** A JSON value. */
export type Json = null | boolean | number | string | readonly Json[] | { readonly [key: string]: Json };

/** A function of the page, by its number. 0 is {@link TURN}. */
export interface FunctionRef {
  readonly fn: number;
}

/** The built-in function that the engine calls between two turns. The page replies once its reader has taken the turn's
 * events, or at once where nobody reads. */
export const TURN = 0;

/** Page to engine. */
export type ToEngine =
  /** Starts a run. `spec` is a RunSpec (specs.ts) as JSON text; `sessionId` names its session, which is asked for it when
   * the spec has been written. */
  | { readonly type: "run"; readonly run: number; readonly spec: string; readonly sessionId?: string | undefined }
  /** Stops a run; it still ends with an `end`. An unknown run is ignored. `calls` are those whose functions the page has
   * called and that it has not answered; any other is not called any more. */
  | { readonly type: "cancel"; readonly run: number; readonly mode: "immediate" | "after_turn"; readonly calls?: readonly number[] }
  /** Answers a `call`: `value` is JSON text. Exactly one of `value` and `error`. A late reply is ignored. */
  | { readonly type: "reply"; readonly call: number; readonly value?: string; readonly error?: ErrorData }
  /** The page has let go of a run that ended. */
  | { readonly type: "release"; readonly run: number };

/** Engine to page. */
export type FromEngine =
  /** The engine is up. `version` is the runner's; the page compares it with its own. */
  | { readonly type: "ready"; readonly version: string }
  /** Events in order, all that one network chunk brought. `batch` is a JSON array in UTF-8: the events, then a list of the
   * positions of those that are not the model server's, then a list of {@link EventSeries}. The server's own are its own
   * JSON text, byte for byte and bare, or values of a series, for they are nearly all there are; the others are
   * {@link EventData}. */
  | { readonly type: "events"; readonly run: number; readonly batch: ArrayBuffer }
  /** Calls a function of the page; `args` is a JSON array. */
  | { readonly type: "call"; readonly run: number; readonly call: number; readonly fn: number; readonly args: string }
  /** What is known of a run after a turn: in UTF-8, a {@link Snapshot} as JSON text, and behind it the JSON texts that the
   * page does not have yet, each after a record separator. It comes before anything else of the next turn. */
  | { readonly type: "snapshot"; readonly run: number; readonly snapshot: ArrayBuffer }
  /** The call is to end: its `AbortSignal` fires. A tool may still reply with what it has done, for a short while. */
  | { readonly type: "end"; readonly call: number }
  /** A run is over; its last message. `snapshot` is as above; it is there after an error too, unless the run could not
   * start. */
  | { readonly type: "end"; readonly run: number; readonly snapshot?: ArrayBuffer; readonly error?: ErrorData };

/** An error as it crosses. `name` is the contract's ("MaxTurnsExceeded"), `code` its stable identifier
 * ("max_turns_exceeded"), `message` says what happened and what to do. */
export interface ErrorData {
  readonly name: string;
  readonly message: string;
  readonly code?: string;
  /** HTTP status, where a server answered. */
  readonly status?: number;
  /** The number under which the page keeps what a function of it threw. */
  readonly thrown?: number;
  readonly cause?: ErrorData;
}

/** The first argument of functions that the engine calls. `agent` is an index into the run's agents, -1 for an
 * agent that is none of the page's, which then has its name in `agentName`. */
export interface CallInfo {
  readonly agent: number;
  readonly agentName?: string;
  readonly toolName?: string;
  readonly callId?: string;
  /** The arguments as the model wrote them. */
  readonly arguments?: string;
}

/** Events of a batch, from `start` to before `end`, that are like an object but for some of its fields: the batch has the
 * values of these alone, as arrays. */
export type EventSeries = readonly [start: number, end: number, like: { readonly [field: string]: Json }, ...fields: string[]];

/** An event of a batch that is not the model server's. */
export type EventData =
  /** First of a run, where it is there. The agents' names in states and items, in the order of the run's agents; without it
   * they are the agents' own. */
  | { readonly type: "identities"; readonly identities: readonly string[] }
  | { readonly type: "agent_updated_stream_event"; readonly new_agent: AgentRef }
  | { readonly type: "run_item_stream_event"; readonly name: string; readonly item: ItemData };

/** An agent as states write it: `identity` only where it differs from `name`. */
export interface AgentRef {
  readonly name: string;
  readonly identity?: string;
}

/** A run item as states write it. */
export interface ItemData {
  readonly type: string;
  readonly raw_item: Json;
  readonly agent: AgentRef;
  readonly output?: Json;
  readonly source_agent?: AgentRef;
  readonly target_agent?: AgentRef;
  readonly tool_name?: string;
  readonly title?: string;
  readonly description?: string;
  readonly tool_origin?: Json;
  readonly custom_data?: Json;
}

/** What is known of a run between two turns and at its end. */
export interface Snapshot {
  /** The number of the first text behind the snapshot, by which this and later ones refer to it. */
  readonly firstText: number;
  readonly state: StateData;
  readonly interruptions: readonly InterruptionData[];
  /** The run has ended and waits for a decision on these. */
  readonly paused: boolean;
  readonly currentTurn: number;
  readonly maxTurns: number | null;
  readonly lastAgent: AgentRef;
  readonly lastResponseId: string | null;
  readonly finalOutput?: Json | undefined;
  /** New items that the state's `session_items` do not have. */
  readonly unannouncedItems: readonly ItemData[];
  /** The conversation as the next run's input, by the numbers of its items' texts. */
  readonly inputList: readonly number[];
  /** That as the model would get it, where a handoff's filter makes it another one. */
  readonly normalizedInputList: readonly number[] | null;
  readonly usage: { readonly requests: number; readonly input_tokens: number; readonly output_tokens: number; readonly total_tokens: number };
  readonly inputGuardrailResults: readonly GuardrailData[];
  readonly outputGuardrailResults: readonly GuardrailData[];
  /** The two lists of tool guardrails have a behavior in place of a verdict. */
  readonly toolInputGuardrailResults: readonly GuardrailData[];
  readonly toolOutputGuardrailResults: readonly GuardrailData[];
}

/** What a guardrail said. */
export interface GuardrailData {
  readonly name: string;
  readonly tripped: boolean;
  readonly behavior?: string;
  readonly info?: Json;
}

/**
 * A RunState document in pieces: a text; a list of the numbers of texts, which stand there with commas between; or null,
 * where the next slot stands, without its braces. So a decision is a synchronous edit on the page that leaves every other
 * byte alone, and what one state of a run shares with the next crosses once.
 */
export interface StateData {
  readonly pieces: readonly (string | readonly number[] | null)[];
  readonly slots: readonly Slot[];
}

/** The keys of a `context` (or of the document: pending_input) that the page may edit. Never empty, so that the pieces'
 * commas fit; the first slot with pending_input is the outermost document's. */
export interface Slot {
  approvals?: { [key: string]: DecisionRecord };
  function_tool_approvals?: { agent: AgentRef; tool_key: string; decision: DecisionRecord }[];
  hosted_mcp_approvals?: { identity: Json; decision: DecisionRecord }[];
  pending_input?: Json[];
}

/** A decision as states write it: a list names call ids, `true` is a decision for all calls. */
export interface DecisionRecord {
  approved: boolean | string[];
  rejected: boolean | string[];
  rejection_messages?: { [callId: string]: string };
  sticky_rejection_message?: string;
  sticky_scope?: string;
}

/** A call that waits for a decision, and where that decision is written. */
export interface InterruptionData {
  readonly item: ItemData;
  readonly name: string;
  readonly callId: string;
  /** The arguments as the model wrote them. */
  readonly arguments: string;
  readonly target: DecisionTarget;
}

export interface DecisionTarget {
  /** Index into {@link StateData.slots}. */
  readonly slot: number;
  /** The records that a decision for this call goes into, the exact one first. */
  readonly records: readonly (
    | { readonly list: "function_tool_approvals"; readonly agent: AgentRef; readonly tool_key: string }
    | { readonly list: "approvals"; readonly tool_key: string }
    | { readonly list: "hosted_mcp_approvals"; readonly identity: Json }
  )[];
  /** `sticky_scope` of a decision for all calls. */
  readonly scope: string;
}
