import type { RunContext, ToolCallDetails } from "./context.js";
import { UserError } from "./errors.js";
import type { ToolInputGuardrail, ToolOutputGuardrail } from "./guardrails.js";
import type { JsonSchema, StandardSchema } from "./schema.js";
import { NO_ARGUMENTS, parseArguments, toJsonSchema } from "./schema.js";
import type { ArgumentsOf } from "./schema_types.js";
import { whole } from "./whole.js";

/** What describes the arguments of a tool. Only a Standard Schema checks them, too. */
export type ToolParameters = StandardSchema | JsonSchema;

/** A tool as {@link tool} takes it. Its functions are called on the page, wherever the engine runs. */
export interface ToolOptions<Parameters extends ToolParameters, Arguments = ArgumentsOf<Parameters>> {
  /** What the model calls it by: letters, digits, `_` and `-`. */
  readonly name: string;
  /** Tells the model what the tool does and when to use it. */
  readonly description: string;
  /** JSON Schema of an object, or a Standard Schema that can give it. A Standard Schema also checks the arguments before
   * `needsApproval` and `execute` see them; JSON Schema is only shown to the model. No arguments by default. */
  readonly parameters?: Parameters | undefined;
  /** Makes the model keep to the schema, which it is shown in the form that this takes: every object closed, with all of
   * its properties, `anyOf` for `oneOf`. A schema that has no such form, as that of a record, ends the run with a UserError.
   * @defaultValue true */
  readonly strict?: boolean | undefined;
  /** Whether a call waits for a person's decision. A function is asked once a call; arguments that do not fit the
   * parameters need approval without asking it. @defaultValue false */
  readonly needsApproval?:
    | boolean
    | ((context: RunContext, args: Arguments, callId: string) => boolean | Promise<boolean>)
    | undefined;
  /** Hides the tool from the model where false. Asked again before a call runs, which ends the run where it is false by then.
   * @defaultValue true */
  readonly isEnabled?: boolean | ((context: RunContext) => boolean | Promise<boolean>) | undefined;
  /** Milliseconds that a call may take. No limit by default. */
  readonly timeoutMs?: number | undefined;
  /** What a call that takes too long does: tell the model, or end the run with a ToolTimeoutError.
   * @defaultValue "error_as_result" */
  readonly timeoutBehavior?: "error_as_result" | "raise_exception" | undefined;
  /** Makes the text that tells the model of a failure. By default it is told that the tool failed, not why: an error
   * may hold what the model must not see. `null` ends the run instead. */
  readonly errorFunction?: null | ((context: RunContext, error: unknown) => string | Promise<string>) | undefined;
  /** Keeps the tool from the model until it searches for it; the agent then needs `toolSearchTool()`. @defaultValue false */
  readonly deferLoading?: boolean | undefined;
  /** Who may call the tool: "direct" (the model), "programmatic" (programs that it writes). The model by default. */
  readonly allowedCallers?: readonly ("direct" | "programmatic")[] | undefined;
  /** Look at a call before it runs, in order; the first that rejects decides. */
  readonly inputGuardrails?: readonly ToolInputGuardrail[] | undefined;
  /** Look at what it gave, in order; the first that rejects decides. */
  readonly outputGuardrails?: readonly ToolOutputGuardrail[] | undefined;
  /** Gives data for the user interface that goes with the output item as `customData`, and never to the model. */
  readonly customDataExtractor?: ((details: ToolCallDetails & { readonly output: unknown }) => unknown) | undefined;
  /** Runs the tool. A string goes to the model as it is, anything else as JSON; a {@link ToolOutputPart} and a list of
   * them become parts of the output, which may be images and files. */
  readonly execute: (args: Arguments, details: ToolCallDetails) => unknown;
}

/** What a tool may give in place of text or JSON, alone or in a list of nothing else: parts that the model sees as text,
 * images and files. An image needs `image_url`, which may be a data URL, or `file_id`; a file `file_data` (base64),
 * `file_url` or `file_id`. The names are those of the Agents SDK for Python. */
export type ToolOutputPart =
  | { readonly type: "text"; readonly text: string }
  | {
      readonly type: "image";
      readonly image_url?: string | undefined;
      readonly file_id?: string | undefined;
      readonly detail?: "low" | "high" | "auto" | undefined;
    }
  | {
      readonly type: "file";
      readonly file_data?: string | undefined;
      readonly file_url?: string | undefined;
      readonly file_id?: string | undefined;
      readonly filename?: string | undefined;
    };

