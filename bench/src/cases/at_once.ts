import { expect, model, rounds, type Bench, type Case } from "../case.js";
import { busy } from "../browser.js";
import { contenders } from "../contenders.js";
import type { Row } from "../table.js";

const DELTAS = 1000;
const counts = [1, 10, 50] as const;

export const atOnce: Case = {
  id: "at-once",
  title: "Runs at once on one page, 1,000 deltas each",

  async run(bench: Bench) {
    const { chromium, samples } = bench;
    await rounds(bench, bench.reps, () =>
      chromium.each(contenders, async (page, { id }) => {
        for (let i = 0; i < 3; i++) await page.evaluate((url) => window.bench.stream(url), model("deltas-5000"));
        for (const runs of counts) {
          const url = model(`deltas-${DELTAS}`);
          const measured = await busy(page, () => page.evaluate((url, runs) => window.bench.atOnce(url, runs), url, runs));
          expect(measured.result.deltas, runs * DELTAS, "deltas");
          samples.add(`at once ${runs}`, id, measured.result.took);
          samples.add(`at once ${runs} longest`, id, measured.result.longest);
        }
      }),
    );
    const rows = counts.flatMap((runs): Row[] => [
      { label: `${runs} ${runs === 1 ? "run" : "runs"}`, measure: `at once ${runs}`, unit: "ms" },
      { label: "longest task (0: none of 50 ms)", measure: `at once ${runs} longest`, unit: "ms", ratio: false },
    ]);
    return [{ rows, notes: ["Over HTTP/1.1, so that six of them have a connection at a time, whoever asks."] }];
  },
};
