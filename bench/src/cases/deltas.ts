import { expect, kinds, model, rounds, runsOfPage, type Bench, type Case } from "../case.js";
import { busy } from "../browser.js";
import { contenders } from "../contenders.js";

const DELTAS = 20_000;

export const deltas: Case = {
  id: "deltas",
  title: "20,000 text deltas in one response, every event's data read",

  async run(bench: Bench) {
    const { chromium, samples } = bench;
    await rounds(bench, bench.reps, () =>
      chromium.each(contenders, (page, { id }) =>
        runsOfPage(async (kind) => {
          const measured = await busy(page, () => page.evaluate((url) => window.bench.stream(url), model(`deltas-${DELTAS}`)));
          expect(measured.result.deltas, DELTAS, "deltas");
          if (!kind) return;
          samples.add(`deltas ${kind}`, id, measured.result.took);
          samples.add(`deltas ${kind} busy`, id, measured.busy);
          samples.add(`deltas ${kind} longest`, id, measured.result.longest);
          samples.add(`deltas ${kind} gap`, id, measured.result.gap);
          samples.add(`deltas ${kind} missed`, id, measured.result.missed);
        }),
      ),
    );
    return kinds.map(({ id, caption }) => ({
      caption,
      rows: [
        { label: "time", measure: `deltas ${id}`, unit: "ms" as const },
        { label: "main thread busy", measure: `deltas ${id} busy`, unit: "ms" as const },
        { label: "longest task (0: none of 50 ms)", measure: `deltas ${id} longest`, unit: "ms" as const, ratio: false },
        { label: "longest time between two frames", measure: `deltas ${id} gap`, unit: "ms" as const, ratio: false },
        { label: "frames missed", measure: `deltas ${id} missed`, unit: "" as const, ratio: false },
      ],
    }));
  },
};
