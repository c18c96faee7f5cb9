// Makes the agents of a case through the public package.
import type * as Runstream from "../../src/index.js";
import type { AgentCase, Case, GuardrailCase, HandoffCase, ToolCase } from "./case.js";
import { clicks } from "./computer.js";

export type Call = Readonly<Record<string, unknown>>;

/** Notes a call of a local tool. */
export type Log = (callId: string, call: Call) => void;

export class Builder {
  readonly #rs: typeof Runstream;
  readonly #log: Log;
  readonly #cases: ReadonlyMap<string, AgentCase>;
  readonly #made: Map<string, Runstream.Agent<unknown>> = new Map();

  constructor(rs: typeof Runstream, c: Case, log: Log) {
    this.#rs = rs;
    this.#log = log;
    this.#cases = new Map(c.agents.map((agent) => [agent.name, agent]));
  }

  agent(name: string): Runstream.Agent<unknown> {
    const made = this.#made.get(name);
    if (made) return made;
    const c = this.#cases.get(name);
    if (!c) throw new Error(`the case has no agent ${name}`);
    const { tool_use_behavior: use, output_schema } = c;
    const agent = new this.#rs.Agent<unknown>({
      name,
      instructions: c.instructions,
      model: c.model ?? "gpt-5",
      modelSettings: settings(c.model_settings),
      handoffDescription: c.handoff_description,
      outputType: output_schema,
      toolUseBehavior: typeof use === "object" ? { stopAtToolNames: use.stop_at_tool_names } : use,
      resetToolChoice: c.reset_tool_choice,
      inputGuardrails: inputGuardrails(c.input_guardrails),
      outputGuardrails: (c.output_guardrails ?? []).map((guardrail) => ({
        name: guardrail.name,
        execute: ({ agentOutput }) => trips(guardrail, agentOutput),
      })),
      prompt: c.hosted_prompt,
    });
    this.#made.set(name, agent);
    agent.tools.push(...(c.tools ?? []).map((one) => this.#tool(one)));
    agent.handoffs.push(...(c.handoffs ?? []).map((one) => this.#handoff(typeof one === "string" ? { agent: one } : one)));
    return agent;
  }

  #handoff(c: HandoffCase): Runstream.Handoff {
    return this.#rs.handoff(this.agent(c.agent), {
      toolName: c.tool_name,
      toolDescription: c.description,
      isEnabled: c.enabled,
      inputFilter: this.filter(c.filter),
      nestHandoffHistory: c.nest_history,
    });
  }

  filter(name: string | undefined): Runstream.HandoffInputFilter | undefined {
    return name === "remove_all_tools" ? this.#rs.removeAllTools : undefined;
  }

  #tool(c: ToolCase): Runstream.Tool {
    const rs = this.#rs;
    const needsApproval = gate(c.needs_approval);
    switch (c.kind ?? "function") {
      case "function":
        return this.#function(c);
      case "agent_tool":
        return this.agent(c.agent ?? "").asTool({
          toolName: c.name,
          toolDescription: c.description,
          maxTurns: c.max_turns,
          needsApproval: typeof needsApproval === "function" ? (_, args) => needsApproval(args) : needsApproval,
        });
      case "web_search":
        return rs.webSearchTool(c.search_context_size ? { searchContextSize: c.search_context_size } : {});
      case "file_search":
        return rs.fileSearchTool(c.vector_store_ids ?? [], c.max_num_results ? { maxNumResults: c.max_num_results } : {});
      case "code_interpreter":
        return rs.codeInterpreterTool();
      case "image_generation":
        return rs.imageGenerationTool(c.config);
      case "tool_search":
        return rs.toolSearchTool();
      case "programmatic":
        return rs.programmaticToolCallingTool();
      case "hosted_mcp": {
        const { server_label, require_approval, ...config } = c.config ?? {};
        return rs.hostedMcpTool({
          serverLabel: server_label as string,
          requireApproval: require_approval as "always",
          config: require_approval === undefined ? { ...config, require_approval: null } : config,
          onApproval: c.on_approval && (() => c.on_approval!),
        });
      }
      case "custom":
        return rs.customTool({
          name: c.name,
          description: c.description ?? "",
          needsApproval: needsApproval as boolean,
          execute: (input, { callId }) => {
            this.#log(callId, { tool: c.name, input });
            return (c.result as string) ?? "";
          },
        });
      case "shell":
        return rs.shellTool({
          needsApproval: needsApproval as boolean,
          execute: ({ commands }, { callId }) => {
            this.#log(callId, { shell: commands });
            return { text: c.result as string };
          },
        });
      case "apply_patch":
        return rs.applyPatchTool({
          needsApproval: needsApproval as boolean,
          execute: ({ type, path, diff = null }, { callId }) => {
            this.#log(callId, { apply_patch: type, path, diff });
            if (c.error !== undefined) throw new Error(c.error);
            return c.result as string;
          },
        });
      case "computer":
        return rs.computerTool({
          preview: c.preview
            ? { environment: c.environment ?? "browser", width: c.dimensions?.[0] ?? 1024, height: c.dimensions?.[1] ?? 768 }
            : undefined,
          execute: (action, { callId }) => this.#log(callId, { computer: action.type, args: clicks(action) }),
          screenshot: ({ callId }) => {
            this.#log(callId, { computer: "screenshot" });
            return c.screenshot ?? "aGk=";
          },
          onSafetyCheck: c.acknowledge_safety === undefined ? undefined : () => c.acknowledge_safety!,
        });
    }
    throw new Error(`tool kind ${c.kind} is not known`);
  }

  #function(c: ToolCase): Runstream.FunctionTool {
    const needsApproval = gate(c.needs_approval);
    const made = this.#rs.tool({
      name: c.name,
      description: c.description ?? "",
      parameters: c.parameters ?? { type: "object", properties: {}, required: [], additionalProperties: false },
      // Cases have schemas as they cross; a strict one is strict already.
      strict: false,
      needsApproval: typeof needsApproval === "function" ? (_, args) => needsApproval(args) : needsApproval,
      isEnabled: c.enabled,
      timeoutMs: c.timeout_ms,
      timeoutBehavior: c.timeout_behavior,
      errorFunction: c.on_error === "raise" ? null : c.on_error === undefined ? undefined : () => c.on_error!,
      deferLoading: c.defer_loading,
      inputGuardrails: c.input_guardrail && [toolGuardrail(c.input_guardrail)],
      outputGuardrails: c.output_guardrail && [toolGuardrail(c.output_guardrail)],
      execute: async (args, { callId, arguments: text, signal }) => {
        this.#log(callId, { tool: c.name, arguments: text });
        if (c.delay_ms) await pause(c.delay_ms, signal);
        if (c.error !== undefined) throw new Error(c.error);
        return (c.result_arg ? at(args, c.result_arg) : c.result) ?? null;
      },
    });
    const tool = { ...made, strict: c.strict ?? true };
    if (!c.namespace) return tool;
    return this.#rs.toolNamespace({ name: c.namespace, description: c.namespace_description ?? "n", tools: [tool] })[0]!;
  }
}

