import type { Agent } from "./agent.js";
import type { AgentTool } from "./agent_tool.js";
import type { RunContext } from "./context.js";
import { UserError } from "./errors.js";
import { reviveEvents } from "./events.js";
import type { RunScope } from "./graph.js";
import { reviveItem } from "./items.js";
import type { CallInfo, ErrorData, FunctionRef, ItemData, Json } from "./protocol.js";
import type { WireItem } from "./responses.js";
import { isStandardSchema, parseArguments, toJsonSchema } from "./schema.js";
import { guardrailSpec, hooksSpec, pick, sessionSpec } from "./spec_parts.js";
import type { ToolSpec } from "./specs.js";
import type { FunctionTool } from "./tool.js";
import { gateOnArguments } from "./tool.js";
import type { ComputerAction, HostedMCPTool, PatchOperation, SafetyCheck, ShellAction, ShellTool, Tool } from "./tools.js";

/** Writes a tool down for the engine. */
export function toolSpec(tool: Tool, owner: Agent<unknown>, scope: RunScope): ToolSpec {
  switch (tool?.type) {
    case "function":
      if (typeof tool.invoke === "function") return functionSpec(tool, scope);
      break;
    case "agent":
      return agentToolSpec(tool, scope);
    case "custom": {
      const { name, description, format, execute } = tool;
      return {
        type: "custom",
        name,
        description,
        ...gate(tool, scope),
        execute: scope.add((info, [input], signal) => execute(input as string, scope.details(info, signal))),
        config: format,
      };
    }
    case "shell":
      return shellSpec(tool, scope);
    case "apply_patch":
      return {
        type: "apply_patch",
        name: "apply_patch",
        ...gate(tool, scope),
        execute: scope.add(
          async (info, [operation], signal) =>
            (await tool.execute(operation as PatchOperation, scope.details(info, signal))) ?? "",
        ),
      };
    case "computer": {
      const { preview, onSafetyCheck } = tool;
      return {
        type: "computer",
        name: "computer",
        execute: scope.addAction((info, [action], signal) =>
          tool.execute(action as ComputerAction, scope.details(info, signal)),
        ),
        config: preview,
        screenshot: scope.add((info, _, signal) => tool.screenshot(scope.details(info, signal))),
        onSafetyCheck:
          onSafetyCheck &&
          scope.add((info, [check], signal) => onSafetyCheck(check as SafetyCheck, scope.details(info, signal))),
      };
    }
    case "engine":
      return { type: "engine", name: tool.name };
    case "hosted":
      return { type: "hosted", name: tool.name, config: tool.config, includes: tool.includes };
    case "hosted_mcp":
      return { type: "hosted_mcp", name: tool.serverLabel, ...reviewer(tool, scope), config: tool.config as Json };
  }
  throw new UserError(`A tool of agent ${owner.name} was not made by tool({ name: "…", … }) or one of its siblings.`);
}

function functionSpec(tool: FunctionTool, scope: RunScope): ToolSpec {
  const { needsApproval, isEnabled, timeoutMs, timeoutBehavior, errorFunction, namespace, customDataExtractor } = tool;
  return {
    type: "function",
    name: tool.name,
    description: tool.description,
    parameters: tool.parameters as Json,
    strict: tool.strict,
    needsApproval: approval(needsApproval, scope),
    enabled: scope.choice(isEnabled),
    timeoutMs,
    timeoutBehavior,
    ...onError(errorFunction, scope),
    execute: scope.add((info, _, signal) => {
      const details = scope.details(info, signal);
      return tool.invoke(details.arguments, details);
    }),
    deferLoading: tool.deferLoading,
    namespace: namespace?.name,
    namespaceDescription: namespace?.description,
    allowedCallers: tool.allowedCallers,
    inputGuardrails: tool.inputGuardrails?.map((guardrail) => guardrailSpec(guardrail, scope, "output")),
    outputGuardrails: tool.outputGuardrails?.map((guardrail) => guardrailSpec(guardrail, scope, "output")),
    customData:
      customDataExtractor &&
      scope.add(
        async (info, [output], signal) => (await customDataExtractor(scope.details(info, signal, { output }))) ?? null,
      ),
  };
}

