import type { AgentOptions } from "./agent.js";
import { Agent } from "./agent.js";
import type { EngineTool } from "./tools.js";

/** A model that the engine brings: see {@link engineModel}. */
export interface EngineModel {
  readonly engineModel: string;
}

/**
 * An agent that your own engine brings, written in Go (`jsbridge.WithAgents`), for `init({ wasm })` with that engine. What is
 * given here is added to what it has. `Output` is the type of its final answer. A run fails with a UserError where the
 * engine has no agent of that name.
 */
export function engineAgent<Output = string>(
  name: string,
  parts: Pick<AgentOptions<Output>, "tools" | "handoffs"> = {},
): Agent<Output> {
  const agent = new Agent<Output>({ ...parts, name });
  agent.inEngine = true;
  return agent;
}

/** A tool that your own engine brings (`jsbridge.WithTools`), for an agent of the page. It runs in the engine: in the worker. */
export function engineTool(name: string): EngineTool {
  return { type: "engine", name };
}

/** A model that your own engine brings (`jsbridge.WithModel`), for an agent or a run. */
export function engineModel(name: string): EngineModel {
  return { engineModel: name };
}
