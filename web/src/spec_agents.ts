import type { Agent, OutputType, ToolUseBehavior } from "./agent.js";
import type { RunScope } from "./graph.js";
import { wireSettings } from "./graph.js";
import type { Handoff } from "./handoff.js";
import type { Json } from "./protocol.js";
import type { StandardSchema } from "./schema.js";
import { isStandardSchema, parseArguments, parseOutput, toJsonSchema } from "./schema.js";
import { filterSpec, guardrailSpec, hooksSpec, modelSpec } from "./spec_parts.js";
import { toolSpec } from "./spec_tools.js";
import type { AgentSpec, HandoffSpec, OutputSpec, ToolUseSpec } from "./specs.js";

/** Writes an agent down for the engine. */
export function agentSpec(agent: Agent<unknown>, scope: RunScope): AgentSpec {
  const { name, instructions, prompt, handoffDescription, model, modelSettings, outputType, toolUseBehavior, hooks } = agent;
  return {
    name,
    registered: agent.inEngine || undefined,
    instructions: scope.choice(instructions),
    prompt,
    handoffDescription,
    model: model && modelSpec(model, scope),
    modelSettings: modelSettings && wireSettings(modelSettings),
    tools: agent.tools.map((tool) => toolSpec(tool, agent, scope)),
    handoffs: agent.handoffs.map((handoff) => handoffSpec("agent" in handoff ? handoff : { agent: handoff }, scope)),
    output: outputType && outputSpec(outputType, agent, scope),
    toolUse: toolUseBehavior && toolUseSpec(toolUseBehavior, scope),
    inputGuardrails: agent.inputGuardrails.map((guardrail) => guardrailSpec(guardrail, scope, "input")),
    outputGuardrails: agent.outputGuardrails.map((guardrail) => guardrailSpec(guardrail, scope, "agentOutput")),
    hooks: hooks && hooksSpec(hooks, scope),
    keepToolChoice: !agent.resetToolChoice,
  };
}

function outputSpec(output: NonNullable<Agent<unknown>["outputType"]>, agent: Agent<unknown>, scope: RunScope): OutputSpec {
  const { name, schema, strict }: Exclude<OutputType, StandardSchema> = isStandardSchema(output) ? { schema: output } : output;
  if (!isStandardSchema(schema)) return { schema: schema as Json, name, strict };
  const owner = `the output of agent ${agent.name}`;
  const document = toJsonSchema(schema, owner);
  const wrapped = document["type"] !== "object"; // APIs take none but objects
  return {
    schema: document as Json,
    name,
    strict,
    wrapped,
    validate: scope.functions.add(async ([text]) => scope.keepOutput(agent, await parseOutput(schema, text as string, owner, wrapped))),
  };
}

function toolUseSpec(behavior: ToolUseBehavior, scope: RunScope): ToolUseSpec {
  if (typeof behavior !== "function") return behavior;
  return scope.add((info, [results]) => behavior(scope.context(info), results as Parameters<typeof behavior>[1]));
}

function handoffSpec(handoff: Handoff, scope: RunScope): HandoffSpec {
  const { agent, toolName, toolDescription, isEnabled, inputType, strict, onHandoff, inputFilter, nestHandoffHistory } = handoff;
  const owner = `the handoff to agent ${agent.name}`;
  return {
    agent: scope.indexOf(agent),
    toolName,
    toolDescription,
    enabled: scope.choice(isEnabled),
    inputSchema: inputType && (toJsonSchema(inputType, owner) as Json),
    strict,
    onHandoff:
      onHandoff &&
      scope.addAction(async (info) => {
        const input = inputType && (await parseArguments(inputType, info.arguments ?? "", owner));
        await onHandoff(scope.context(info), input as never);
      }),
    inputFilter: inputFilter && filterSpec(inputFilter, scope),
    nestHandoffHistory,
  };
}
