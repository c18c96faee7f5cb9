import type { Agent, OutputOf } from "./agent.js";
import type { EngineSource } from "./init.js";
import { sharedEngine } from "./init.js";
import type { RunOptions } from "./options.js";
import { RunResult, RunResultStreaming } from "./result.js";
import type { RunPlan } from "./run.js";
import { RunState } from "./state.js";
import { whole } from "./whole.js";

/** A user's message, items of the Responses API, or a state to go on with. */
export type RunInput = string | readonly object[] | RunState;

/** Runs agents with options of its own, which the options of a run override. */
export class Runner {
  readonly #defaults: RunOptions;
  readonly #source: EngineSource;

  /** @internal */
  constructor(defaults: Omit<RunOptions, "signal">, source: EngineSource);
  constructor(defaults?: Omit<RunOptions, "signal">);
  constructor(defaults: Omit<RunOptions, "signal"> = {}, source: EngineSource = sharedEngine) {
    this.#defaults = defaults;
    this.#source = source;
  }

  /** Starts a run and gives its result at once. Never throws: a mistake in the arguments, too, is thrown by the result's
   * iterator and rejects its `completed`. */
  runStreamed<Type>(agent: Agent<Type>, input: RunInput, options: RunOptions = {}): RunResultStreaming<OutputOf<Type>> {
    return new RunResultStreaming<OutputOf<Type>>(this.#plan(agent, input, options, true), this.#source);
  }

  /** Runs to the end, a pause included. Rejects with the run's error, whose `runData` is the result so far. */
  async run<Type>(agent: Agent<Type>, input: RunInput, options: RunOptions = {}): Promise<RunResult<OutputOf<Type>>> {
    return RunResult.completed<OutputOf<Type>>(this.#plan(agent, input, options, false), this.#source);
  }

  #plan(agent: Agent<unknown>, input: RunInput, options: RunOptions, stream: boolean): RunPlan {
    const merged = over(this.#defaults, options);
    merged.modelSettings = over({ ...this.#defaults.modelSettings }, merged.modelSettings);
    return { agent, start: input instanceof RunState ? { state: input } : { input }, options: merged, stream };
  }
}

/** Lays options over others; what is undefined, or none at all, leaves them as they are. */
function over<Options extends object>(defaults: Options, options: Options | null | undefined): { -readonly [Key in keyof Options]: Options[Key] } {
  return { ...whole(defaults), ...(Object.fromEntries(Object.entries(whole(options)).filter(([, value]) => value !== undefined)) as Options) };
}

/** Starts a run whose events can be read: see {@link Runner.runStreamed}. */
export function runStreamed<Type>(
  agent: Agent<Type>,
  input: RunInput,
  options?: RunOptions,
): RunResultStreaming<OutputOf<Type>> {
  return new Runner().runStreamed(agent, input, options);
}

/** Runs to the end, a pause included: see {@link Runner.run}. */
export function run<Type>(agent: Agent<Type>, input: RunInput, options?: RunOptions): Promise<RunResult<OutputOf<Type>>> {
  return new Runner().run(agent, input, options);
}
