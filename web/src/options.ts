import type { ModelSettings } from "./agent.js";
import type { RunContext } from "./context.js";
import type { AgentsError } from "./errors.js";
import type { InputGuardrail, OutputGuardrail } from "./guardrails.js";
import type { HandoffInputFilter } from "./handoff.js";
import type { Hooks } from "./hooks.js";
import type { EngineModel } from "./engine_parts.js";
import type { Model } from "./model.js";
import type { InputItem } from "./responses.js";
import type { Session } from "./session.js";

/** Ends a run with a final output in place of an error; undefined lets the error be. */
export type ErrorHandler = (
  error: AgentsError,
  context: RunContext,
) => HandledError | undefined | Promise<HandledError | undefined>;

/** What an error handler ends the run with. */
export interface HandledError {
  readonly finalOutput: unknown;
  /** Adds the output to the run's items, as the agent's message. @defaultValue true */
  readonly includeInHistory?: boolean | undefined;
}

/** What a model call sends. */
export interface ModelInput {
  readonly instructions: string;
  readonly input: readonly InputItem[];
}

/** What the model is about to be told of a call that did not do what it asked for. */
export interface ToolErrorInfo {
  readonly kind: "approval_rejected" | "tool_not_found" | "tool_exception";
  readonly toolName: string;
  readonly callId: string;
  readonly defaultMessage: string;
  /** What the tool failed with. It may hold what the model should not see. */
  readonly error: AgentsError | undefined;
}

/** What a run may be told beside its agent and its input. */
export interface RunOptions {
  /** Stops the run when it fires: its iterator and `completed` reject with `signal.reason`. Of a run that was over by then,
   * the iterator rejects where it has events left; the result stays. */
  readonly signal?: AbortSignal | undefined;
  /** Given to the functions of the run as `context`. It never leaves the page and is no part of states. */
  readonly context?: unknown;
  /** Model calls that the run may make; null is no limit. A resumed run keeps the limit it began with.
   * @defaultValue 10 */
  readonly maxTurns?: number | null | undefined;
  /** The model of every agent of the run: a name at the configured server, or a model of your own. */
  readonly model?: string | Model | EngineModel | undefined;
  /** Laid over the settings of every agent. */
  readonly modelSettings?: ModelSettings | undefined;
  /** Remembers the conversation. It cannot be used with a conversation that the server keeps. */
  readonly session?: Session | undefined;
  /** Reads only so many of the session's latest items; all by default. */
  readonly sessionLimit?: number | undefined;
  /** Makes the input from what the session remembers and what is new. Only items that the history does not hold are saved. */
  readonly sessionInputCallback?:
    | ((history: readonly InputItem[], newItems: readonly InputItem[]) => readonly InputItem[] | Promise<readonly InputItem[]>)
    | undefined;
  /** Called when a run has its final output, before it is complete, to shorten what the session holds. */
  readonly compact?: ((session: Session) => void | Promise<void>) | undefined;
  /** Goes on with a conversation that the server keeps. Only what is new is sent. */
  readonly conversationId?: string | undefined;
  /** Goes on from a response that the server keeps, and from then on from each latest one. */
  readonly previousResponseId?: string | undefined;
  /** Does so from the run's own first response on. @defaultValue false */
  readonly autoPreviousResponseId?: boolean | undefined;
  /** "omit" leaves the ids of reasoning items out of the input, for servers that do not keep them.
   * @defaultValue "preserve" */
  readonly reasoningItemIdPolicy?: "preserve" | "omit" | undefined;
  /** Added to those of the starting agent. */
  readonly inputGuardrails?: readonly InputGuardrail[] | undefined;
  /** Added to those of the last agent. */
  readonly outputGuardrails?: readonly OutputGuardrail[] | undefined;
  /** Lets no tool start before the parallel input guardrails are through. @defaultValue false */
  readonly holdTools?: boolean | undefined;
  /** Runs a tool's input guardrails before anybody is asked for approval, too. @defaultValue false */
  readonly guardrailsBeforeApproval?: boolean | undefined;
  readonly hooks?: Hooks | undefined;
  /** Edits what the next agent gets to see, where a handoff has no filter of its own. */
  readonly handoffInputFilter?: HandoffInputFilter | undefined;
  /** Gives the next agent one summary in place of the conversation before. @defaultValue false */
  readonly nestHandoffHistory?: boolean | undefined;
  /** Edits what each model call sends. The run's items and its session keep what they have. */
  readonly callModelInputFilter?: ((input: ModelInput, context: RunContext) => ModelInput | Promise<ModelInput>) | undefined;
  /** Ends the run, or tells the model, where it calls a tool that does not exist. @defaultValue "raise_error" */
  readonly toolNotFoundBehavior?: "raise_error" | "return_error_to_model" | undefined;
  /** Says what the model is told of a rejected call, an unknown tool or a failed one; undefined leaves the default.
   * The words of whoever rejected the call go before it. */
  readonly toolErrorFormatter?: ((info: ToolErrorInfo) => string | undefined | Promise<string | undefined>) | undefined;
  /** Turn the end of a run by an error into a final output. */
  readonly errorHandlers?:
    | {
        readonly maxTurns?: ErrorHandler | undefined;
        readonly modelRefusal?: ErrorHandler | undefined;
        readonly invalidFinalOutput?: ErrorHandler | undefined;
      }
    | undefined;
  /** Ends a run whose agent offers two tools or handoffs of one name. By default the last one is offered.
   * @defaultValue false */
  readonly uniqueToolNames?: boolean | undefined;
  /** Function tools of a turn that run at the same time; no limit by default. */
  readonly maxToolConcurrency?: number | undefined;
}

export const DEFAULT_MAX_TURNS = 10;
