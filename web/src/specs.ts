import type { FunctionRef, Json } from "./protocol.js";

// What a run is made of, as the page writes it down for the engine. Twin of
// jsbridge/spec_run.go, spec_agent.go and spec_tool.go, in the same order. Every
// function gets a CallInfo first, but where its comment says otherwise.

/** A run to start. */
export interface RunSpec {
  /** Every agent that can be reached from `agents[0]`, breadth first; agents refer to each other by index. */
  readonly agents: readonly AgentSpec[];
  readonly input: { readonly text: string } | { readonly items: readonly Json[] } | { readonly state: string };
  /** Only checks and loads the state: the run ends at once, with its snapshot. */
  readonly load?: boolean | undefined;
  readonly provider?: ProviderSpec | undefined;
  readonly options?: OptionsSpec | undefined;
}

/** Where models live. `baseURL` is absolute. */
export interface ProviderSpec {
  readonly baseURL: string;
  readonly api?: "responses" | "chat_completions" | undefined;
  /** () => string: asked before every request; its answer goes into the Authorization header. */
  readonly token?: FunctionRef | undefined;
  readonly headers?: { readonly [name: string]: string } | undefined;
  /** Further attempts after 408, 409, 429, 5xx and connection errors. 2 by default. */
  readonly maxRetries?: number | undefined;
}

export interface OptionsSpec {
  /** null: no limit. 10 by default. */
  readonly maxTurns?: number | null | undefined;
  readonly model?: ModelSpec | undefined;
  /** Under the names of the Python SDK: `top_p`, `tool_choice`, … */
  readonly modelSettings?: { readonly [key: string]: Json } | undefined;
  readonly session?: SessionSpec | undefined;
  /** (info, history, fresh) => items. */
  readonly sessionInput?: FunctionRef | undefined;
  readonly sessionLimit?: number | undefined;
  readonly conversationId?: string | undefined;
  readonly previousResponseId?: string | undefined;
  readonly autoPreviousResponseId?: boolean | undefined;
  readonly reasoningItemIdPolicy?: "preserve" | "omit" | undefined;
  readonly inputGuardrails?: readonly GuardrailSpec[] | undefined;
  readonly outputGuardrails?: readonly GuardrailSpec[] | undefined;
  readonly hooks?: HooksSpec | undefined;
  /** As in {@link HandoffSpec}. */
  readonly handoffInputFilter?: FunctionRef | undefined;
  readonly nestHandoffHistory?: boolean | undefined;
  readonly toolNotFoundBehavior?: "raise_error" | "return_error_to_model" | undefined;
  /** (info, { kind, defaultMessage }, ErrorData | null) => string. */
  readonly toolErrorFormatter?: FunctionRef | undefined;
  readonly errorHandlers?: ErrorHandlersSpec | undefined;
  /** (info, { instructions, input }) => the same. */
  readonly modelInputFilter?: FunctionRef | undefined;
  /** No tool starts before the parallel input guardrails are through. */
  readonly holdTools?: boolean | undefined;
  /** A tool's input guardrails run before anybody is asked for approval, too. */
  readonly guardrailsBeforeApproval?: boolean | undefined;
  /** Two tools or handoffs of one name end the run. */
  readonly uniqueToolNames?: boolean | undefined;
  readonly maxToolConcurrency?: number | undefined;
  /** (info) => void. */
  readonly compact?: FunctionRef | undefined;
}

/** (info, ErrorData) => { finalOutput, includeInHistory } or null. */
export interface ErrorHandlersSpec {
  readonly maxTurns?: FunctionRef | undefined;
  readonly modelRefusal?: FunctionRef | undefined;
  readonly invalidFinalOutput?: FunctionRef | undefined;
}

/** A session that the page keeps. Its functions get no info and are answered after the run was stopped, too. */
export interface SessionSpec {
  /** (limit) => items. */
  readonly items: FunctionRef;
  /** (items) => void. */
  readonly add: FunctionRef;
  /** () => item | null. */
  readonly pop: FunctionRef;
  /** () => void. */
  readonly clear: FunctionRef;
}

/** An agent of the page; or one of the engine's own where it is `registered`, and then has a name, and tools and handoffs
 * to add. */
export interface AgentSpec {
  readonly name: string;
  readonly registered?: boolean | undefined;
  /** Text, or (info) => string. */
  readonly instructions?: string | FunctionRef | undefined;
  readonly prompt?: Json | undefined;
  readonly handoffDescription?: string | undefined;
  readonly model?: ModelSpec | undefined;
  readonly modelSettings?: { readonly [key: string]: Json } | undefined;
  readonly tools?: readonly ToolSpec[] | undefined;
  readonly handoffs?: readonly HandoffSpec[] | undefined;
  readonly output?: OutputSpec | undefined;
  readonly toolUse?: ToolUseSpec | undefined;
  readonly inputGuardrails?: readonly GuardrailSpec[] | undefined;
  readonly outputGuardrails?: readonly GuardrailSpec[] | undefined;
  readonly hooks?: HooksSpec | undefined;
  readonly keepToolChoice?: boolean | undefined;
}

/** A name at the provider, a model of the engine's own, or one of the page. */
export type ModelSpec = string | { readonly registered: string } | ModelFunctions;

