import type { EngineModel } from "./engine_parts.js";
import { UserError } from "./errors.js";
import type { RunScope } from "./graph.js";
import type { InputGuardrail, OutputGuardrail, ToolInputGuardrail, ToolOutputGuardrail } from "./guardrails.js";
import type { HandoffInputFilter } from "./handoff.js";
import type { Hooks } from "./hooks.js";
import type { RunItem } from "./items.js";
import { reviveItem } from "./items.js";
import type { Model, ResponsesRequest } from "./model.js";
import { ModelReader } from "./model.js";
import type { CallInfo, FunctionRef, ItemData, Snapshot } from "./protocol.js";
import type { InputItem, WireItem } from "./responses.js";
import type { Session } from "./session.js";
import type { GuardrailSpec, HooksSpec, ModelSpec, SessionSpec } from "./specs.js";
import { readUsage } from "./view.js";

// What agents, tools and runs have in common, written down for the engine.

export function modelSpec(model: string | Model | EngineModel, scope: RunScope): ModelSpec {
  if (typeof model === "string") return model;
  const { engineModel, getStreamedResponse } = model as Partial<EngineModel & Model>;
  if (engineModel !== undefined) return { registered: engineModel };
  if (!getStreamedResponse) throw new UserError("model is neither a name nor a Model: it has no getStreamedResponse().");
  const { functions } = scope;
  const reader = new ModelReader(model as Model);
  scope.atEnd(() => reader.closeAll()); // an engine that crashed, or was stopped as it asked, closes nothing
  return {
    open: functions.add(([body]) => reader.open(body as ResponsesRequest)),
    next: functions.add(([answer], signal) => reader.next(answer as number, signal)),
    close: functions.add(([answer]) => reader.close(answer as number), { lasting: true }),
  };
}

/** `subject` is what the guardrail's details call that which it looks at. */
export function guardrailSpec(
  guardrail: InputGuardrail | OutputGuardrail | ToolInputGuardrail | ToolOutputGuardrail,
  scope: RunScope,
  subject: "input" | "agentOutput" | "output",
): GuardrailSpec {
  const { name, runInParallel, execute } = guardrail as InputGuardrail;
  return {
    name,
    runInParallel,
    run: scope.add(async (info, [seen], signal) => {
      const own = { [subject]: seen };
      const details = subject === "output" ? scope.details(info, signal, own) : scope.context(info, own);
      return pick(await execute.call(guardrail, details as never), "tripwireTriggered", "behavior", "message", "outputInfo");
    }),
  };
}

/** Some fields of what a function gave, wherever it has them from. Nothing has none. */
export function pick(value: object | null | undefined, ...keys: readonly string[]): object | null {
  return value ? Object.fromEntries(keys.map((key) => [key, value[key as keyof object]])) : null;
}

export function hooksSpec(hooks: Hooks, scope: RunScope): HooksSpec {
  const { onAgentStart, onAgentEnd, onHandoff, onModelStart, onModelEnd, onToolStart, onToolEnd } = hooks;
  return {
    agentStart: onAgentStart && scope.addAction((info) => onAgentStart.call(hooks, scope.context(info))),
    agentEnd: onAgentEnd && scope.addAction((info, [output]) => onAgentEnd.call(hooks, scope.context(info, { output }))),
    handoff:
      onHandoff &&
      scope.addAction((info, [next]) => onHandoff.call(hooks, scope.context(info, { nextAgent: scope.agent(next as CallInfo) }))),
    modelStart:
      onModelStart &&
      scope.addAction((info, [request]) =>
        onModelStart.call(hooks, scope.context(info, request as { instructions: string; input: InputItem[] })),
      ),
    modelEnd:
      onModelEnd &&
      scope.addAction((info, [data]) => {
        const { output, usage, responseId } = data as { output: WireItem[]; usage: Snapshot["usage"]; responseId: string };
        const response = { output, usage: readUsage(usage), responseId: responseId || undefined };
        return onModelEnd.call(hooks, scope.context(info, { response }));
      }),
    toolStart: onToolStart && scope.addAction((info, _, signal) => onToolStart.call(hooks, scope.details(info, signal))),
    toolEnd: onToolEnd && scope.addAction((info, [output], signal) => onToolEnd.call(hooks, scope.details(info, signal, { output }))),
  };
}

/** A filter gets items and gives some of them back; what crosses is their places. */
export function filterSpec(filter: HandoffInputFilter, scope: RunScope): FunctionRef {
  return scope.add(async (_, [data]) => {
    const given = data as { history: InputItem[]; before: ItemData[]; new: ItemData[] };
    const revive = (items: ItemData[]): RunItem[] => items.map((item) => reviveItem(item, scope.names));
    const [before, fresh] = [revive(given.before), revive(given.new)];
    const all = [...before, ...fresh];
    const passed = await filter({ inputHistory: given.history, preHandoffItems: before, newItems: fresh });
    const places = (items: readonly RunItem[] | undefined): unknown =>
      Array.isArray(items) ? items.map((item: RunItem) => all.indexOf(item)) : items;
    return {
      history: passed?.inputHistory,
      before: places(passed?.preHandoffItems),
      new: places(passed?.newItems),
      input: places(passed?.inputItems),
    };
  });
}

/** A session is written to the end, also where the run was stopped meanwhile. */
export function sessionSpec(session: Session, { functions }: RunScope): SessionSpec {
  if (typeof session.getItems !== "function") throw new UserError("session is no Session: it has no getItems().");
  const lasting = { lasting: true };
  return {
    items: functions.add(([limit]) => session.getItems((limit as number) || undefined), lasting),
    add: functions.add(async ([items]) => void (await session.addItems(items as InputItem[])), lasting),
    pop: functions.add(async () => (await session.popItem()) ?? null, lasting),
    clear: functions.add(async () => void (await session.clearSession()), lasting),
  };
}
