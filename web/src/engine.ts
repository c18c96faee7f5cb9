import type { EngineConnection } from "./connection.js";
import { errorFromData } from "./error_data.js";
import type { AgentsError } from "./errors.js";
import { EngineCrashedError, EngineDisposedError, EngineStartError } from "./errors.js";
import type { FromHost } from "./host.js";
import type { FromEngine, ToEngine } from "./protocol.js";
import { version } from "./version.js";
import type { WasmSource } from "./wasm.js";

/** Whoever follows a run. Neither function may throw. */
export interface RunListener {
  /** Gets the run's messages, its calls' `end` among them. */
  receive(message: Exclude<FromEngine, { readonly type: "ready" }>): void;
  /** The engine is gone; nothing more comes. */
  fail(error: AgentsError): void;
}

/** An engine that runs, and the runs it carries. */
export class Engine {
  readonly #connection: EngineConnection;
  readonly #onstop: () => void;
  readonly #runs: Map<number, RunListener> = new Map();
  readonly #calls: Map<number, RunListener> = new Map();
  #lastRun = 0;
  #stopped: AgentsError | undefined;

  /** Resolves once the engine is up. Rejects with an EngineStartError; `onstop` is called when it ends later on. `disposed`
   * ends it, at any time. */
  static start(
    connection: EngineConnection,
    wasm: WasmSource,
    onstop: () => void,
    disposed?: AbortSignal,
  ): Promise<Engine> {
    return new Promise((resolve, reject) => {
      let engine: Engine | undefined;
      disposed?.addEventListener("abort", () => {
        if (engine) return engine.#stop(disposed.reason as AgentsError);
        connection.close();
        reject(disposed.reason);
      });
      connection.onmessage = (message) => {
        if (message.type === "stopped") {
          connection.close();
          const error = errorFromData(message.error);
          reject(error instanceof EngineStartError ? error : new EngineStartError(error.message, { cause: error }));
        } else if (message.type === "ready" && message.version !== version) {
          connection.close();
          reject(
            new EngineStartError(
              `This page has runstream ${version}, its engine is ${message.version}. Serve runstream.wasm and worker.js ` +
                "from the same release as the script, and reload without the cache.",
            ),
          );
        } else if (message.type === "ready") {
          engine = new Engine(connection, onstop);
          resolve(engine);
        }
      };
      try {
        connection.post({ type: "start", wasm });
      } catch (cause) {
        connection.close();
        reject(new EngineStartError(`The engine's worker cannot be given its code: ${String(cause)}`, { cause }));
      }
    });
  }

  private constructor(connection: EngineConnection, onstop: () => void) {
    this.#connection = connection;
    this.#onstop = onstop;
    connection.onmessage = (message) => this.#receive(message);
  }

  /** Starts a run and gives its number. Its listener hears of it until its `end`. */
  run(spec: string, listener: RunListener, sessionId?: string): number {
    const run = ++this.#lastRun;
    if (this.#stopped) {
      listener.fail(this.#ended(this.#stopped));
      return run;
    }
    this.#runs.set(run, listener);
    this.post({ type: "run", run, spec, sessionId });
    return run;
  }

  post(message: ToEngine): void {
    if (message.type === "reply") this.#calls.delete(message.call);
    if (!this.#stopped) this.#connection.post(message);
  }

  #receive(message: FromHost): void {
    switch (message.type) {
      case "events":
      case "snapshot":
        return this.#runs.get(message.run)?.receive(message);
      case "call": {
        const listener = this.#runs.get(message.run);
        if (listener) this.#calls.set(message.call, listener);
        return listener?.receive(message);
      }
      case "end": {
        if ("call" in message) {
          const listener = this.#calls.get(message.call);
          this.#calls.delete(message.call);
          return listener?.receive(message);
        }
        const listener = this.#runs.get(message.run);
        this.#runs.delete(message.run);
        for (const [call, owner] of this.#calls) if (owner === listener) this.#calls.delete(call);
        this.post({ type: "release", run: message.run });
        return listener?.receive(message);
      }
      case "stopped":
        return this.#stop(errorFromData(message.error));
    }
  }

  #stop(cause: AgentsError): void {
    if (this.#stopped) return;
    this.#stopped = cause;
    this.#connection.close();
    this.#onstop();
    for (const listener of this.#runs.values()) listener.fail(this.#ended(cause));
    this.#runs.clear();
    this.#calls.clear();
  }

  /** Every run gets an error of its own, which holds that run's data. */
  #ended(cause: AgentsError): AgentsError {
    const EndError = cause instanceof EngineDisposedError ? EngineDisposedError : EngineCrashedError;
    return new EndError(`${cause.message} The next run gets a new engine.`, { cause });
  }
}
