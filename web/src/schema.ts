import { InvalidToolInputError, ModelBehaviorError, UserError } from "./errors.js";

/** A JSON Schema document. */
export interface JsonSchema {
  readonly [keyword: string]: unknown;
}

/** A schema of any library that speaks Standard Schema (https://standardschema.dev), such as zod, valibot and arktype.
 * To be a tool's `parameters` it must give JSON Schema too: zod from 4.2, arktype from 2.1.28, valibot by
 * `toStandardJsonSchema` of `@valibot/to-json-schema`. */
export interface StandardSchema<Output = unknown> {
  readonly "~standard": {
    readonly version: 1;
    readonly vendor: string;
    readonly validate: (value: unknown) => ValidationResult<Output> | Promise<ValidationResult<Output>>;
    readonly types?: { readonly input: unknown; readonly output: Output } | undefined;
  };
}

type ValidationResult<Output> =
  | { readonly value: Output; readonly issues?: undefined }
  | { readonly issues: readonly ValidationIssue[] };

interface ValidationIssue {
  readonly message: string;
  readonly path?: readonly (PropertyKey | { readonly key: PropertyKey })[] | undefined;
}

/** The part of Standard JSON Schema that is used here. Its types are not on every library's types yet. */
interface JsonSchemaSource {
  readonly jsonSchema?: { readonly input?: (options: { readonly target: string }) => JsonSchema };
}

/** The schema of a tool without arguments. */
export const NO_ARGUMENTS = { type: "object", properties: {}, required: [], additionalProperties: false } as const;

export function isStandardSchema(schema: object): schema is StandardSchema {
  return (schema as { readonly "~standard"?: unknown } | undefined)?.["~standard"] != null; // whatever was given as one
}

/** Gives the JSON Schema of what a tool takes, or of an output. `owner` names what the schema is of in errors. */
export function toJsonSchema(schema: StandardSchema | JsonSchema, owner: string): JsonSchema {
  if (!isStandardSchema(schema)) return schema;
  const standard: StandardSchema["~standard"] & JsonSchemaSource = schema["~standard"];
  const source = standard.jsonSchema;
  if (!source?.input) {
    throw new UserError(
      `The ${standard.vendor} schema of ${owner} cannot give JSON Schema. Use zod 4.2 or later, ` +
        `arktype 2.1.28 or later, toStandardJsonSchema(…) of @valibot/to-json-schema, or write JSON Schema itself.`,
    );
  }
  try {
    const { $schema: _, ...document } = source.input({ target: "draft-2020-12" });
    return document;
  } catch (cause) {
    throw new UserError(`The schema of ${owner} cannot be written as JSON Schema: ${String(cause)}`, { cause });
  }
}

function isObject(value: unknown): value is JsonSchema {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** Reads and checks a call's arguments. Empty text is an empty object. Rejects with {@link InvalidToolInputError}. `owner`
 * names what they are for in errors. */
export async function parseArguments(
  schema: StandardSchema | JsonSchema,
  text: string,
  owner: string,
): Promise<unknown> {
  const value = parseObject(text, owner);
  if (!isStandardSchema(schema)) return value;
  const result = await schema["~standard"].validate(value);
  if (result.issues) {
    throw new InvalidToolInputError(
      `The arguments for ${owner} do not fit its parameters: ${result.issues.map(describe).join("; ")}`,
    );
  }
  return result.value;
}

/** Reads and checks a final answer. Rejects with {@link ModelBehaviorError}. `owner` names it in errors. */
export async function parseOutput(schema: StandardSchema, text: string, owner: string, isWrapped: boolean): Promise<unknown> {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (cause) {
    throw new ModelBehaviorError(`The model's answer is not JSON, which ${owner} must be.`, { cause });
  }
  if (isWrapped && isObject(value) && "response" in value) value = value["response"]; // an error handler's is bare
  const result = await schema["~standard"].validate(value);
  if (result.issues) throw new ModelBehaviorError(`The model's answer does not fit ${owner}: ${result.issues.map(describe).join("; ")}`);
  return result.value;
}

function parseObject(text: string, owner: string): object {
  let value: unknown;
  try {
    value = text.trim() === "" ? {} : JSON.parse(text);
  } catch (cause) {
    throw new InvalidToolInputError(`The arguments for ${owner} are not JSON.`, { cause });
  }
  if (!isObject(value)) {
    throw new InvalidToolInputError(`The arguments for ${owner} are not a JSON object.`);
  }
  return value;
}

function describe(issue: ValidationIssue): string {
  const path = (issue.path ?? []).map((part) => String(typeof part === "object" ? part.key : part));
  return path.length === 0 ? issue.message : `${path.join(".")}: ${issue.message}`;
}
