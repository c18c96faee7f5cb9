import { errorToData } from "./error_data.js";
import { EngineCrashedError } from "./errors.js";
import type { ErrorData, FromEngine, ToEngine } from "./protocol.js";
import { version } from "./version.js";
import type { WasmSource } from "./wasm.js";
import { compile } from "./wasm.js";
import wasmExec from "./wasm_exec.gen.js";

// The host runs the engine, in a worker or on the page. Beside the engine's messages it knows two of its own.

export type ToHost =
  | ToEngine
  /** The first message: runs the engine. It answers with the engine's `ready`, or with `stopped`. */
  | { readonly type: "start"; readonly wasm: WasmSource };

export type FromHost =
  | FromEngine
  /** The engine could not start or has ended; the last message. */
  | { readonly type: "stopped"; readonly error: ErrorData };

/** What the engine finds under `runstream` in its global scope. */
interface EnginePort {
  readonly version: string;
  readonly post: (message: FromEngine) => void;
  readonly fetch: typeof fetch;
  /** Set by the engine before it posts `ready`. */
  receive: ((message: ToEngine) => void) | undefined;
}

/** Makes a host that answers through `post`. Nothing runs before it is given `start`. */
export function openHost(post: (message: FromHost) => void): (message: ToHost) => void {
  let port: EnginePort | undefined;
  let stopped = false;

  const stop = (error: unknown): void => {
    if (stopped) return;
    stopped = true;
    post({ type: "stopped", error: errorToData(error) });
  };

  const start = async (wasm: WasmSource): Promise<void> => {
    const module = await compile(wasm);
    port = { version, post, fetch: globalThis.fetch.bind(globalThis), receive: undefined };
    await runGo(module, port, stop);
  };

  return (message) => {
    if (message.type === "start") void start(message.wasm).catch(stop);
    else if (!stopped) port?.receive?.(message);
  };
}

/** Runs the engine to its end, which is always a crash: it has no reason to end. */
async function runGo(module: WebAssembly.Module, port: EnginePort, stop: (error: unknown) => void): Promise<void> {
  // Go finds the real globals through the prototype, but for two that refuse to be read through another object, and for
  // those that wasm_exec.js makes itself: an element with the id "fs" must not be taken for a file system.
  const made = { value: undefined, writable: true };
  const scope = Object.create(globalThis, {
    crypto: { value: globalThis.crypto },
    performance: { value: globalThis.performance },
    runstream: { value: port },
    fs: made,
    process: made,
    path: made,
    Go: made,
  }) as object;
  const go = new (wasmExec(scope))();

  let ended = false;
  const crash = (message: string, cause?: unknown): void => {
    ended = true;
    go._scheduledTimeouts.clear();
    stop(new EngineCrashedError(message, { cause }));
  };
  go.exit = (code) => crash(`The engine ended with exit code ${code}; the console shows why.`);

  // Timers and promises still lead into a program that has ended: there they must find silence, not an exception.
  const resume = go._resume;
  go._resume = () => {
    if (ended) return;
    try {
      resume.call(go);
    } catch (cause) {
      crash(`The engine crashed: ${String(cause)}.`, cause);
    }
  };
  await go.run(await WebAssembly.instantiate(module, go.importObject));
  if (!ended) crash("The engine has ended.");
}
