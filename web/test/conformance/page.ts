// Plays recorded cases in a page through the public package, and sends what each did to the server that this page is
// from: internal/conformance/browser.
import type * as Runstream from "../../src/index.js";
import { Builder, inputGuardrails, settings } from "./build.js";
import type { Case, OptionsCase, Step } from "./case.js";
import { eventView, resultView } from "./view.js";

const rs = (await import(location.origin + "/dist/index.js")) as typeof Runstream;
const engine = new URLSearchParams(location.search).get("engine") ?? "worker";
await rs.init({ worker: engine === "worker" });

for (const name of (await (await fetch("/cases")).json()) as string[]) {
  const c = (await (await fetch(`/cases/${name}`)).json()) as Case;
  let sent;
  try {
    sent = { got: await play(c, name) };
  } catch (error) {
    sent = { failure: error instanceof Error ? `${error.name}: ${error.message}` : String(error) };
  }
  await fetch(`/got/${engine}/${name}`, { method: "POST", body: JSON.stringify(sent) });
}
await fetch(`/done/${engine}`, { method: "POST" });

async function play(c: Case, name: string): Promise<object[]> {
  rs.configure({ baseURL: `/model/${engine}/${name}/v1`, api: c.api });
  let calls: { callId: string; call: object }[] = [];
  const builder = new Builder(rs, c, (callId, call) => calls.push({ callId, call }));
  for (const agent of c.agents) builder.agent(agent.name);
  const session = c.session
    ? new rs.MemorySession({ sessionId: "s", items: (c.session_items ?? []) as { type: string }[] })
    : undefined;
  const taken = async (): Promise<object> => (await fetch(`/requests/${engine}/${name}`)).json() as Promise<object>;

  const all = [];
  let last: Runstream.RunResultStreaming | undefined;
  for (const step of c.runs) {
    const got: Record<string, unknown> = { events: [] };
    const raw: object[] = [];
    calls = [];
    const agent = builder.agent(step.agent ?? c.runs[0]?.agent ?? c.agents[0]!.name);
    try {
      const input = await inputOf(step, agent, last);
      last = rs.runStreamed(agent, input, { ...options(step.options ?? {}, builder), session });
      for await (const event of last) {
        (got["events"] as object[]).push(eventView(event));
        if (event.type === "raw_response_event") raw.push(event.data);
        const { cancel } = step;
        const seen = event.type === "raw_response_event" ? event.data.type : event.type === "run_item_stream_event" ? event.name : "";
        if (cancel && cancel.on === seen) {
          last.cancel({ mode: cancel.mode });
        }
      }
    } catch (error) {
      got["error"] = errorView(error);
    }
    await last?.completed.catch(() => {});
    if (!last) throw new Error("the case's first run did not start");
    all.push({
      got: {
        ...got,
        requests: await taken(),
        result: resultView(last),
        session_items: session?.getItems(),
        state: stateOf(last),
      },
      calls,
      raw,
    });
  }
  return all;
}

function stateOf(result: Runstream.RunResultStreaming): unknown {
  try {
    return result.toState().toJSON();
  } catch {
    return undefined; // it could not start
  }
}

async function inputOf(
  step: Step,
  agent: Runstream.Agent<unknown>,
  last: Runstream.RunResultStreaming | undefined,
): Promise<Runstream.RunInput> {
  if (step.input !== undefined) return step.input;
  if (!last) throw new Error("the case's first run has no input");
  if (step.follow_up !== undefined) return [...last.toInputList(), { role: "user", content: step.follow_up }];
  let state = last.toState();
  if (step.through_json ?? true) state = await rs.RunState.fromString(agent, state.toString());
  for (const { call_id, approve, always = false, message } of step.decide ?? []) {
    const item = state.interruptions.find(({ callId }) => callId === call_id);
    if (!item) throw new Error(`call ${call_id} does not wait for a decision`);
    if (approve) state.approve(item, { alwaysApprove: always });
    else state.reject(item, { alwaysReject: always, message });
  }
  if (step.add_input !== undefined) state.addInput(step.add_input);
  return state;
}

function options(o: OptionsCase, builder: Builder): Runstream.RunOptions {
  return {
    maxTurns: o.max_turns,
    modelSettings: settings(o.model_settings),
    errorHandlers: o.on_max_turns === undefined ? undefined : { maxTurns: () => ({ finalOutput: o.on_max_turns }) },
    toolNotFoundBehavior: o.tool_not_found_behavior,
    // The recorded tools have a handler of their own for what they throw.
    toolErrorFormatter:
      o.rejection_message === undefined ? undefined : ({ kind }) => (kind === "tool_exception" ? "" : o.rejection_message),
    previousResponseId: o.previous_response_id,
    autoPreviousResponseId: o.auto_previous_response_id,
    conversationId: o.conversation_id,
    inputGuardrails: inputGuardrails(o.input_guardrails),
    handoffInputFilter: builder.filter(o.handoff_input_filter),
    nestHandoffHistory: o.nest_handoff_history,
    reasoningItemIdPolicy: o.reasoning_item_id_policy,
  };
}

/** The words of a model's or a server's mistakes are no part of the contract. */
function errorView(error: unknown): object {
  const { name, message } = error as Error;
  const foreign = error instanceof rs.ModelBehaviorError || error instanceof rs.APIError;
  return { type: name, ...(!foreign && { message }) };
}