/** A tool that runs on the page. Make one with {@link tool}. */
export interface FunctionTool {
  readonly type: "function";
  readonly name: string;
  readonly description: string;
  readonly parameters: JsonSchema;
  readonly strict: boolean;
  readonly needsApproval: boolean | ((context: RunContext, argumentsText: string, callId: string) => Promise<boolean>);
  readonly isEnabled: boolean | ((context: RunContext) => boolean | Promise<boolean>);
  readonly timeoutMs?: number | undefined;
  readonly timeoutBehavior?: "error_as_result" | "raise_exception" | undefined;
  readonly errorFunction?: null | ((context: RunContext, error: unknown) => string | Promise<string>) | undefined;
  /** Keeps the tool from the model until it searches for it; the agent then needs `toolSearchTool()`. @defaultValue false */
  readonly deferLoading?: boolean | undefined;
  /** Who may call the tool: "direct" (the model), "programmatic" (programs that it writes). The model by default. */
  readonly allowedCallers?: readonly ("direct" | "programmatic")[] | undefined;
  /** Look at a call before it runs, in order; the first that rejects decides. */
  readonly inputGuardrails?: readonly ToolInputGuardrail[] | undefined;
  /** Look at what it gave, in order; the first that rejects decides. */
  readonly outputGuardrails?: readonly ToolOutputGuardrail[] | undefined;
  /** Gives data for the user interface that goes with the output item as `customData`, and never to the model. */
  readonly customDataExtractor?: ((details: ToolCallDetails & { readonly output: unknown }) => unknown) | undefined;
  /** The group that {@link toolNamespace} put the tool into. */
  readonly namespace?: { readonly name: string; readonly description: string } | undefined;
  /** Checks the arguments and runs the tool. Rejects with InvalidToolInputError where they do not fit, and with the
   * signal's reason where it has fired. */
  readonly invoke: (argumentsText: string, details: ToolCallDetails) => Promise<unknown>;
}

/**
 * Makes a tool from a function of the page.
 *
 * The types of its arguments follow from `parameters`. It runs at most once a call, and not at all where the arguments
 * are not a JSON object or do not fit a Standard Schema. Throws a UserError for a Standard Schema that
 * gives no JSON Schema.
 */
export function tool<const Parameters extends ToolParameters = typeof NO_ARGUMENTS>(
  options: ToolOptions<Parameters>,
): FunctionTool {
  const { parameters, strict = true, needsApproval, isEnabled = true, execute, ...others } = whole(options);
  const { name } = others;
  if (typeof name !== "string" || name === "") throw new UserError('A tool needs a name: tool({ name: "…", … }).');
  if (typeof execute !== "function") throw new UserError(`Tool ${name} needs execute: (args) => … to run.`);
  const schema: ToolParameters = parameters ?? NO_ARGUMENTS;
  const owner = `tool ${name}`;
  const document = toJsonSchema(schema, owner);
  const parse = (text: string): Promise<ArgumentsOf<Parameters>> =>
    parseArguments(schema, text, owner) as Promise<ArgumentsOf<Parameters>>;

  return {
    ...others,
    type: "function",
    parameters: document,
    strict,
    isEnabled,
    needsApproval: gateOnArguments(needsApproval, parse),
    invoke: async (text, details) => {
      const args = await parse(text);
      details.signal.throwIfAborted(); // the run may have been stopped meanwhile
      return execute.call(options, args, details);
    },
  };
}

/** Asks about a call by its arguments; those that cannot be read need approval without asking. @internal */
export function gateOnArguments<Arguments>(
  needsApproval: boolean | ((context: RunContext, args: Arguments, callId: string) => boolean | Promise<boolean>) = false,
  parse: (text: string) => Promise<Arguments>,
): FunctionTool["needsApproval"] {
  if (typeof needsApproval !== "function") return needsApproval;
  return async (context, text, callId) => {
    let args: Arguments;
    try {
      args = await parse(text);
    } catch {
      return true;
    }
    return (await needsApproval(context, args, callId)) !== false;
  };
}

/** Groups function tools: the model then calls them by both names, `name.tool`. */
export function toolNamespace({
  name,
  description,
  tools,
}: {
  readonly name: string;
  readonly description: string;
  readonly tools: readonly FunctionTool[];
}): FunctionTool[] {
  return tools.map((tool) => ({ ...tool, namespace: { name, description } }));
}
