import * as errors from "./errors.js";
import { AgentsError, APIError } from "./errors.js";
import type { ErrorData } from "./protocol.js";

// Marked pure, so that the worker, which only sends errors, is built without all their classes.
const classes: ReadonlyMap<string, typeof AgentsError> = /* @__PURE__ */ new Map(/* @__PURE__ */ Object.entries(errors));

/** Rebuilds an error that crossed. A name that is not known here stays the error's name. */
export function errorFromData(data: ErrorData): AgentsError {
  const ErrorClass = classes.get(data.name) ?? (data.status === undefined ? AgentsError : APIError);
  const error = new ErrorClass(data.message, data.cause && { cause: errorFromData(data.cause) });
  error.name = data.name;
  if (data.code !== undefined) error.code = data.code;
  if (error instanceof APIError && data.status !== undefined) error.status = data.status;
  return error;
}

/** How many causes of a thrown error cross with it. */
const CAUSES = 3;

/** Makes what a function of the page threw ready to cross. Never throws, whatever was thrown. */
export function errorToData(thrown: unknown, causes: number = CAUSES): ErrorData {
  try {
    if (!(thrown instanceof Error)) return { name: "Error", message: String(thrown) };
    return {
      name: String(thrown.name),
      message: String(thrown.message),
      ...(thrown instanceof AgentsError && { code: thrown.code }),
      ...(thrown.cause !== undefined && causes > 0 && { cause: errorToData(thrown.cause, causes - 1) }),
    };
  } catch {
    return { name: "Error", message: "what was thrown cannot be read" };
  }
}