export function settings(given: AgentCase["model_settings"]): Runstream.ModelSettings | undefined {
  if (!given) return undefined;
  const camel = (name: string): string => name.replace(/_(\w)/g, (_, letter: string) => letter.toUpperCase());
  return Object.fromEntries(Object.entries(given).map(([name, value]) => [camel(name), value]));
}

export function inputGuardrails(cases: readonly GuardrailCase[] = []): Runstream.InputGuardrail[] {
  return cases.map((guardrail) => ({
    name: guardrail.name,
    runInParallel: guardrail.parallel,
    execute: async ({ input }) => {
      if (guardrail.delay_ms) await pause(guardrail.delay_ms);
      return trips(guardrail, input);
    },
  }));
}

function trips({ name, trips_on }: GuardrailCase, value: unknown): Runstream.GuardrailFunctionOutput {
  const text = typeof value === "string" ? value : JSON.stringify(value);
  return { tripwireTriggered: text.includes(trips_on), outputInfo: name };
}

/** A guardrail of a tool's arguments, or of its output. */
function toolGuardrail({ name, trips_on, behavior, message = "" }: GuardrailCase): Runstream.ToolInputGuardrail {
  return {
    name,
    execute: (details: Runstream.ToolCallDetails & { readonly output?: unknown }) => {
      const value = details.output ?? details.arguments;
      const text = typeof value === "string" ? value : JSON.stringify(value);
      if (!text.includes(trips_on)) return { behavior: "allow" };
      return behavior === "raise" ? { behavior: "raise_exception" } : { behavior: "reject_content", message };
    },
  };
}

function gate(rule: ToolCase["needs_approval"]): boolean | ((args: unknown) => boolean) {
  if (typeof rule !== "object") return rule ?? false;
  return (args) => Number(at(args, rule.arg) ?? 0) > rule.over;
}

function at(value: unknown, path: string): unknown {
  return path.split(".").reduce<unknown>((part, key) => (part as Record<string, unknown> | undefined)?.[key], value);
}

function pause(ms: number, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    setTimeout(resolve, ms);
    signal?.addEventListener("abort", () => reject(signal.reason as Error));
  });
}
