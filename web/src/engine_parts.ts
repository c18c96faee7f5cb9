import type { AgentOptions } from "./agent.js";
import { Agent } from "./agent.js";
import type { EngineTool } from "./tools.js";

/** A model that the engine brings: see {@link engineModel}. */
export interface EngineModel {
  /** The name that it has there. */
  readonly engineModel: string;
}

/**
 * An agent that your own engine brings, written in Go (`jsbridge.WithAgents`), for `init({ wasm })` with that engine. What is
 * given here is added to what it has. Its final answer is a text, unless `Type` says otherwise, such as
 * `engineAgent<StandardSchema<Report>>("Reporter")`. A run fails with a UserError where the engine has no agent of that name.
 */
export function engineAgent<Type = undefined>(name: string, parts: Pick<AgentOptions, "tools" | "handoffs"> = {}): Agent<Type> {
  const agent = new Agent<unknown>({ ...parts, name }) as Agent<Type>;
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
