import { EngineCrashedError, EngineStartError } from "./errors.js";
import { errorToData } from "./error_data.js";
import type { FromHost, ToHost } from "./host.js";
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
  let loaded = false;
  const fail = (error: Error): void => connection.onmessage({ type: "stopped", error: errorToData(error) });

  worker.addEventListener("message", (event: MessageEvent<FromHost>) => {
    loaded = true;
    connection.onmessage(event.data);
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
    close: () => worker.terminate(),
  };
  return connection;
}
