// The form of a recorded case, as far as a page plays it: see internal/conformance/testdata/README.md.
import type { Json } from "../../src/index.js";

export interface Case {
  readonly name: string;
  readonly api?: "responses" | "chat_completions";
  readonly agents: readonly AgentCase[];
  readonly server: readonly Json[];
  readonly session?: boolean;
  readonly session_items?: readonly { readonly type: string }[];
  readonly runs: readonly Step[];
}

export interface AgentCase {
  readonly name: string;
  readonly instructions?: string;
  readonly model?: string;
  readonly model_settings?: { readonly [key: string]: Json };
  readonly handoff_description?: string;
  readonly tools?: readonly ToolCase[];
  readonly handoffs?: readonly (string | HandoffCase)[];
  readonly output_schema?: { readonly name?: string; readonly schema: { readonly [key: string]: Json }; readonly strict?: boolean };
  readonly tool_use_behavior?: "run_llm_again" | "stop_on_first_tool" | { readonly stop_at_tool_names: readonly string[] };
  readonly reset_tool_choice?: boolean;
  readonly input_guardrails?: readonly GuardrailCase[];
  readonly output_guardrails?: readonly GuardrailCase[];
  readonly hosted_prompt?: { readonly [key: string]: Json };
}

export interface HandoffCase {
  readonly agent: string;
  readonly tool_name?: string;
  readonly description?: string;
  readonly enabled?: boolean;
  readonly filter?: string;
  readonly nest_history?: boolean;
}

export interface GuardrailCase {
  readonly name: string;
  readonly trips_on: string;
  readonly parallel?: boolean;
  readonly delay_ms?: number;
  readonly behavior?: "reject_content" | "raise";
  readonly message?: string;
}

export interface ToolCase {
  readonly kind?: string;
  readonly name: string;
  readonly description?: string;
  readonly parameters?: { readonly [key: string]: Json };
  readonly strict?: boolean;
  readonly enabled?: boolean;
  readonly needs_approval?: boolean | { readonly arg: string; readonly over: number };
  readonly result?: Json;
  readonly result_arg?: string;
  readonly error?: string;
  readonly on_error?: string;
  readonly delay_ms?: number;
  readonly timeout_ms?: number;
  readonly timeout_behavior?: "error_as_result" | "raise_exception";
  readonly defer_loading?: boolean;
  readonly namespace?: string;
  readonly namespace_description?: string;
  readonly input_guardrail?: GuardrailCase;
  readonly output_guardrail?: GuardrailCase;
  readonly agent?: string;
  readonly max_turns?: number;
  readonly config?: { readonly [key: string]: Json };
  readonly on_approval?: { readonly approve: boolean; readonly reason?: string };
  readonly search_context_size?: "low" | "medium" | "high";
  readonly vector_store_ids?: readonly string[];
  readonly max_num_results?: number;
  readonly preview?: boolean;
  readonly environment?: "browser" | "mac" | "windows" | "ubuntu";
  readonly dimensions?: readonly [number, number];
  readonly screenshot?: string;
  readonly acknowledge_safety?: boolean;
}

export interface Step {
  readonly agent?: string;
  readonly input?: string | readonly object[];
  readonly follow_up?: string;
  readonly decide?: readonly { readonly call_id: string; readonly approve: boolean; readonly always?: boolean; readonly message?: string }[];
  readonly add_input?: string | readonly object[];
  readonly through_json?: boolean;
  readonly options?: OptionsCase;
  readonly cancel?: { readonly on: string; readonly mode: "immediate" | "after_turn" };
}

export interface OptionsCase {
  readonly max_turns?: number;
  readonly on_max_turns?: string;
  readonly model_settings?: { readonly [key: string]: Json };
  readonly tool_not_found_behavior?: "raise_error" | "return_error_to_model";
  readonly rejection_message?: string;
  readonly previous_response_id?: string;
  readonly auto_previous_response_id?: boolean;
  readonly conversation_id?: string;
  readonly input_guardrails?: readonly GuardrailCase[];
  readonly handoff_input_filter?: string;
  readonly nest_handoff_history?: boolean;
  readonly reasoning_item_id_policy?: "preserve" | "omit";
}
