import type { JsonSchema, StandardSchema } from "./schema.js";

/** The type of a tool's arguments, by its parameters. */
export type ArgumentsOf<Parameters> =
  Parameters extends StandardSchema<infer Output>
    ? Output
    : Parameters extends JsonSchema
      ? unknown extends FromJsonSchema<Parameters>
        ? { readonly [name: string]: unknown }
        : FromJsonSchema<Parameters>
      : Record<string, never>;

/** The type of a value that fits a JSON Schema literal: `type`, `properties`, `required`, `items`, `enum`, `const`,
 * `anyOf` and `oneOf` are understood, anything else is `unknown`. */
export type FromJsonSchema<Schema> = Schema extends { readonly const: infer Value }
  ? Value
  : Schema extends { readonly enum: readonly (infer Value)[] }
    ? Value
    : Schema extends { readonly anyOf: readonly (infer Option)[] }
      ? FromJsonSchema<Option>
      : Schema extends { readonly oneOf: readonly (infer Option)[] }
        ? FromJsonSchema<Option>
        : Schema extends { readonly type: readonly (infer Name)[] }
          ? FromType<Name, Schema>
          : Schema extends { readonly type: infer Name }
            ? FromType<Name, Schema>
            : unknown;

type FromType<Name, Schema> = Name extends "string"
  ? string
  : Name extends "number" | "integer"
    ? number
    : Name extends "boolean"
      ? boolean
      : Name extends "null"
        ? null
        : Name extends "array"
          ? Schema extends { readonly items: infer Item }
            ? FromJsonSchema<Item>[]
            : unknown[]
          : Name extends "object"
            ? FromObject<Schema>
            : unknown;

type FromObject<Schema> = Schema extends { readonly properties: infer Properties }
  ? Flat<
      { -readonly [Key in keyof Properties & RequiredKeys<Schema>]: FromJsonSchema<Properties[Key]> } & {
        -readonly [Key in Exclude<keyof Properties, RequiredKeys<Schema>>]?: FromJsonSchema<Properties[Key]>;
      }
    >
  : { [name: string]: unknown };

type RequiredKeys<Schema> = Schema extends { readonly required: readonly (infer Key)[] } ? Key : never;

type Flat<Type> = { [Key in keyof Type]: Type[Key] };
