import type { Agent } from "./agent.js";
import type { AgentNames } from "./graph.js";
import type { InterruptionData, ItemData } from "./protocol.js";
import type { InputItem, WireItem, WireMessage, WireReasoning, WireToolCall, WireToolOutput } from "./responses.js";

interface ItemOf<Type extends string, Raw> {
  readonly type: Type;
  /** The agent that made the item, or owns the call: your own object. */
  readonly agent: Agent<unknown>;
  /** The item as the model's server wrote it, or as it goes there. */
  readonly rawItem: Raw;
}

/** Where a tool comes from. */
export interface ToolOrigin {
  readonly type: "function" | "mcp" | "agent_as_tool";
  readonly [field: string]: unknown;
}

interface Call {
  readonly callId: string;
  /** Absent for tools that the server runs itself. */
  readonly toolName?: string;
  /** The namespace that the tool is in. */
  readonly namespace?: string;
  readonly title?: string;
  readonly description?: string;
  readonly toolOrigin?: ToolOrigin;
}

/** A message of the model. {@link ItemHelpers} reads its text. */
export type RunMessageOutputItem = ItemOf<"message_output_item", WireMessage>;
/** What the model thought, as far as the server shows it. */
export type RunReasoningItem = ItemOf<"reasoning_item", WireReasoning>;
/** A call of a tool, as the model made it. It may still wait for a decision. */
export type RunToolCallItem = ItemOf<"tool_call_item", WireToolCall> & Call;

/** What a call gave, or what the model was told in its place. `callId` joins it to its call. */
export interface RunToolCallOutputItem extends ItemOf<"tool_call_output_item", WireToolOutput> {
  readonly callId: string;
  /** The tool's own value. */
  readonly output: unknown;
  readonly toolOrigin?: ToolOrigin;
  /** Data for the user interface that never goes to the model. */
  readonly customData?: unknown;
}

/** The model asks to hand off; `agent` is the one that hands off. */
export type RunHandoffCallItem = ItemOf<"handoff_call_item", WireToolCall> & { readonly callId: string };

/** A handoff has happened. */
export interface RunHandoffOutputItem extends ItemOf<"handoff_output_item", WireToolOutput> {
  readonly callId: string;
  readonly sourceAgent: Agent<unknown>;
  readonly targetAgent: Agent<unknown>;
}

/** A call that waits for a decision: give it to `state.approve` or `state.reject`. */
export interface RunToolApprovalItem extends ItemOf<"tool_approval_item", WireToolCall>, Call {
  /** The tool's name. */
  readonly name: string;
  /** The arguments as the model wrote them; of a shell or a patch, its action as JSON. Show them as data, never as markup. */
  readonly arguments: string;
}

/** Input that was added to a paused run. */
export type RunInputItem = ItemOf<"input_item", InputItem>;

/** The model searches for tools that have `deferLoading`. */
export type RunToolSearchCallItem = ItemOf<"tool_search_call_item", WireItem>;
/** The tools that it found. */
export type RunToolSearchOutputItem = ItemOf<"tool_search_output_item", WireItem>;
/** The server has asked an MCP server for its tools. */
export type RunMCPListToolsItem = ItemOf<"mcp_list_tools_item", WireItem>;
/** The server asks before it calls an MCP server. */
export type RunMCPApprovalRequestItem = ItemOf<"mcp_approval_request_item", WireItem>;
/** What it was told. */
export type RunMCPApprovalResponseItem = ItemOf<"mcp_approval_response_item", WireItem>;
/** The server has put what came before into a shorter form. */
export type RunCompactionItem = ItemOf<"compaction_item", WireItem>;
/** An output item of a kind that this version does not know; it goes back to the model all the same. */
export type RunUnknownItem = ItemOf<"unknown_item", WireItem>;

/** One thing that happened in a run. */
export type RunItem =
  | RunMessageOutputItem
  | RunReasoningItem
  | RunToolCallItem
  | RunToolCallOutputItem
  | RunHandoffCallItem
  | RunHandoffOutputItem
  | RunToolApprovalItem
  | RunInputItem
  | RunToolSearchCallItem
  | RunToolSearchOutputItem
  | RunMCPListToolsItem
  | RunMCPApprovalRequestItem
  | RunMCPApprovalResponseItem
  | RunCompactionItem
  | RunUnknownItem;

/** Types whose items have a `callId`. */
const CALLS = /^(handoff|tool_(call|approval))_/;

/** Gives an item that crossed its agents back. @internal */
export function reviveItem(data: ItemData, names: AgentNames): RunItem {
  const raw = data.raw_item as WireToolCall;
  const item: Record<string, unknown> = {
    type: data.type,
    agent: names.find(data.agent),
    rawItem: raw,
  };
  if (CALLS.test(data.type)) item["callId"] = raw.call_id ?? raw.id ?? "";
  if (data.type === "tool_approval_item") {
    item["name"] = data.tool_name ?? raw.name ?? raw.type;
    const asked = askedOf(raw);
    item["arguments"] = typeof asked === "string" ? asked : (JSON.stringify(asked) ?? "");
  }
  if (data.tool_name != null) item["toolName"] = data.tool_name;
  if (raw.namespace) item["namespace"] = raw.namespace;
  if (data.title != null) item["title"] = data.title;
  if (data.description != null) item["description"] = data.description;
  if (data.tool_origin != null) item["toolOrigin"] = data.tool_origin;
  if (data.custom_data != null) item["customData"] = data.custom_data;
  if (data.output !== undefined) item["output"] = data.output;
  if (data.source_agent) item["sourceAgent"] = names.find(data.source_agent);
  if (data.target_agent) item["targetAgent"] = names.find(data.target_agent);
  return item as unknown as RunItem;
}

/** What a call asks for: that which runs, whatever else the model has written beside it. Twin of Arguments in runner/item.go. */
function askedOf(raw: WireToolCall): unknown {
  const actions = raw["actions"] as readonly unknown[] | undefined;
  switch (raw.type) {
    case "apply_patch_call":
      return raw["operation"] ?? raw["operations"];
    case "computer_call":
      return actions?.length ? actions : raw["action"];
    case "custom_tool_call":
      return raw["input"];
  }
  return raw.type.endsWith("shell_call") ? raw["action"] : raw.arguments;
}

/** Gives a pending call as the item that a decision is made on. @internal */
export function reviveInterruption(data: InterruptionData, names: AgentNames): RunToolApprovalItem {
  const revived = reviveItem(data.item, names) as RunToolApprovalItem;
  const item = { ...revived, name: data.name, callId: data.callId, arguments: data.arguments || revived.arguments };
  origins.set(item, data);
  return item;
}

/** What interruptions were made from: of two calls that are alike it tells which one was shown. @internal */
export const origins: WeakMap<RunToolApprovalItem, InterruptionData> = new WeakMap();
