// Shows events, items and results in the form of the recorded cases.
import type { RunItem, RunResultStreaming, RunStreamEvent } from "../../src/index.js";

export function eventView(event: RunStreamEvent): object {
  switch (event.type) {
    case "raw_response_event":
      return { type: event.type, data: event.data.type };
    case "agent_updated_stream_event":
      return { type: event.type, agent: event.newAgent.name };
    case "run_item_stream_event":
      return { type: event.type, name: event.name, item: itemView(event.item) };
  }
}

export function itemView(item: RunItem): object {
  const view = { type: item.type, agent: item.agent.name, raw: item.rawItem };
  switch (item.type) {
    case "tool_call_output_item":
      return { ...view, output: item.output };
    case "handoff_output_item":
      return { ...view, source_agent: item.sourceAgent.name, target_agent: item.targetAgent.name };
    case "tool_approval_item":
      return { ...view, name: item.name, call_id: item.callId };
  }
  return view;
}

export function resultView(result: RunResultStreaming): object {
  const { usage } = result;
  const guardrails = (results: RunResultStreaming["inputGuardrailResults"]): object[] =>
    results.map(({ name, tripwireTriggered }) => ({ name, tripped: tripwireTriggered }));
  return {
    final_output: result.finalOutput,
    last_agent: result.lastAgent.name,
    is_complete: result.isComplete,
    current_turn: result.currentTurn,
    last_response_id: result.lastResponseId,
    interruptions: result.interruptions.map((item) => {
      // Calls of shells and editors have an action in place of arguments.
      const written = "arguments" in item.rawItem || "input" in item.rawItem;
      return { name: item.name, call_id: item.callId, agent: item.agent.name, arguments: written ? item.arguments : null };
    }),
    new_items: result.newItems.map(itemView),
    input_list: result.toInputList(),
    usage: {
      requests: usage.requests,
      input_tokens: usage.inputTokens,
      output_tokens: usage.outputTokens,
      total_tokens: usage.totalTokens,
    },
    input_guardrails: guardrails(result.inputGuardrailResults),
    output_guardrails: guardrails(result.outputGuardrailResults),
  };
}
