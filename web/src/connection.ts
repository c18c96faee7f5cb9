import { EngineCrashedError, EngineStartError } from "./errors.js";
import { errorToData } from "./error_data.js";
import type { FromHost, ToHost } from "./host.js";

/** A line to a host: messages arrive in the order they were sent, and never while one is being sent. */
export interface EngineConnection {
  post(message: ToHost): void;
  onmessage: (message: FromHost) => void;
  close(): void;
}

/** A host on this page. Its code is in a file of its own: pages with a worker do without. */
export function connectPage(): EngineConnection {
  let open = true;
  const answer = (message: FromHost): void => {
    if (open) connection.onmessage(message);
  };
  const host = import("./host.js").then(({ openHost }) => openHost((message) => queueMicrotask(() => answer(message))));
  host.catch((cause: unknown) => {
    const why = `The engine's host.js, beside the script that holds this package, could not be loaded: ${String(cause)}. Serve it there.`;
    answer({ type: "stopped", error: errorToData(new EngineStartError(why, { cause })) });
  });
  const connection: EngineConnection = {
    post: (message) => void host.then((receive) => open && receive(message), () => {}),
    onmessage: () => {},
    close: () => {
      open = false;
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
