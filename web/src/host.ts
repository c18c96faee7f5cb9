import { RunContexts } from "./contexts.js";
import { errorToData } from "./error_data.js";
import { EngineCrashedError, EngineStartError } from "./errors.js";
import { type Exchanger, exchangeUntil } from "./exchange.js";
import type { ErrorData, FromEngine, ToEngine } from "./protocol.js";
import { version } from "./version.js";
import type { WasmSource } from "./wasm.js";
import { compile } from "./wasm.js";
import wasmExec from "./wasm_exec.gen.js";

// The host runs the engine, in a worker or on the page. Beside the engine's messages it knows two of its own.

export type ToHost =
  | ToEngine
  /** The first message: runs the engine. It answers with the engine's `ready`, or with `stopped`. */
  | { readonly type: "start"; readonly wasm: WasmSource }
  /** Ends the engine and its requests; the last message, which nothing answers. A worker is terminated instead. */
  | { readonly type: "stop" };

export type FromHost =
  | FromEngine
  /** The engine could not start or has ended; the last message. */
  | { readonly type: "stopped"; readonly error: ErrorData };

/** A worker says one thing more. */
export type FromWorker =
  | FromHost
  /** The worker holds this lock for as long as it lives. */
  | { readonly type: "alive"; readonly lock: string };

/** What the engine finds under `runstream` in its global scope. */
interface EnginePort {
  readonly version: string;
  readonly post: EnginePost;
  readonly exchange: Exchanger;
  /** Set by the engine before it posts `ready`. */
  receive: ((message: ToEngine) => void) | undefined;
}

/** Takes the engine's messages: to call a function takes it less than to make an object. */
interface EnginePost {
  ready(version: string): void;
  events(run: number, batch: Uint8Array<ArrayBuffer>): void;
  call(run: number, call: number, fn: number, args: string): void;
  snapshot(run: number, snapshot: Uint8Array<ArrayBuffer>): void;
  endCall(call: number): void;
  endRun(run: number, snapshot: Uint8Array<ArrayBuffer> | null, error: ErrorData | null): void;
}

function messages(post: (message: FromEngine) => void): EnginePost {
  return {
    ready: (version) => post({ type: "ready", version }),
    events: (run, batch) => post({ type: "events", run, batch: batch.buffer }),
    call: (run, call, fn, args) => post({ type: "call", run, call, fn, args }),
    snapshot: (run, snapshot) => post({ type: "snapshot", run, snapshot: snapshot.buffer }),
    endCall: (call) => post({ type: "end", call }),
    endRun: (run, snapshot, error) => post({ type: "end", run, ...(snapshot && { snapshot: snapshot.buffer }), ...(error && { error }) }),
  };
}

/** Makes a host that answers through `post`. Nothing runs before it is given `start`. */
export function openHost(post: (message: FromHost) => void): (message: ToHost) => void {
  const ending = new AbortController();
  const ended = ending.signal;
  let port: EnginePort | undefined;
  const contexts = new RunContexts();

  const stop = (error: unknown): void => {
    if (ended.aborted) return;
    ending.abort();
    post({ type: "stopped", error: errorToData(error) });
  };

  const start = async (wasm: WasmSource): Promise<void> => {
    const module = await compile(wasm, ended);
    if (ended.aborted) return;
    port = { version, post: messages((message) => contexts.enter(message, () => post(message))), exchange: exchangeUntil(ended), receive: undefined };
    await runGo(module, port, ended, stop);
  };

  return (message) => {
    contexts.note(message);
    if (message.type === "start") void start(message.wasm).catch(stop);
    else if (message.type === "stop") ending.abort();
    else if (!ended.aborted) port?.receive?.(message);
  };
}

/** Runs the engine to its end, which is always a crash: it has no reason to end. */
async function runGo(
  module: WebAssembly.Module,
  port: EnginePort,
  ended: AbortSignal,
  stop: (error: unknown) => void,
): Promise<void> {
  // Go finds the real globals behind its own, but for those that wasm_exec.js makes itself: an element with the id "fs" must
  // not be taken for a file system. Getters such as navigator's refuse to be read through another object, and so would end
  // the program: each is read from the real one.
  const own: { [key: PropertyKey]: unknown } = Object.assign(Object.create(null), {
    runstream: port,
    fs: undefined,
    process: undefined,
    path: undefined,
    Go: undefined,
  });
  const scope = new Proxy(own, { get: (_, key) => (key in own ? own[key] : Reflect.get(globalThis, key)) });
  const go = new (wasmExec(scope))();

  const crash = (message: string, cause?: unknown): void => stop(new EngineCrashedError(message, { cause }));
  ended.addEventListener("abort", () => {
    for (const timer of go._scheduledTimeouts.values()) clearTimeout(timer);
    go._scheduledTimeouts.clear();
  });
  go.exit = (code) => crash(`The engine ended with exit code ${code}; the console shows why.`);

  // Timers and promises still lead into a program that has ended: there they must find silence, not an exception.
  const resume = go._resume;
  go._resume = () => {
    if (ended.aborted) return;
    try {
      resume.call(go);
    } catch (cause) {
      crash(`The engine crashed: ${String(cause)}.`, cause);
    }
  };
  const instance = await instantiate(module, go.importObject);
  if (ended.aborted) return;
  await go.run(instance);
  crash("The engine has ended.");
}

async function instantiate(module: WebAssembly.Module, imports: WebAssembly.Imports): Promise<WebAssembly.Instance> {
  const refuse = (why: string, cause?: unknown): never => {
    throw new EngineStartError(
      `What was given as wasm is not runstream's engine, or one of another release: ${why}. Serve runstream.wasm from the ` +
        "same release as the script.",
      { cause },
    );
  };
  const instance = await WebAssembly.instantiate(module, imports).catch((cause: unknown) => refuse(String(cause), cause));
  return "run" in instance.exports ? instance : refuse("it is no program of Go's");
}
