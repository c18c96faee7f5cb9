import type { AgentTool } from "./agent_tool.js";
import type { RunContext, ToolCallDetails } from "./context.js";
import type { Json } from "./protocol.js";
import type { WireItem } from "./responses.js";
import type { FunctionTool } from "./tool.js";
import { whole } from "./whole.js";

// The kinds of tools beside functions. Each maker fills in what it is given and
// nothing else; the engine knows the rest.

/** Any tool that an agent can have. */
export type Tool =
  | FunctionTool
  | AgentTool
  | CustomTool
  | ShellTool
  | ApplyPatchTool
  | ComputerTool
  | HostedTool
  | HostedMCPTool
  | EngineTool;

/** A tool of the engine's own, written in Go: see engineTool. */
export interface EngineTool {
  readonly type: "engine";
  /** The name that it has there, which is the model's name for it too. */
  readonly name: string;
}

/** What a program says of a call that needs approval. undefined leaves it to a person. */
export interface ApprovalAnswer {
  readonly approve: boolean;
  /** What the model is told of a rejection. */
  readonly reason?: string | undefined;
}

interface Gate {
  /** Whether a call waits for a decision. @defaultValue false */
  readonly needsApproval?: boolean | ((context: RunContext, input: string, callId: string) => boolean | Promise<boolean>) | undefined;
  /** Decides by program a call that needs approval. */
  readonly onApproval?:
    | ((details: ToolCallDetails & { readonly rawItem: WireItem }) => ApprovalAnswer | undefined | Promise<ApprovalAnswer | undefined>)
    | undefined;
}

/** A tool that takes free text, perhaps in a grammar, in place of JSON. */
export interface CustomToolOptions extends Gate {
  readonly name: string;
  readonly description: string;
  /** The API's object for the input's grammar; any text by default. */
  readonly format?: { readonly [key: string]: Json } | undefined;
  /** What it throws is told to the model. */
  readonly execute: (input: string, details: ToolCallDetails) => string | Promise<string>;
}

/** Made by {@link customTool}. */
export interface CustomTool extends CustomToolOptions {
  readonly type: "custom";
}

/** Makes a tool whose input is text. The input reaches `execute` as the model wrote it. */
export function customTool(options: CustomToolOptions): CustomTool {
  return { ...whole(options), type: "custom" };
}

/** What a shell call asks for. Zero limits are none. */
export interface ShellAction {
  readonly commands: readonly string[];
  readonly timeoutMs: number;
  readonly maxOutputLength: number;
}

/** What commands did: a text, or an entry for each. */
export interface ShellResult {
  readonly text?: string | undefined;
  readonly outputs?:
    | readonly {
        readonly command?: string | undefined;
        readonly stdout?: string | undefined;
        readonly stderr?: string | undefined;
        readonly exitCode?: number | undefined;
        readonly timedOut?: boolean | undefined;
      }[]
    | undefined;
  /** Cuts the outputs, in characters; the call's limit by default. */
  readonly maxOutputLength?: number | undefined;
}

/** Runs a model's commands: here with `execute`, in the server's container without. */
export interface ShellToolOptions extends Gate {
  readonly execute?: ((action: ShellAction, details: ToolCallDetails) => ShellResult | Promise<ShellResult>) | undefined;
  /** The API's object; `{ type: "local" }` by default. */
  readonly environment?: { readonly [key: string]: Json } | undefined;
}

/** Made by {@link shellTool}. */
export interface ShellTool extends ShellToolOptions {
  readonly type: "shell";
}

/** Makes the tool with which a model runs commands. Without `execute` the server runs them. */
export function shellTool(options: ShellToolOptions): ShellTool {
  return { ...whole(options), type: "shell" };
}

/** One change of a file. */
export interface PatchOperation {
  readonly type: "create_file" | "update_file" | "delete_file";
  readonly path: string;
  /** In the V4A format; absent for a deletion. */
  readonly diff?: string;
}

/** Applies a model's changes to files. */
export interface ApplyPatchToolOptions extends Gate {
  /** Makes one change and may say something about it. What it throws is told to the model. */
  readonly execute: (operation: PatchOperation, details: ToolCallDetails) => string | void | Promise<string | void>;
}

/** Made by {@link applyPatchTool}. */
export interface ApplyPatchTool extends ApplyPatchToolOptions {
  readonly type: "apply_patch";
}

/** Makes the tool with which a model changes files. Paths are the model's words: check them before you use them. */
export function applyPatchTool(options: ApplyPatchToolOptions): ApplyPatchTool {
  return { ...whole(options), type: "apply_patch" };
}

/** One action of a computer; `type` says which fields count. */
export interface ComputerAction {
  readonly type: "click" | "double_click" | "drag" | "keypress" | "move" | "scroll" | "type" | "wait";
  readonly x: number;
  readonly y: number;
  readonly button: string;
  readonly scroll_x: number;
  readonly scroll_y: number;
  readonly keys: readonly string[];
  readonly text: string;
  readonly path: readonly { readonly x: number; readonly y: number }[];
}

/** A warning that the server attaches to a computer call. */
export interface SafetyCheck {
  readonly id: string;
  readonly code?: string;
  readonly message?: string;
}

