import type { ModelSettings } from "./agent.js";
import { Agent } from "./agent.js";
import { errorFromData } from "./error_data.js";
import { UserError } from "./errors.js";
import type { Handoff } from "./handoff.js";
import type { AgentRef, AgentSpec, CallInfo, ErrorData, FunctionRef, HandoffSpec, Json, ToolSpec } from "./protocol.js";
import type { FunctionTool, RunContext, ToolCallDetails } from "./tool.js";

/** A function that the engine can call. What it returns or throws is the reply. */
export type PageFunction = (args: readonly unknown[], signal: AbortSignal) => unknown;

/** The functions of one run, by number. */
export class FunctionTable {
  readonly #functions: PageFunction[] = [];

  /** Numbers begin at 1: 0 is TURN. */
  add(fn: PageFunction): FunctionRef {
    return { fn: this.#functions.push(fn) };
  }

  get(fn: number): PageFunction | undefined {
    return this.#functions[fn - 1];
  }
}

/** The agents of a run by the names that states and items have for them. */
export class AgentNames {
  readonly #byName: Map<string, Agent> = new Map();

  constructor(
    readonly agents: readonly Agent[],
    identities: readonly string[] = agents.map((agent) => agent.name),
  ) {
    identities.forEach((name, index) => {
      const agent = agents[index];
      if (agent && !this.#byName.has(name)) this.#byName.set(name, agent);
    });
  }

  /** The user's own object. An agent that is none of the run's is shown by its name alone. */
  find(ref: AgentRef): Agent {
    const identity = ref.identity ?? ref.name;
    const known = this.#byName.get(identity);
    if (known) return known;
    const stranger = new Agent({ name: ref.name });
    this.#byName.set(identity, stranger);
    return stranger;
  }
}

/** Walks the agents that can be reached from `root`, breadth first, and writes them down for the engine. */
export function readAgents(root: Agent, functions: FunctionTable): { agents: Agent[]; specs: AgentSpec[] } {
  const agents = [root];
  for (const agent of agents) {
    if (typeof agent?.name !== "string" || !Array.isArray(agent.handoffs)) {
      throw new UserError('A run needs an Agent: new Agent({ name: "…", instructions: "…" }).');
    }
    for (const handoff of agent.handoffs) {
      const target = readHandoff(handoff).agent;
      if (!agents.includes(target)) agents.push(target);
    }
  }
  const reader = new AgentReader(agents, functions);
  return { agents, specs: agents.map((agent) => reader.read(agent)) };
}

function readHandoff(handoff: Agent | Handoff): Handoff {
  return "agent" in handoff ? handoff : { agent: handoff };
}

class AgentReader {
  readonly #agents: readonly Agent[];
  readonly #functions: FunctionTable;

  constructor(agents: readonly Agent[], functions: FunctionTable) {
    this.#agents = agents;
    this.#functions = functions;
  }

  read(agent: Agent): AgentSpec {
    const { name, instructions, handoffDescription, model, modelSettings, tools, handoffs } = agent;
    return {
      name,
      ...(instructions !== undefined && {
        instructions: typeof instructions === "function" ? this.#contextFunction(instructions) : instructions,
      }),
      ...(handoffDescription !== undefined && { handoffDescription }),
      ...(model !== undefined && { model }),
      ...(modelSettings && { modelSettings: wireSettings(modelSettings) }),
      tools: tools.map((tool) => this.#tool(tool, agent)),
      handoffs: handoffs.map((handoff) => this.#handoff(readHandoff(handoff))),
    };
  }

  #handoff({ agent, toolName, toolDescription, isEnabled }: Handoff): HandoffSpec {
    return {
      agent: this.#agents.indexOf(agent),
      ...(toolName !== undefined && { toolName }),
      ...(toolDescription !== undefined && { toolDescription }),
      ...(isEnabled !== undefined && {
        enabled: typeof isEnabled === "function" ? this.#contextFunction(isEnabled) : isEnabled,
      }),
    };
  }

  #tool(tool: FunctionTool, owner: Agent): ToolSpec {
    if (tool?.type !== "function" || typeof tool.invoke !== "function") {
      throw new UserError(`A tool of agent ${owner.name} was not made by tool({ name: "…", … }).`);
    }
    const { needsApproval, isEnabled, timeoutMs, timeoutBehavior, errorFunction } = tool;
    // What a call threw, until errorFunction has seen it: the engine only knows its name and message.
    const failures = new Map<string, unknown>();

    const execute: PageFunction = async ([info], signal) => {
      const details = this.#details(info as CallInfo, signal);
      try {
        return await tool.invoke(details.arguments, details);
      } catch (error) {
        if (errorFunction) failures.set(details.callId, error);
        throw error;
      }
    };
    const onError: PageFunction = ([info, data]) => {
      const { callId = "" } = info as CallInfo;
      const error = failures.has(callId) ? failures.get(callId) : errorFromData(data as ErrorData);
      failures.delete(callId);
      return errorFunction?.(this.#context(info as CallInfo), error);
    };
    return {
      type: "function",
      name: tool.name,
      description: tool.description,
      parameters: tool.parameters as Json,
      strict: tool.strict,
      needsApproval: typeof needsApproval === "function" ? this.#approvalFunction(needsApproval) : needsApproval,
      enabled: typeof isEnabled === "function" ? this.#contextFunction(isEnabled) : isEnabled,
      ...(timeoutMs !== undefined && { timeoutMs }),
      ...(timeoutBehavior !== undefined && { timeoutBehavior }),
      ...(errorFunction !== undefined && { onError: errorFunction === null ? null : this.#functions.add(onError) }),
      execute: this.#functions.add(execute),
    };
  }

  #contextFunction(fn: (context: RunContext) => unknown): FunctionRef {
    return this.#functions.add(([info]) => fn(this.#context(info as CallInfo)));
  }

  #approvalFunction(needsApproval: Exclude<FunctionTool["needsApproval"], boolean>): FunctionRef {
    return this.#functions.add(([info]) => {
      const call = info as CallInfo;
      return needsApproval(this.#context(call), call.arguments ?? "", call.callId ?? "");
    });
  }

  #context(info: CallInfo): RunContext {
    return { agent: this.#agents[info.agent] as Agent };
  }

  #details(info: CallInfo, signal: AbortSignal): ToolCallDetails {
    const { toolName = "", callId = "", arguments: text = "" } = info;
    return { ...this.#context(info), toolName, callId, arguments: text, signal };
  }
}

/** Model settings under the names that they have in the engine: those of the Python SDK. */
export function wireSettings(settings: ModelSettings): { [key: string]: Json } {
  const wire: { [key: string]: Json } = {};
  for (const [key, value] of Object.entries(settings)) {
    if (value !== undefined) wire[key.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`)] = value as Json;
  }
  return wire;
}
