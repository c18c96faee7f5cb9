import type { FromHost, ToHost } from "./host.js";

/** Runs a task in the asynchronous context in which this function was made. */
type Enter = (task: () => void) => void;

/** The part of Node's AsyncLocalStorage that is used here; other servers' runtimes have it, pages do not. */
interface AsyncContexts {
  snapshot(): Enter;
}

declare const globalThis: {
  readonly process?: { getBuiltinModule?(id: "node:async_hooks"): { readonly AsyncLocalStorage?: AsyncContexts } | undefined };
};

/**
 * The asynchronous context that each run was started in. On a server the page's functions are called in it: all runs share one
 * engine, whose own context is that of whichever request it last heard from.
 */
export class RunContexts {
  readonly #contexts = globalThis.process?.getBuiltinModule?.("node:async_hooks")?.AsyncLocalStorage;
  readonly #runs = new Map<number, Enter>();

  /** Notes the present context where the message starts a run. */
  note(message: ToHost): void {
    if (this.#contexts && message.type === "run") this.#runs.set(message.run, this.#contexts.snapshot());
  }

  /** Hands a message on in the context of its run. */
  enter(message: FromHost, task: () => void): void {
    if (!("run" in message)) return task();
    const enter = this.#runs.get(message.run);
    if (message.type === "end") this.#runs.delete(message.run);
    if (enter) enter(task);
    else task();
  }
}