/** Lets a model use a screen, a mouse and a keyboard. What a function throws ends the run. */
export interface ComputerToolOptions {
  /** Carries out one action; never asked to take a screenshot. */
  readonly execute: (action: ComputerAction, details: ToolCallDetails) => void | Promise<void>;
  /** Gives the screen as a PNG in base64. */
  readonly screenshot: (details: ToolCallDetails) => string | Promise<string>;
  /** Describes the screen to the older `computer_use_preview` tool; the current one by default. */
  readonly preview?: { readonly environment: "browser" | "mac" | "windows" | "ubuntu"; readonly width: number; readonly height: number } | undefined;
  /** Acknowledges a warning; false ends the run. Warnings are left unacknowledged by default. */
  readonly onSafetyCheck?: ((check: SafetyCheck, details: ToolCallDetails) => boolean | Promise<boolean>) | undefined;
}

/** Made by {@link computerTool}. */
export interface ComputerTool extends ComputerToolOptions {
  readonly type: "computer";
}

/** Makes the tool with which a model uses a computer. After each call a screenshot is taken and sent. */
export function computerTool(options: ComputerToolOptions): ComputerTool {
  return { ...whole(options), type: "computer" };
}

/** A tool that the model's server runs. The run only records its calls. */
export interface HostedTool {
  readonly type: "hosted";
  readonly name: string;
  /** The tool as the Responses API defines it. */
  readonly config: { readonly type: string; readonly [key: string]: Json };
  /** Values for the request's `include` that the tool needs. */
  readonly includes?: readonly string[] | undefined;
}

/** Any tool that the Responses API has. */
export function hostedTool(config: HostedTool["config"], includes?: readonly string[]): HostedTool {
  return { type: "hosted", name: config.type, config, includes };
}

/** Lets the server search the web. `userLocation` and `filters` are the API's objects. */
export function webSearchTool({
  filters = null,
  userLocation = null,
  searchContextSize = "medium",
}: {
  readonly filters?: Json | undefined;
  readonly userLocation?: Json | undefined;
  readonly searchContextSize?: "low" | "medium" | "high" | undefined;
} = {}): HostedTool {
  return hostedTool({ type: "web_search", filters, user_location: userLocation, search_context_size: searchContextSize });
}

/** Lets the server search vector stores that it keeps. */
export function fileSearchTool(
  vectorStoreIds: string | readonly string[],
  { maxNumResults, includeSearchResults = false }: { readonly maxNumResults?: number | undefined; readonly includeSearchResults?: boolean | undefined } = {},
): HostedTool {
  const config = {
    type: "file_search",
    vector_store_ids: typeof vectorStoreIds === "string" ? [vectorStoreIds] : vectorStoreIds,
    ...(maxNumResults !== undefined && { max_num_results: maxNumResults }),
  };
  return hostedTool(config, includeSearchResults ? ["file_search_call.results"] : undefined);
}

/** Lets the server run code. `container` is the API's object or a container's id; a new one for each response by default. */
export function codeInterpreterTool({ container = { type: "auto" } }: { readonly container?: Json | undefined } = {}): HostedTool {
  return hostedTool({ type: "code_interpreter", container });
}

/** `config` has the fields of the API, such as `quality` and `size`. */
export function imageGenerationTool(config: { readonly [key: string]: Json } = {}): HostedTool {
  return hostedTool({ ...config, type: "image_generation" });
}

/** Lets the model search for tools that have `deferLoading`. */
export function toolSearchTool(): HostedTool {
  return hostedTool({ type: "tool_search" });
}

/** Lets the model call tools from programs that the server runs. */
export function programmaticToolCallingTool(): HostedTool {
  return hostedTool({ type: "programmatic_tool_calling" });
}

/** Lets the server use a remote MCP server. */
export interface HostedMCPToolOptions {
  readonly serverLabel: string;
  readonly serverUrl?: string | undefined;
  readonly connectorId?: string | undefined;
  readonly allowedTools?: Json | undefined;
  readonly headers?: { readonly [name: string]: string } | undefined;
  /** What the server asks about before it calls. @defaultValue "never" */
  readonly requireApproval?: "never" | "always" | { readonly [key: string]: Json } | undefined;
  /** Answers the server's requests for approval by program. Where it is absent the run stops for a decision. */
  readonly onApproval?:
    | ((details: ToolCallDetails & { readonly rawItem: WireItem }) => ApprovalAnswer | undefined | Promise<ApprovalAnswer | undefined>)
    | undefined;
  /** Further fields of the API's own tool, under its names. */
  readonly config?: { readonly [key: string]: Json } | undefined;
}

/** Made by {@link hostedMcpTool}. */
export interface HostedMCPTool {
  readonly type: "hosted_mcp";
  readonly serverLabel: string;
  readonly config: { readonly [key: string]: Json };
  readonly onApproval?: HostedMCPToolOptions["onApproval"];
}

/** Lets the server call a remote MCP server's tools; the page never talks to it. Give `serverUrl` or `connectorId`. */
export function hostedMcpTool(options: HostedMCPToolOptions): HostedMCPTool {
  const { serverLabel, serverUrl, connectorId, allowedTools, headers, requireApproval = "never", onApproval, config } = options;
  return {
    type: "hosted_mcp",
    serverLabel,
    onApproval,
    config: {
      type: "mcp",
      server_label: serverLabel,
      ...(serverUrl !== undefined && { server_url: serverUrl }),
      ...(connectorId !== undefined && { connector_id: connectorId }),
      ...(allowedTools !== undefined && { allowed_tools: allowedTools }),
      ...(headers && { headers }),
      require_approval: requireApproval,
      ...config,
    },
  };
}