/** A model of the page, whose functions get no info. */
export interface ModelFunctions {
  /** Begins an answer: (request) => number, the request being the body of a Responses API call. */
  readonly open: FunctionRef;
  /** (number) => { events, done }: what there is by now, once there is something. */
  readonly next: FunctionRef;
  /** Ends an answer that is not done: (number) => void. */
  readonly close: FunctionRef;
}

/** The form of the final answer. */
export interface OutputSpec {
  readonly name?: string | undefined;
  readonly schema: Json;
  readonly strict?: boolean | undefined;
  /** The answer is asked for as the property `response` of an object. */
  readonly wrapped?: boolean | undefined;
  /** (text) => value; it gets no info, and throws where the text is not of that form. */
  readonly validate?: FunctionRef | undefined;
}

/** The function is (info, [{ toolName, callId, output }]) => { isFinalOutput, finalOutput }. */
export type ToolUseSpec = "run_llm_again" | "stop_on_first_tool" | { readonly stopAtToolNames: readonly string[] } | FunctionRef;

/** A guardrail. */
export interface GuardrailSpec {
  readonly name: string;
  /** true by default. */
  readonly runInParallel?: boolean | undefined;
  /** (info, input | output) => { tripwireTriggered, outputInfo }. */
  readonly run: FunctionRef;
}

/** The hooks that there are. `handoff` gets the other agent's CallInfo. */
export interface HooksSpec {
  readonly agentStart?: FunctionRef | undefined;
  readonly agentEnd?: FunctionRef | undefined;
  readonly handoff?: FunctionRef | undefined;
  readonly modelStart?: FunctionRef | undefined;
  readonly modelEnd?: FunctionRef | undefined;
  readonly toolStart?: FunctionRef | undefined;
  readonly toolEnd?: FunctionRef | undefined;
}

export interface HandoffSpec {
  readonly agent: number;
  readonly toolName?: string | undefined;
  readonly toolDescription?: string | undefined;
  readonly enabled?: boolean | FunctionRef | undefined;
  /** JSON Schema of what `onHandoff` gets. */
  readonly inputSchema?: Json | undefined;
  readonly strict?: boolean | undefined;
  /** (info with the arguments) => void. */
  readonly onHandoff?: FunctionRef | undefined;
  /** (info, { history, before, new }) => the same with the positions of the items that stay, in `before` followed by
   * `new`; `input`, if it is there, has those that the next agent sees of `new`. */
  readonly inputFilter?: FunctionRef | undefined;
  readonly nestHandoffHistory?: boolean | undefined;
}

/** A tool; `type` says which fields are there. */
export interface ToolSpec {
  readonly type: "function" | "agent" | "custom" | "shell" | "apply_patch" | "computer" | "hosted" | "hosted_mcp" | "engine";
  readonly name: string;
  readonly description?: string | undefined;
  /** JSON Schema of the arguments of a function or an agent. */
  readonly parameters?: Json | undefined;
  /** true by default. */
  readonly strict?: boolean | undefined;
  /** Or (info) => boolean. */
  readonly needsApproval?: boolean | FunctionRef | undefined;
  /** Or (info) => boolean. */
  readonly enabled?: boolean | FunctionRef | undefined;
  readonly timeoutMs?: number | undefined;
  readonly timeoutBehavior?: "error_as_result" | "raise_exception" | undefined;
  /** null: a failure ends the run. Absent: the model is told the SDK's fixed text. Else (info, ErrorData) => string. */
  readonly onError?: null | FunctionRef | undefined;
  /** (info) => JSON value for a function, and for the others (info, input | action | operation) => what they give. */
  readonly execute?: FunctionRef | undefined;
  readonly deferLoading?: boolean | undefined;
  readonly namespace?: string | undefined;
  readonly namespaceDescription?: string | undefined;
  readonly allowedCallers?: readonly string[] | undefined;
  readonly inputGuardrails?: readonly ToolGuardrailSpec[] | undefined;
  readonly outputGuardrails?: readonly ToolGuardrailSpec[] | undefined;
  /** (info, output) => JSON value. */
  readonly customData?: FunctionRef | undefined;
  readonly agent?: number | undefined;
  readonly maxTurns?: number | null | undefined;
  /** (info) => text or items. */
  readonly input?: FunctionRef | undefined;
  /** (info, { finalOutput, newItems }) => JSON value. */
  readonly output?: FunctionRef | undefined;
  /** (info, event, info of the agent at work); it is not waited for. */
  readonly onStream?: FunctionRef | undefined;
  readonly session?: SessionSpec | undefined;
  readonly hooks?: HooksSpec | undefined;
  /** (info, raw call) => { approve, reason } or null. */
  readonly onApproval?: FunctionRef | undefined;
  /** A hosted tool as the API defines it, a custom tool's format, a shell's environment, or a preview computer's
   * { environment, width, height }. */
  readonly config?: Json | undefined;
  /** A hosted tool's values for the request's `include`. */
  readonly includes?: readonly string[] | undefined;
  /** (info) => text, of a computer. */
  readonly screenshot?: FunctionRef | undefined;
  /** (info, check) => boolean, of a computer. */
  readonly onSafetyCheck?: FunctionRef | undefined;
}

/** A guardrail of a function tool. */
export interface ToolGuardrailSpec {
  readonly name: string;
  /** (info, output | null) => { behavior, message, outputInfo }. */
  readonly run: FunctionRef;
}
