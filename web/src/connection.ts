import { EngineCrashedError, EngineStartError } from "./errors.js";
import { errorToData } from "./error_data.js";
import type { FromHost, FromWorker, ToHost } from "./host.js";
import { openHost } from "./host.js";

/** A line to a host: messages arrive in the order they were sent, and never while one is being sent. */
export interface EngineConnection {
  post(message: ToHost): void;
  onmessage: (message: FromHost) => void;
  close(): void;
}

/** A host on this page. */
export function connectPage(): EngineConnection {
  let open = true;
  const receive = openHost((message) => queueMicrotask(() => open && connection.onmessage(message)));
  const connection: EngineConnection = {
    post: (message) => queueMicrotask(() => open && receive(message)),
    onmessage: () => {},
    close: () => {
      open = false;
      receive({ type: "stop" });
    },
  };
  return connection;
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

const types: ReadonlySet<unknown> = new Set<FromWorker["type"]>(["alive", "ready", "events", "call", "end", "stopped"]);

function isFromWorker(data: unknown): data is FromWorker {
  return typeof data === "object" && data !== null && types.has((data as { readonly type?: unknown }).type);
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
