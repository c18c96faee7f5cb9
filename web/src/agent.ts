import type { Handoff } from "./handoff.js";
import type { Json } from "./protocol.js";
import type { RunContext, Tool } from "./tool.js";

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

export interface AgentOptions {
  /** Unique among the agents of a run: states and the default names of handoffs are made from it. */
  readonly name: string;
  readonly instructions?: string | DynamicInstructions | undefined;
  /** Tells other agents' models when to hand off to this one. */
  readonly handoffDescription?: string | undefined;
  /** The model's name; the engine's default if absent. */
  readonly model?: string | undefined;
  readonly modelSettings?: ModelSettings | undefined;
  readonly tools?: readonly Tool[] | undefined;
  readonly handoffs?: readonly (Agent | Handoff)[] | undefined;
}

/** An agent: a name, instructions, tools, and the agents it can hand off to. It is read when a run starts. */
export class Agent {
  name: string;
  instructions: string | DynamicInstructions | undefined;
  handoffDescription: string | undefined;
  model: string | undefined;
  modelSettings: ModelSettings | undefined;
  tools: Tool[];
  /** May be added to after the agent was made, so that agents can hand off to each other. */
  handoffs: (Agent | Handoff)[];

  constructor(options: AgentOptions) {
    this.name = options.name;
    this.instructions = options.instructions;
    this.handoffDescription = options.handoffDescription;
    this.model = options.model;
    this.modelSettings = options.modelSettings;
    this.tools = [...(options.tools ?? [])];
    this.handoffs = [...(options.handoffs ?? [])];
  }

  /** A new agent with the same options but for those given. */
  clone(overrides: Partial<AgentOptions>): Agent {
    return new Agent({ ...this, ...overrides });
  }
}
