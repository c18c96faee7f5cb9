import type { RunContext, ToolCallDetails } from "./context.js";
import type { GuardrailData } from "./protocol.js";
import type { InputItem } from "./responses.js";

/** What a guardrail decides. Anything else that it gives ends the run, as what it throws does. */
export interface GuardrailFunctionOutput {
  /** Ends the run. */
  readonly tripwireTriggered: boolean;
  /** Kept in the result; must be JSON. */
  readonly outputInfo?: unknown;
}

/** Looks at what a run was started with. A resumed run asks it again where it has not passed, and about input that was added meanwhile. */
export interface InputGuardrail {
  readonly name: string;
  /** false runs it before the model is asked. Otherwise it runs beside the first turn, and a tripped one stops what has
   * not started; no run pauses or ends before it has spoken. @defaultValue true */
  readonly runInParallel?: boolean | undefined;
  /** Sees the input as items, what a session remembers included. What it throws ends the run. */
  readonly execute: (
    details: RunContext & { readonly input: readonly InputItem[] },
  ) => GuardrailFunctionOutput | Promise<GuardrailFunctionOutput>;
}

/** Looks at a run's final output before the run ends with it. */
export interface OutputGuardrail {
  readonly name: string;
  readonly execute: (
    details: RunContext & { readonly agentOutput: unknown },
  ) => GuardrailFunctionOutput | Promise<GuardrailFunctionOutput>;
}

/** What a tool's guardrail decides: let pass, tell the model `message` in place of the output, or end the run. */
export type ToolGuardrailFunctionOutput = (
  | { readonly behavior: "allow" }
  | { readonly behavior: "reject_content"; readonly message: string }
  | { readonly behavior: "raise_exception" }
) & {
  /** Kept in the result; must be JSON. */
  readonly outputInfo?: unknown;
};

/** Looks at a function tool's call before it runs. */
export interface ToolInputGuardrail {
  readonly name: string;
  readonly execute: (details: ToolCallDetails) => ToolGuardrailFunctionOutput | Promise<ToolGuardrailFunctionOutput>;
}

/** Looks at what a function tool gave before the model sees it. */
export interface ToolOutputGuardrail {
  readonly name: string;
  readonly execute: (
    details: ToolCallDetails & { readonly output: unknown },
  ) => ToolGuardrailFunctionOutput | Promise<ToolGuardrailFunctionOutput>;
}

/** What a guardrail has said in a run. */
export interface GuardrailResult {
  readonly name: string;
  readonly tripwireTriggered: boolean;
  readonly outputInfo: unknown;
}

/** What a tool's guardrail has said in a run. */
export interface ToolGuardrailResult {
  readonly name: string;
  readonly behavior: ToolGuardrailFunctionOutput["behavior"];
  readonly outputInfo: unknown;
}

export function reviveGuardrail({ name, tripped, info }: GuardrailData): GuardrailResult {
  return { name, tripwireTriggered: tripped, outputInfo: info ?? undefined };
}

export function reviveToolGuardrail({ name, behavior, info }: GuardrailData): ToolGuardrailResult {
  return { name, behavior: behavior as ToolGuardrailResult["behavior"], outputInfo: info ?? undefined };
}
