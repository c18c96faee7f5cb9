/** What was measured over several repetitions. */
export interface Figure {
  readonly median: number;
  /** The quartiles: half of the repetitions lie between them. */
  readonly low: number;
  readonly high: number;
  readonly count: number;
}

export function figure(samples: readonly number[]): Figure {
  const sorted = [...samples].sort((a, b) => a - b);
  return { median: quantile(sorted, 0.5), low: quantile(sorted, 0.25), high: quantile(sorted, 0.75), count: sorted.length };
}

export function quantile(sorted: readonly number[], q: number): number {
  const at = (sorted.length - 1) * q;
  const below = sorted[Math.floor(at)] ?? NaN;
  const above = sorted[Math.ceil(at)] ?? NaN;
  return below + (above - below) * (at - Math.floor(at));
}

/** Samples under the name of what they measure and of whom. */
export class Samples {
  readonly #samples: Map<string, number[]> = new Map();

  add(measure: string, contender: string, ...values: number[]): void {
    const key = keyOf(measure, contender);
    this.#samples.set(key, [...(this.#samples.get(key) ?? []), ...values]);
  }

  figure(measure: string, contender: string): Figure | undefined {
    const samples = this.#samples.get(keyOf(measure, contender));
    return samples && figure(samples);
  }

  merge(other: Samples): void {
    for (const [key, values] of other.#samples) this.#samples.set(key, values);
  }
}

function keyOf(measure: string, contender: string): string {
  return `${measure} ${contender}`;
}
