import type { RunItem, RunMessageOutputItem } from "./items.js";
import type { InputItem, WireContentPart } from "./responses.js";

function parts(message: InputItem): readonly WireContentPart[] {
  const content = message["content"];
  return message.type === "message" && Array.isArray(content) ? content : [];
}

function text(message: InputItem): string {
  return parts(message)
    .filter((part) => part.type === "output_text")
    .map((part) => part.text ?? "")
    .join("");
}

/** Reads texts out of items. */
export const ItemHelpers = {
  /** The text of a message, all its parts joined; "" where it has none. */
  textMessageOutput(item: RunMessageOutputItem): string {
    return text(item.rawItem);
  },

  /** The text of all messages among the items, joined. */
  textMessageOutputs(items: readonly RunItem[]): string {
    return items.map((item) => (item.type === "message_output_item" ? text(item.rawItem) : "")).join("");
  },

  /** The text of a message of the model, all its parts joined; undefined where it has none. */
  extractText(message: InputItem): string | undefined {
    return text(message) || undefined;
  },

  /** The last part of a message of the model where that is text; undefined otherwise. */
  extractLastText(message: InputItem): string | undefined {
    const last = parts(message).at(-1);
    return last?.type === "output_text" ? last.text : undefined;
  },

  /** The last part of a message of the model, be it text or a refusal; "" where it is neither. */
  extractLastContent(message: InputItem): string {
    const last = parts(message).at(-1);
    return (last?.type === "refusal" ? last.refusal : last?.text) ?? "";
  },

  /** The refusal in a message of the model, all its parts joined; undefined where it has none. */
  extractRefusal(message: InputItem): string | undefined {
    const refusals = parts(message).filter((part) => part.type === "refusal");
    return refusals.map((part) => part.refusal ?? "").join("") || undefined;
  },

  /** Input as a list of items: a text becomes a user's message. */
  inputToNewInputList(input: string | readonly object[]): InputItem[] {
    return typeof input === "string" ? [{ content: input, role: "user" }] : ([...input] as InputItem[]);
  },
} as const;
