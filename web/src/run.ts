import type { Agent } from "./agent.js";
import { providerSpec } from "./config.js";
import type { Engine, RunListener } from "./engine.js";
import { errorFromData, errorToData, Thrown } from "./error_data.js";
import { AgentsError, EngineDisposedError, EngineStartError, ModelBehaviorError, UserError } from "./errors.js";
import { reviveEvents, type RunStreamEvent } from "./events.js";
import { AgentNames, bigIntAsText, reachableAgents, RunScope } from "./graph.js";
import type { EngineSource } from "./init.js";
import { refuseNaN } from "./json_items.js";
import type { RunOptions } from "./options.js";
import type { EventData, FromEngine, Json, ToEngine } from "./protocol.js";
import { TURN } from "./protocol.js";
import type { RunResult } from "./result.js";
import { agentSpec } from "./spec_agents.js";
import { optionsSpec } from "./spec_options.js";
import type { RunSpec } from "./specs.js";
import type { RunState } from "./state.js";
import type { Failure, Readable } from "./stream.js";
import { EventQueue } from "./stream.js";
import { RunView, Snapshots } from "./view.js";

/** What to run. */
export interface RunPlan {
  readonly agent: Agent<unknown>;
  readonly options: RunOptions;
  /** A new run, a state to go on with, or a state's text to check and load. */
  readonly start:
    | { readonly input: string | readonly object[] }
    | { readonly state: RunState }
    | { readonly load: string };
  /** Keeps the events for a reader. */
  readonly stream: boolean;
}