function agentToolSpec({ agent, options }: AgentTool, scope: RunScope): ToolSpec {
  const { toolName = "", parameters, strict, inputBuilder, customOutputExtractor, onStream, session, hooks, isEnabled, needsApproval } = options;
  const owner = `tool ${toolName || agent.name}`;
  const schema = parameters && toJsonSchema(parameters, owner);
  const parse = (text: string): Promise<unknown> => parseArguments(parameters ?? {}, text, owner);
  return {
    type: "agent",
    name: toolName,
    description: options.toolDescription ?? "",
    parameters: schema as Json,
    strict,
    needsApproval: approval(gateOnArguments(needsApproval, parse), scope),
    enabled: scope.choice(isEnabled),
    ...onError(options.errorFunction, scope),
    agent: scope.indexOf(agent),
    maxTurns: options.maxTurns,
    input:
      inputBuilder || isStandardSchema(parameters ?? {})
        ? scope.add(async (info, _, signal) => {
            const args = await parse(info.arguments ?? "");
            return inputBuilder?.(args, scope.details(info, signal)) ?? null; // which stands for the arguments as they are
          })
        : undefined,
    output:
      customOutputExtractor &&
      scope.add((_, [result]) => {
        const { finalOutput, newItems } = result as { finalOutput: unknown; newItems: ItemData[] };
        return customOutputExtractor({ finalOutput, newItems: newItems.map((item) => reviveItem(item, scope.names)) });
      }),
    onStream:
      onStream &&
      scope.addAction((info, [batch, at], unused) => {
        const [event] = reviveEvents(batch as unknown[], scope.names);
        const { signal: _, ...toolCall } = scope.details(info, unused);
        return event && onStream({ event, agent: scope.agent(at as CallInfo), toolCall });
      }),
    session: session && sessionSpec(session, scope),
    hooks: hooks && hooksSpec(hooks, scope),
  };
}

function shellSpec(tool: ShellTool, scope: RunScope): ToolSpec {
  const { execute, environment } = tool;
  return {
    type: "shell",
    name: "shell",
    ...gate(tool, scope),
    execute:
      execute &&
      scope.add((info, [action], signal) => execute(action as ShellAction, scope.details(info, signal))),
    config: environment,
  };
}

/** What decides whether a call waits, by rule and by program. */
function gate(
  tool: Exclude<Parameters<typeof reviewer>[0], HostedMCPTool>,
  scope: RunScope,
): Pick<ToolSpec, "needsApproval" | "onApproval"> {
  return { needsApproval: approval(tool.needsApproval, scope), ...reviewer(tool, scope) };
}

function approval(
  needed: boolean | ((context: RunContext, argumentsText: string, callId: string) => boolean | Promise<boolean>) | undefined,
  scope: RunScope,
): boolean | FunctionRef | undefined {
  if (typeof needed !== "function") return needed;
  return scope.add(async (info) => (await needed(scope.context(info), info.arguments ?? "", info.callId ?? "")) !== false);
}

function reviewer(tool: Extract<Tool, { onApproval?: unknown }>, scope: RunScope): Pick<ToolSpec, "onApproval"> {
  const { onApproval } = tool;
  if (!onApproval) return {};
  return {
    onApproval: scope.add(
      async (info, [rawItem], signal) => pick(await onApproval(scope.details(info, signal, { rawItem: rawItem as WireItem })), "approve", "reason"),
    ),
  };
}

function onError(
  errorFunction: FunctionTool["errorFunction"],
  scope: RunScope,
): Pick<ToolSpec, "onError"> {
  if (errorFunction === undefined) return {};
  if (errorFunction === null) return { onError: null };
  return {
    onError: scope.add((info, [data]) => errorFunction(scope.context(info), scope.thrown.revive(data as ErrorData))),
  };
}
