import { EngineCrashedError, EngineStartError } from "./errors.js";
import { errorToData } from "./error_data.js";
import type { FromHost, FromWorker, ToHost } from "./host.js";

/** Node's; pages have none, and the package's own types do without those of Node. */
declare const setImmediate: ((task: () => void) => unknown) | undefined;

/** A line to a host: messages arrive in the order they were sent, and never while one is being sent. */
export interface EngineConnection {
  post(message: ToHost): void;
  onmessage: (message: FromHost) => void;
  close(): void;
}

/** A host on this page. Its code is in a file of its own: pages with a worker do without. */
export function connectPage(): EngineConnection {
  let open = true;
  const tasks = new TaskQueue();
  const answer = (message: FromHost): void => {
    if (open) connection.onmessage(message);
  };
  const host = import("./host.js").then(({ openHost }) => openHost((message) => tasks.add(() => answer(message))));
  host.catch((cause: unknown) => {
    const why = `The engine's host.js, beside the script that holds this package, could not be loaded: ${String(cause)}. Serve it there.`;
    answer({ type: "stopped", error: errorToData(new EngineStartError(why, { cause })) });
  });
  const connection: EngineConnection = {
    post: (message) => void host.then((receive) => open && receive(message), () => {}),
    onmessage: () => {},
    close: () => {
      open = false;
      tasks.close();
      void host.then((receive) => receive({ type: "stop" }), () => {});
    },
  };
  return connection;
}

/**
 * Does things in order, each in a task of its own, as a worker's messages come: a reader has then read what came before,
 * and can stop the run before a tool runs. Without timers, which browsers slow down.
 */
class TaskQueue {
  readonly #channel: MessageChannel | undefined = typeof setImmediate === "function" ? undefined : new MessageChannel();
  readonly #waiting: (() => void)[] = [];

  constructor() {
    if (this.#channel) this.#channel.port1.onmessage = () => this.#waiting.shift()?.();
  }

  add(task: () => void): void {
    if (!this.#channel) return void setImmediate!(task); // Node ends only when no port is open
    this.#waiting.push(task);
    this.#channel.port2.postMessage(null);
  }

  close(): void {
    this.#channel?.port1.close();
  }
}

/** A host in a worker. `address` names the worker's file in errors. */
export function connectWorker(worker: Worker, address: string): EngineConnection {
  let open = true;
  let loaded = false;
  const fail = (error: Error): void => {
    if (open) connection.onmessage({ type: "stopped", error: errorToData(error) });
  };

  worker.addEventListener("message", ({ data }: MessageEvent<unknown>) => {
    if (isFromWorker(data)) {
      loaded = true;
      if (data.type === "alive") watch(data.lock, () => fail(new EngineCrashedError("The engine's worker was ended.")));
      else if (open) connection.onmessage(data);
    } else if (!loaded) {
      fail(
        new EngineStartError(
          `The worker ${address} is not the engine's: it sent ${excerpt(data)}. It must run this package's worker.js.`,
        ),
      );
    }
  });
  worker.addEventListener("messageerror", () => {
    fail(new EngineCrashedError("The engine's worker sent a message that cannot be read."));
  });
  worker.addEventListener("error", (event) => {
    event.preventDefault();
    const why = event.message ? `: ${event.message}` : "";
    fail(
      loaded
        ? new EngineCrashedError(`The engine's worker failed${why}`)
        : new EngineStartError(
            `The engine's worker ${address} could not be started${why}. Serve worker.js there as JavaScript, allow it in ` +
              "the page's Content-Security-Policy (worker-src), or run the engine on the page: init({ worker: false }).",
          ),
    );
  });
  const connection: EngineConnection = {
    post: (message) => worker.postMessage(message),
    onmessage: () => {},
    close: () => {
      open = false;
      worker.terminate();
    },
  };
  return connection;
}

/** All there are: the compiler misses one that is left out. */
const types: { readonly [type in FromWorker["type"]]: true } = {
  alive: true, ready: true, events: true, call: true, snapshot: true, end: true, stopped: true,
};

function isFromWorker(data: unknown): data is FromWorker {
  if (typeof data !== "object" || data === null) return false;
  const { type } = data as { readonly type?: unknown };
  return typeof type === "string" && Object.hasOwn(types, type);
}

function excerpt(data: unknown): string {
  try {
    return JSON.stringify(data).slice(0, 80);
  } catch {
    return `a ${typeof data}`;
  }
}

/** Waits until whoever holds the lock is gone. */
function watch(lock: string, ongone: () => void): void {
  globalThis.navigator?.locks?.request(lock, ongone).catch(() => {});
}
