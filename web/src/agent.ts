import type { AgentTool, AgentToolOptions } from "./agent_tool.js";
import type { RunContext } from "./context.js";
import type { EngineModel } from "./engine_parts.js";
import type { InputGuardrail, OutputGuardrail } from "./guardrails.js";
import type { Handoff } from "./handoff.js";
import type { Hooks } from "./hooks.js";
import type { Model } from "./model.js";
import type { Json } from "./protocol.js";
import type { JsonSchema, StandardSchema } from "./schema.js";
import type { FromJsonSchema } from "./schema_types.js";
import type { Tool } from "./tools.js";
import { whole } from "./whole.js";

/** Instructions that are made before every model call. */
export type DynamicInstructions = (context: RunContext) => string | Promise<string>;

/** How a model is to answer; what is left out is the server's choice. */
export interface ModelSettings {
  readonly temperature?: number | undefined;
  readonly topP?: number | undefined;
  readonly frequencyPenalty?: number | undefined;
  readonly presencePenalty?: number | undefined;
  /** "auto", "required", "none", or a tool's name. */
  readonly toolChoice?: string | undefined;
  readonly parallelToolCalls?: boolean | undefined;
  readonly truncation?: "auto" | "disabled" | undefined;
  readonly maxTokens?: number | undefined;
  /** The API's own object, such as `{ effort: "low", summary: "auto" }`. */
  readonly reasoning?: { readonly [key: string]: Json } | undefined;
  readonly verbosity?: "low" | "medium" | "high" | undefined;
  readonly metadata?: { readonly [key: string]: string } | undefined;
  readonly store?: boolean | undefined;
  readonly include?: readonly string[] | undefined;
  readonly topLogprobs?: number | undefined;
  readonly promptCacheRetention?: string | undefined;
  readonly promptCacheKey?: string | undefined;
  /** Merged into the request body as it is; wins over everything else. */
  readonly extraBody?: { readonly [key: string]: Json } | undefined;
}

/** What tool outputs mean for the run: the model is asked again, the first call's output is the final one, that of the
 * named tools is, or a function decides. */
export type ToolUseBehavior =
  | "run_llm_again"
  | "stop_on_first_tool"
  | { readonly stopAtToolNames: readonly string[] }
  | ((
      context: RunContext,
      results: readonly { readonly toolName: string; readonly callId: string; readonly output: unknown }[],
    ) => ToolsToFinalOutput | Promise<ToolsToFinalOutput>);

/** What a function decides of a turn's tool outputs: the run ends with `finalOutput`, or the model is asked again. */
export interface ToolsToFinalOutput {
  readonly isFinalOutput: boolean;
  readonly finalOutput?: unknown;
}

/** The form of an agent's final answer: a Standard Schema, which also checks it, or an object with one, or with JSON
 * Schema, that says more. What a schema transforms the answer to is the run's `finalOutput`; guardrails, hooks and states
 * have it as JSON. A Standard Schema of something else than an object, such as a list, is shown to the model as the
 * property `response` of one, which APIs demand; `finalOutput` is the bare value. */
export type OutputType =
  | StandardSchema
  | {
      /** @defaultValue "final_output" */
      readonly name?: string | undefined;
      readonly schema: StandardSchema | JsonSchema;
      /** @defaultValue true */
      readonly strict?: boolean | undefined;
    };

/** The type of a final answer, by its agent's `outputType`. */
export type OutputOf<Type> =
  Type extends StandardSchema<infer Output>
    ? Output
    : Type extends { readonly schema: infer Schema }
      ? Schema extends StandardSchema<infer Output>
        ? Output
        : FromJsonSchema<Schema>
      : Type extends undefined
        ? string
        : unknown;

