import type { EngineConnection } from "./connection.js";
import { connectPage, connectWorker } from "./connection.js";
import { Engine } from "./engine.js";
import { EngineDisposedError, EngineStartError, UserError } from "./errors.js";
import { pageURL } from "./page_url.js";
import type { WasmSource } from "./wasm.js";
import { compileResponse } from "./wasm.js";

/** Where the engine comes from and where it runs. */
export interface InitOptions {
  /** The engine's code; `runstream.wasm` beside this package's file by default. */
  readonly wasm?: string | URL | Response | BufferSource | WebAssembly.Module | undefined;
  /** Where the engine runs: in a worker of its own (true), on the page (false), or in this worker, which must run this
   * package's `worker.js`. Without workers it runs on the page. @defaultValue true */
  readonly worker?: boolean | Worker | undefined;
}

/** Where runs get their engine from. */
export interface EngineSource {
  engine(): Promise<Engine>;
}

/**
 * Starts the engine ahead of the first run, which else does it.
 *
 * Resolves once it is up; called again, also meanwhile, it starts nothing more. Rejects with an EngineStartError,
 * and may then be called again. Options stay in force for every later start; other options than those of an engine that
 * is up or starting reject with a UserError.
 */
export async function init(options?: InitOptions): Promise<void> {
  await pageEngine.init(options);
}

/**
 * Ends the engine: its worker, its requests to the model's server, and its memory.
 *
 * Runs that go on, and an `init` that waits, reject with an EngineDisposedError. The next run or `init` starts a new
 * engine, with the options that were last given; after `dispose` they may be others. Without an engine it does nothing.
 */
export function dispose(): void {
  pageEngine.dispose();
}

/** The page's one engine. A new one is started when it has failed to start, crashed, or was disposed of. */
export class PageEngine implements EngineSource {
  #options: InitOptions = {};
  #module: WebAssembly.Module | undefined;
  #engine: Promise<Engine> | undefined;
  #disposal: AbortController | undefined;
  readonly #spent: WeakSet<Worker> = new WeakSet();

  async init(options: InitOptions | undefined): Promise<void> {
    if (options && !this.#engine) {
      if (options.wasm !== this.#options.wasm) this.#module = undefined;
      this.#options = { ...options };
    } else if (options && !sameOptions(options, this.#options)) {
      throw new UserError("The engine has been started with other options. Call init(options) once, before the first run.");
    }
    await this.engine();
  }

  engine(): Promise<Engine> {
    if (!this.#engine) {
      this.#disposal = new AbortController();
      const engine = this.#start(this.#disposal.signal, () => {
        if (this.#engine === engine) this.#engine = undefined;
      });
      engine.catch(() => {
        if (this.#engine === engine) this.#engine = undefined;
      });
      this.#engine = engine;
    }
    return this.#engine;
  }

  dispose(): void {
    this.#engine = undefined;
    this.#disposal?.abort(new EngineDisposedError("The page ended the engine with dispose()."));
    this.#disposal = undefined;
  }

  async #start(disposed: AbortSignal, onstop: () => void): Promise<Engine> {
    const { wasm } = this.#options;
    const worker = this.#options.worker ?? true;
    // Nothing is awaited where nothing must be: a worker that is started at once comes up beside the page's own script.
    const source = wasm instanceof Response ? await Promise.race([this.#compiled(wasm), rejection(disposed)]) : located(wasm);
    disposed.throwIfAborted();
    if (typeof worker === "object") {
      if (!worker.addEventListener) throw new EngineStartError("The worker that was given to init() is no Worker.");
      if (this.#spent.has(worker)) {
        throw new EngineStartError(
          "The Worker that was given to init() has ended with its engine: init() takes a new one.",
        );
      }
      this.#spent.add(worker);
    }
    return Engine.start(connect(worker), source, onstop, disposed);
  }

  /** A Response can be read only once, so what was compiled from it is kept for later starts. */
  async #compiled(wasm: Response): Promise<WebAssembly.Module> {
    return (this.#module ??= await compileResponse(wasm));
  }
}

function located(wasm: Exclude<InitOptions["wasm"], Response>): WasmSource {
  if (wasm === undefined) return new URL("./runstream.wasm", import.meta.url).href;
  return isAddress(wasm) ? absolute(wasm) : wasm;
}

/** Rejects when the signal fires, with its reason. */
function rejection(signal: AbortSignal): Promise<never> {
  return new Promise((_, reject) => signal.addEventListener("abort", () => reject(signal.reason)));
}

const pageEngine: PageEngine = new PageEngine();

/** The engine that runs use where they are given no other. */
export const sharedEngine: EngineSource = pageEngine;

function connect(worker: boolean | Worker): EngineConnection {
  if (typeof worker === "object") return connectWorker(worker, "that was given to init()");
  if (!worker || typeof Worker === "undefined") return connectPage();
  try {
    // Bundlers find the worker's file by this very expression.
    const own = new Worker(new URL("./worker.js", import.meta.url), { type: "module" });
    return connectWorker(own, "(worker.js, beside the script that holds this package)");
  } catch (error) {
    console.warn("The engine runs on the page:", error);
    return connectPage();
  }
}

function sameOptions(a: InitOptions, b: InitOptions): boolean {
  const sameWasm = a.wasm === b.wasm || (isAddress(a.wasm) && isAddress(b.wasm) && absolute(a.wasm) === absolute(b.wasm));
  return sameWasm && (a.worker ?? true) === (b.worker ?? true);
}

function isAddress(wasm: InitOptions["wasm"]): wasm is string | URL {
  return typeof wasm === "string" || wasm instanceof URL;
}

function absolute(url: string | URL): string {
  try {
    return pageURL(url);
  } catch (cause) {
    throw new EngineStartError(`The engine's address "${String(url)}" is no URL.`, { cause });
  }
}