/** One run as the page sees it: sends it to the engine, keeps what comes back, answers the engine's calls. */
export class Run implements RunListener, Readable {
  readonly queue: EventQueue = new EventQueue(() => this.#passTurn());
  /** Settles once the engine has let go of the run. */
  readonly completed: Promise<void>;
  /** The latest that is known; undefined before the first turn of a new run has ended. */
  view: RunView | undefined;
  /** What the run failed with. */
  failure: Failure | undefined;

  readonly #utf8 = new TextDecoder();
  readonly #snapshots = new Snapshots();
  readonly #thrown = new Thrown();
  readonly #plan: RunPlan;
  readonly #result: RunResult | undefined;
  readonly #calls: Map<number, AbortController> = new Map();
  readonly #onabort = (): void => this.#stop({ error: this.#plan.options.signal?.reason });
  #settle: (failure: Failure | undefined) => void = () => {};
  #scope: RunScope | undefined;
  #agent: Agent<unknown> | undefined;
  #engine: Engine | undefined;
  #number = 0;
  /** The TURN call that waits for the reader. */
  #turn: number | undefined;
  #reading = false;
  #afterTurn = false;
  /** How a run that the page has stopped ends, whatever the engine says of its end. */
  #stopped: { readonly failure?: Failure } | undefined;
  #owned: RunState | undefined;
  #over = false;

  /** Starts the run. Never throws: whatever fails is how the run ends. `result` becomes the `runData` of its error. */
  constructor(plan: RunPlan, source: EngineSource, result?: RunResult) {
    this.#plan = plan;
    this.#result = result;
    this.completed = new Promise((resolve, reject) => {
      this.#settle = (failure) => (failure ? reject(failure.error) : resolve());
    });
    this.completed.catch(() => {}); // who does not ask for the end is not told of it
    void this.#start(source);
  }

  /** The agent at work. */
  get lastAgent(): Agent<unknown> {
    const settled = this.#over ? this.view?.lastAgent : undefined;
    return settled ?? this.#agent ?? this.view?.lastAgent ?? this.#plan.agent;
  }

  get finalOutput(): unknown {
    const output = this.view?.snapshot.finalOutput;
    return this.#scope ? this.#scope.output(this.lastAgent, output) : output;
  }

  read(): ReturnType<Readable["read"]> {
    this.#reading = true;
    const { signal } = this.#plan.options;
    // Looked at here, so that no signal keeps a run alive that nobody reads.
    if (this.#over && signal?.aborted) this.queue.drop({ error: signal.reason });
    return this.queue.next();
  }

  async leave(preventCancel: boolean): Promise<void> {
    this.#reading = false;
    if (preventCancel) {
      this.queue.dismiss();
      this.#passTurn();
      return;
    }
    this.cancel("immediate");
    await this.completed.catch(() => {});
    this.queue.abandon();
  }

  /** Stops the run. It ends quietly. */
  cancel(mode: "immediate" | "after_turn"): void {
    if (mode === "immediate") return this.#stop();
    if (mode !== "after_turn") throw new UserError(`cancel() has no mode "${mode}": it is "immediate" or "after_turn".`);
    this.#afterTurn = true;
    this.#post({ type: "cancel", run: this.#number, mode });
  }

  receive(message: Parameters<RunListener["receive"]>[0]): void {
    switch (message.type) {
      case "events":
        return this.#takeEvents(message.batch);
      case "snapshot":
        return this.#see(message.snapshot);
      case "call":
        return this.#takeCall(message);
      case "end":
        return "call" in message ? this.#endCall(message.call) : this.#end(message);
    }
  }

  fail(error: AgentsError): void {
    this.#finish({ error });
  }

  async #start(source: EngineSource): Promise<void> {
    const { start } = this.#plan;
    const { signal } = this.#plan.options;
    try {
      if ("state" in start) {
        this.view = start.state.lend();
        this.#owned = start.state;
      }
      if (signal && !signal.addEventListener) throw new UserError("signal is no AbortSignal; of an AbortController, pass its signal.");
      if (signal?.aborted) return this.#onabort();
      signal?.addEventListener("abort", this.#onabort);
      const spec = this.#written();
      // The engine at once: a page that disposes of it in this very moment means this run, too.
      const [engine, sessionId] = await Promise.all([source.engine().catch(ownError), this.#sessionId()]);
      if (this.#over) return;
      this.#engine = engine;
      this.#number = engine.run(spec, this, sessionId);
      if (this.#afterTurn) this.cancel("after_turn");
    } catch (error) {
      this.#finish({ error });
    }
  }

  #written(): string {
    try {
      return JSON.stringify(this.#spec(), refuseNaN);
    } catch (cause) {
      throw cause instanceof AgentsError ? cause : new UserError(`What the run was given is not what one takes: ${String(cause)}`, { cause });
    }
  }

  /** Reads everything that the user gave, so that later changes to it do not matter. */
  #spec(): RunSpec {
    const { agent, start, options } = this.#plan;
    const found = reachableAgents(agent);
    const scope = new RunScope(found, options.context, () => this.view, this.#thrown);
    this.#scope = scope;
    const agents = found.map((one) => agentSpec(one, scope));
    if ("load" in start) return { agents, input: { state: start.load }, load: true };

    const needed = typeof options.model !== "object" && found.some((one) => !one.inEngine && typeof one.model !== "object");
    const provider = providerSpec(scope.functions, needed);
    const rest = { ...(provider && { provider }), options: optionsSpec(options, scope) };
    if ("state" in start) {
      return { agents, input: { state: start.state.toString() }, ...rest };
    }
    const input = typeof start.input === "string" ? { text: start.input } : { items: start.input as readonly Json[] };
    return { agents, input, ...rest };
  }

  async #sessionId(): Promise<string | undefined> {
    const { session } = this.#plan.options;
    if (!session?.getSessionId) return undefined;
    try {
      const id: unknown = await session.getSessionId();
      if (typeof id !== "string") throw new TypeError("it gave no string");
      return id;
    } catch (thrown) {
      const cause = errorFromData(errorToData(thrown)); // which can be read, whatever was thrown
      throw new UserError(`getSessionId of the session failed: ${cause.message}`, { cause });
    }
  }

  #takeEvents(batch: ArrayBuffer): void {
    const scope = this.#scope;
    if (this.#stopped || !scope) return;
    let events;
    try {
      events = reviveEvents(JSON.parse(this.#utf8.decode(batch)) as unknown[], scope.names);
    } catch (cause) {
      const error = new ModelBehaviorError("The model's server sent an event that is not JSON.", { cause });
      return this.#stop({ error }, { keepEvents: true });
    }
    for (const event of events as (RunStreamEvent | EventData)[]) {
      if (event.type === "identities") {
        scope.names = new AgentNames(scope.names.agents, event.identities);
        return;
      }
      if ("newAgent" in event) this.#agent = event.newAgent;
    }
    if (this.#plan.stream) this.queue.push(events);
  }

  #takeCall({ call, fn, args }: Extract<FromEngine, { readonly type: "call" }>): void {
    const lasting = this.#scope?.functions.isLasting(fn);
    // Once the run was stopped nothing starts any more, and the engine gives the call up by itself.
    if (this.#stopped && !lasting) return;
    if (fn === TURN) {
      this.#turn = call;
      this.#passTurn();
      return;
    }
    const controller = new AbortController();
    if (!lasting) this.#calls.set(call, controller);
    void this.#answer(call, fn, args, controller.signal);
  }

  async #answer(call: number, fn: number, args: string, signal: AbortSignal): Promise<void> {
    let reply: ToEngine;
    try {
      const run = this.#scope?.functions.get(fn);
      if (!run) throw new AgentsError(`The page has no function ${fn}.`);
      const value = await run(JSON.parse(args) as Json[], signal);
      reply = { type: "reply", call, value: JSON.stringify(value, bigIntAsText) ?? '""' };
    } catch (error) {
      reply = { type: "reply", call, error: this.#thrown.add(error) };
    }
    if (this.#calls.delete(call) || this.#scope?.functions.isLasting(fn)) this.#post(reply);
  }

  #endCall(call: number): void {
    if (call === this.#turn) this.#turn = undefined;
    this.#calls.get(call)?.abort(new DOMException("Nobody waits for this call.", "AbortError"));
  }

  #end({ snapshot, error }: { readonly snapshot?: ArrayBuffer; readonly error?: Parameters<typeof errorFromData>[0] }): void {
    if (snapshot !== undefined) this.#see(snapshot);
    this.#finish(error && { error: this.#thrown.error(error) });
  }

  #see(snapshot: ArrayBuffer): void {
    if (this.#scope) this.view = new RunView(this.#snapshots.add(snapshot), this.#snapshots.texts, this.#scope.names);
    if (this.view) this.#owned?.follow(this.view);
  }

  /** Lets the next turn begin, unless a reader still has events of this one before it. */
  #passTurn(): void {
    if (this.#turn === undefined || (this.#reading && !this.queue.hungry)) return;
    this.#post({ type: "reply", call: this.#turn, value: "null" });
    this.#turn = undefined;
  }

  /** Stops at once; the run ends with `failure`, or quietly without. */
  #stop(failure?: Failure, { keepEvents = false }: { readonly keepEvents?: boolean } = {}): void {
    if (this.#over) return this.queue.drop(failure);
    if (this.#stopped) return;
    this.#stopped = failure ? { failure } : {};
    if (!keepEvents) this.queue.clear();
    const calls = [...this.#calls.keys()];
    this.#abortCalls(failure?.error);
    if (this.#engine) this.#post({ type: "cancel", run: this.#number, mode: "immediate", calls });
    else this.#finish();
  }

  #abortCalls(reason: unknown = new DOMException("The run was stopped.", "AbortError")): void {
    for (const call of [...this.#calls.keys()]) {
      this.#calls.get(call)?.abort(reason);
      this.#calls.delete(call);
    }
  }

  #post(message: ToEngine): void {
    if (!this.#over) this.#engine?.post(message);
  }

  #finish(failure?: Failure): void {
    if (this.#over) return;
    this.#over = true;
    this.failure = this.#stopped ? this.#stopped.failure : failure;
    this.#plan.options.signal?.removeEventListener?.("abort", this.#onabort); // whatever was given as one
    this.#abortCalls();
    this.#scope?.end();
    this.#owned?.release();
    const error = this.failure?.error;
    if (error instanceof AgentsError && !error.runData && Object.isExtensible(error)) {
      Object.defineProperty(error, "runData", { value: this.#result, enumerable: false });
    }
    this.queue.end(this.failure);
    this.#settle(this.failure);
  }
}

/** Runs that wait for the same engine each get an error of their own, for the run's data that it holds. */
function ownError(cause: unknown): never {
  if (cause instanceof EngineStartError) throw new EngineStartError(cause.message, { cause });
  if (cause instanceof EngineDisposedError) throw new EngineDisposedError(cause.message, { cause });
  throw cause;
}