/** What an agent is made of. All but the name may be left out. */
export interface AgentOptions<Type = undefined> {
  /** Unique among the agents of a run: states and the default names of handoffs are made from it. */
  readonly name: string;
  readonly instructions?: string | DynamicInstructions | undefined;
  /** A prompt that the Responses API keeps: `{ id, version, variables }`. */
  readonly prompt?: { readonly [key: string]: Json } | undefined;
  /** Tells other agents' models when to hand off to this one. */
  readonly handoffDescription?: string | undefined;
  /** The model's name at the configured server, or a model of your own. */
  readonly model?: string | Model | EngineModel | undefined;
  readonly modelSettings?: ModelSettings | undefined;
  readonly tools?: readonly Tool[] | undefined;
  readonly handoffs?: readonly (Agent<unknown> | Handoff)[] | undefined;
  /** Plain text by default. */
  readonly outputType?: Type | undefined;
  /** @defaultValue "run_llm_again" */
  readonly toolUseBehavior?: ToolUseBehavior | undefined;
  /** Look at the input of a run that starts with this agent. */
  readonly inputGuardrails?: readonly InputGuardrail[] | undefined;
  /** Look at the final output of a run that ends with this agent. */
  readonly outputGuardrails?: readonly OutputGuardrail[] | undefined;
  /** Called while the agent has the conversation. */
  readonly hooks?: Hooks | undefined;
  /** Resets `modelSettings.toolChoice` once the agent has used a tool, so that a forced tool is called once.
   * @defaultValue true */
  readonly resetToolChoice?: boolean | undefined;
}

/** Demands an output type where the type is that of none. A constraint would keep `Agent<unknown>` from being any agent,
 * and a plain intersection is more than TypeScript 5 can compare with arktype's types. */
type WithOutputType<Type> = Type extends OutputType | undefined ? unknown : { readonly outputType?: OutputType | undefined };

/** An agent: a name, instructions, tools, and the agents it can hand off to. It is read when a run starts. `Type` is
 * that of its `outputType`. */
export class Agent<const Type = undefined> {
  readonly name: string;
  instructions: string | DynamicInstructions | undefined;
  prompt: { readonly [key: string]: Json } | undefined;
  handoffDescription: string | undefined;
  model: string | Model | EngineModel | undefined;
  modelSettings: ModelSettings | undefined;
  tools: Tool[];
  /** May be added to after the agent was made, so that agents can hand off to each other. */
  handoffs: (Agent<unknown> | Handoff)[];
  readonly outputType: (Type & OutputType) | undefined;
  toolUseBehavior: ToolUseBehavior | undefined;
  inputGuardrails: InputGuardrail[];
  outputGuardrails: OutputGuardrail[];
  hooks: Hooks | undefined;
  resetToolChoice: boolean;
  /** Whether it stands for one of the engine's own. @internal */
  inEngine = false;

  constructor(options: AgentOptions<Type> & WithOutputType<Type>) {
    this.name = options.name;
    this.instructions = options.instructions;
    this.prompt = options.prompt;
    this.handoffDescription = options.handoffDescription;
    this.model = options.model;
    this.modelSettings = options.modelSettings;
    this.tools = [...(options.tools ?? [])];
    this.handoffs = [...(options.handoffs ?? [])];
    this.outputType = options.outputType as typeof this.outputType;
    this.toolUseBehavior = options.toolUseBehavior;
    this.inputGuardrails = [...(options.inputGuardrails ?? [])];
    this.outputGuardrails = [...(options.outputGuardrails ?? [])];
    this.hooks = options.hooks;
    this.resetToolChoice = options.resetToolChoice ?? true;
  }

  /** A new agent with the same options but for those given. */
  clone<const Other = Type>(overrides: Partial<AgentOptions<Other>>): Agent<Other> {
    const copy = new Agent<Other>({ ...this, ...whole(overrides) } as ConstructorParameters<typeof Agent<Other>>[0]);
    copy.inEngine = this.inEngine;
    return copy;
  }

  /** Its name alone: items and events, which hold their agents, can be written as JSON. */
  toJSON(): { readonly name: string } {
    return { name: this.name };
  }

  /** The agent as a tool: a call runs it on the arguments, apart from the conversation, and its final output is the
   * call's. Where it needs an approval, the outer run stops for it. */
  asTool(options: AgentToolOptions = {}): AgentTool {
    return { type: "agent", agent: this, options: whole(options) };
  }
}
