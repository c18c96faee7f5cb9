import type { ModelSettings } from "./agent.js";
import { Agent } from "./agent.js";
import type { RunContext, ToolCallDetails } from "./context.js";
import type { Thrown } from "./error_data.js";
import { UserError } from "./errors.js";
import type { Handoff } from "./handoff.js";
import type { AgentRef, CallInfo, FunctionRef, Json } from "./protocol.js";
import { NO_USAGE, type RunView } from "./view.js";

/** A function that the engine can call. What it returns or throws is the reply. */
export type PageFunction = (args: readonly unknown[], signal: AbortSignal) => unknown;

/** The functions of one run, by number. */
export class FunctionTable {
  readonly #functions: PageFunction[] = [];
  readonly #lasting: Set<number> = new Set();

  /** Numbers begin at 1: 0 is TURN. A `lasting` function is answered after the run was stopped, too. */
  add(fn: PageFunction, { lasting = false }: { readonly lasting?: boolean } = {}): FunctionRef {
    const number = this.#functions.push(fn);
    if (lasting) this.#lasting.add(number);
    return { fn: number };
  }

  isLasting(fn: number): boolean {
    return this.#lasting.has(fn);
  }

  get(fn: number): PageFunction | undefined {
    return this.#functions[fn - 1];
  }
}

/** The agents of a run by the names that states and items have for them. */
export class AgentNames {
  readonly #byName: Map<string, Agent<unknown>> = new Map();

  constructor(
    readonly agents: readonly Agent<unknown>[],
    identities: readonly string[] = agents.map((agent) => agent.name),
  ) {
    identities.forEach((name, index) => {
      const agent = agents[index];
      if (agent && !this.#byName.has(name)) this.#byName.set(name, agent);
    });
  }

  /** The user's own object. An agent that is none of the run's is shown by its name alone. */
  find(ref: AgentRef): Agent<unknown> {
    const identity = ref.identity ?? ref.name;
    const known = this.#byName.get(identity);
    if (known) return known;
    const stranger: Agent<unknown> = new Agent({ name: ref.name });
    stranger.inEngine = true; // a run of it has the engine's own, or fails
    this.#byName.set(identity, stranger);
    return stranger;
  }
}

/** Gives every agent that can be reached from `root`, by handoffs and as tools, breadth first. */
export function reachableAgents(root: Agent<unknown>): Agent<unknown>[] {
  const agents = [root];
  const reach = (agent: Agent<unknown>): void => {
    if (!agents.includes(agent)) agents.push(agent);
  };
  for (const agent of agents) {
    if (typeof agent?.name !== "string" || !Array.isArray(agent.handoffs) || !Array.isArray(agent.tools)) {
      throw new UserError('A run needs an Agent: new Agent({ name: "…", instructions: "…" }).');
    }
    for (const handoff of agent.handoffs) reach("agent" in Object(handoff) ? (handoff as Handoff).agent : (handoff as Agent<unknown>));
    for (const tool of agent.tools) if (tool?.type === "agent") reach(tool.agent);
  }
  return agents;
}

/** What the functions of one run share. */
export class RunScope {
  readonly functions: FunctionTable = new FunctionTable();
  readonly thrown: Thrown;
  readonly #outputs: Map<string, unknown> = new Map();
  names: AgentNames;
  readonly #agents: readonly Agent<unknown>[];
  readonly #context: unknown;
  readonly #view: () => RunView | undefined;
  readonly #endings: (() => void)[] = [];

  constructor(agents: readonly Agent<unknown>[], context: unknown, view: () => RunView | undefined, thrown: Thrown) {
    this.#agents = agents;
    this.#context = context;
    this.#view = view;
    this.thrown = thrown;
    this.names = new AgentNames(agents);
  }

  /** What is to be done when the run is over. */
  atEnd(ending: () => void): void {
    this.#endings.push(ending);
  }

  end(): void {
    for (const ending of this.#endings.splice(0)) ending();
  }

  /** Keeps what the schema of an agent's output gave, which crosses as JSON only: nothing as empty text. */
  keepOutput(agent: Agent<unknown>, value: unknown): unknown {
    this.#outputs.set(this.#outputKey(agent, value === undefined ? "" : value), value);
    return value;
  }

  /** The output that the agent's schema gave, where this is its JSON. */
  output(agent: Agent<unknown>, value: unknown): unknown {
    const key = this.#outputKey(agent, value);
    return this.#outputs.has(key) ? this.#outputs.get(key) : value;
  }

  #outputKey(agent: Agent<unknown>, value: unknown): string {
    return `${this.indexOf(agent)} ` + JSON.stringify(value, bigIntAsText);
  }

  /** The place of an agent among those of the run. */
  indexOf(agent: Agent<unknown>): number {
    return this.#agents.indexOf(agent);
  }

  agent({ agent, agentName = "" }: CallInfo): Agent<unknown> {
    return this.#agents[agent] ?? this.names.find({ name: agentName });
  }

  /** What a function is told of the run, and `more`. */
  context<More extends object>(info: CallInfo, more: More = {} as More): RunContext & More {
    const view = this.#view();
    const context: RunContext = {
      agent: this.agent(info),
      context: this.#context,
      // Nearly nobody asks, and to tell takes reading a snapshot.
      get usage() {
        return view?.usage ?? NO_USAGE;
      },
    };
    return Object.assign(context, more);
  }

  details<More extends object>(info: CallInfo, signal: AbortSignal, more: More = {} as More): ToolCallDetails & More {
    const { toolName = "", callId = "", arguments: text = "" } = info;
    return this.context(info, { toolName, callId, arguments: text, signal, ...more });
  }

  /** A function that the engine calls with an info first. */
  add(run: (info: CallInfo, args: readonly unknown[], signal: AbortSignal) => unknown): FunctionRef {
    return this.functions.add(([info, ...args], signal) => run(info as CallInfo, args, signal));
  }

  /** A function that is called for what it does: what it gives is dropped, whatever it is. */
  addAction(run: (info: CallInfo, args: readonly unknown[], signal: AbortSignal) => unknown): FunctionRef {
    return this.add(async (info, args, signal) => void (await run(info, args, signal)));
  }

  /** What the user gave as a value, or as a function that gives it. */
  choice<Value extends boolean | string>(
    given: Value | ((context: RunContext) => Value | Promise<Value>) | undefined,
  ): Value | FunctionRef | undefined {
    return typeof given === "function" ? this.add((info) => given(this.context(info))) : given;
  }
}

/** A number that JSON has no form for crosses as its digits. */
export function bigIntAsText(_key: string, value: unknown): unknown {
  return typeof value === "bigint" ? String(value) : value;
}

/** Model settings under the names that they have in the engine: those of the Python SDK. */
export function wireSettings(settings: ModelSettings): { [key: string]: Json } {
  const wire: { [key: string]: Json } = {};
  for (const [key, value] of Object.entries(settings)) {
    if (value !== undefined) wire[key.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`)] = value as Json;
  }
  return wire;
}
