import type { ModelSettings } from "./agent.js";

export interface RunOptions {
  /** Stops the run when it fires: its iterator and `completed` reject with `signal.reason`. */
  readonly signal?: AbortSignal | undefined;
  /** Model calls that the run may make; null is no limit. A resumed run keeps the limit it began with.
   * @defaultValue 10 */
  readonly maxTurns?: number | null | undefined;
  /** The model of every agent of the run. */
  readonly model?: string | undefined;
  /** Laid over the settings of every agent. */
  readonly modelSettings?: ModelSettings | undefined;
}

export const DEFAULT_MAX_TURNS = 10;
