import type { Agent } from "./agent.js";
import type { AgentNames } from "./graph.js";
import type {
  RunHandoffCallItem,
  RunHandoffOutputItem,
  RunMCPApprovalRequestItem,
  RunMCPApprovalResponseItem,
  RunMCPListToolsItem,
  RunMessageOutputItem,
  RunReasoningItem,
  RunToolCallItem,
  RunToolCallOutputItem,
  RunToolSearchCallItem,
  RunToolSearchOutputItem,
} from "./items.js";
import { reviveItem } from "./items.js";
import type { EventData, EventSeries } from "./protocol.js";
import type { ResponseStreamEvent } from "./responses.js";

/** An event of the model's server, as it was sent. */
export interface RawResponseEvent {
  readonly type: "raw_response_event";
  readonly data: ResponseStreamEvent;
}

/** Another agent is at work; the first event of every run names the one that begins. */
export interface AgentUpdatedStreamEvent {
  readonly type: "agent_updated_stream_event";
  /** Your own object. */
  readonly newAgent: Agent<unknown>;
}

interface ItemEvents {
  readonly message_output_created: RunMessageOutputItem;
  readonly handoff_requested: RunHandoffCallItem;
  /** Spelt as everywhere in the Agents SDK. */
  readonly handoff_occured: RunHandoffOutputItem;
  readonly tool_called: RunToolCallItem;
  readonly tool_search_called: RunToolSearchCallItem;
  readonly tool_search_output_created: RunToolSearchOutputItem;
  readonly tool_output: RunToolCallOutputItem;
  readonly reasoning_item_created: RunReasoningItem;
  readonly mcp_approval_requested: RunMCPApprovalRequestItem;
  readonly mcp_approval_response: RunMCPApprovalResponseItem;
  readonly mcp_list_tools: RunMCPListToolsItem;
}

/** An item is complete. Its `name` says what happened and decides the type of `item`. */
export type RunItemStreamEvent = {
  readonly [Name in keyof ItemEvents]: {
    readonly type: "run_item_stream_event";
    readonly name: Name;
    readonly item: ItemEvents[Name];
  };
}[keyof ItemEvents];

/** The names of items' events. */
export type RunItemStreamEventName = RunItemStreamEvent["name"];

/** What a run streams. */
export type RunStreamEvent = RawResponseEvent | RunItemStreamEvent | AgentUpdatedStreamEvent;

/** Makes events of what an `events` message brings, in place. */
export function reviveEvents(batch: unknown[], names: AgentNames): RunStreamEvent[] {
  const series = batch.pop() as EventSeries[];
  const others = batch.pop() as number[];
  for (const [start, end, like, ...fields] of series) {
    for (let i = start; i < end; i++) {
      const event: { [field: string]: unknown } = { ...like };
      fields.forEach((field, n) => (event[field] = (batch[i] as unknown[])[n]));
      batch[i] = event;
    }
  }
  for (let i = 0; i < batch.length; i++) {
    const own = i === others[0];
    if (own) others.shift();
    batch[i] = own ? reviveEvent(batch[i] as EventData, names) : { type: "raw_response_event", data: batch[i] };
  }
  return batch as RunStreamEvent[];
}

function reviveEvent(event: EventData, names: AgentNames): unknown {
  switch (event.type) {
    case "agent_updated_stream_event":
      return { type: event.type, newAgent: names.find(event.new_agent) };
    case "run_item_stream_event":
      return { ...event, item: reviveItem(event.item, names) };
    default:
      return event;
  }
}
