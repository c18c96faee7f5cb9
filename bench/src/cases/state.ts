import { model, rounds, type Bench, type Case } from "../case.js";
import { only } from "../contenders.js";
import type { Row } from "../table.js";

const CALLS = 5; // a call and its output are two items, so a turn makes ten
const sizes = [10, 100, 1000] as const;
const REPETITIONS = 5;

const absent = { ai: "no state: the page keeps messages", plain: "no state" };

export const state: Case = {
  id: "state",
  title: "Saving and restoring a paused run",

  async run(bench: Bench) {
    const { chromium, samples } = bench;
    await rounds(bench, bench.reps, () =>
      chromium.each(only("worker", "page", "agents"), async (page, { id }) => {
        for (const items of sizes) {
          const turns = items / (2 * CALLS);
          const times = await page.evaluate(
            (url, turns, repetitions) => window.bench.state(url, turns, repetitions),
            model(`gated-${turns}-${CALLS}`), turns, REPETITIONS,
          );
          if (!times) throw new Error("no state");
          samples.add(`save ${items}`, id, ...times.save);
          samples.add(`restore ${items}`, id, ...times.restore);
          samples.add(`state ${items}`, id, times.bytes / 1000);
        }
      }),
    );
    const rows = sizes.flatMap((items): Row[] => [
      { label: `${items} items: save`, measure: `save ${items}`, unit: "ms", absent },
      { label: `${items} items: restore`, measure: `restore ${items}`, unit: "ms", absent },
      { label: `${items} items: size`, measure: `state ${items}`, unit: "kB", absent },
    ]);
    return [{ rows, notes: ["`toState().toString()` and `RunState.fromString`; saving is done on the page, restoring in the engine."] }];
  },
};
