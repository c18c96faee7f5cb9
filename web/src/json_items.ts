import { UserError } from "./errors.js";
import type { InputItem } from "./responses.js";

/** How deep a state takes what a page gives it. */
const DEEPEST = 100;

/** Copies items as they cross and are kept: as JSON. Throws a UserError for what is no list of JSON objects. */
export function copyItems(items: unknown): InputItem[] {
  let copy: unknown;
  try {
    copy = JSON.parse(JSON.stringify(items ?? null, refuseFunctions));
  } catch (cause) {
    throw new UserError(`The items cannot be written as JSON: ${String(cause)}`, { cause });
  }
  const isItem = (item: unknown): boolean => typeof item === "object" && item !== null && !Array.isArray(item) && fits(item, DEEPEST);
  if (!Array.isArray(copy) || !copy.every(isItem)) {
    throw new UserError(`Items are a list of JSON objects, nested ${DEEPEST} levels at most.`);
  }
  return copy as InputItem[];
}

/** JSON would leave them out without a word. */
function refuseFunctions(key: string, value: unknown): unknown {
  if (typeof value === "function") throw new TypeError(`${key} is a function`);
  return refuseNaN(key, value);
}

/** NaN would cross as null, which for a limit is none. */
export function refuseNaN(key: string, value: unknown): unknown {
  if (Number.isNaN(value)) throw new UserError(`${key} is NaN; give a number.`);
  return value;
}

function fits(value: unknown, levels: number): boolean {
  return Object(value) !== value || (levels > 0 && Object.values(value as object).every((part) => fits(part, levels - 1)));
}
