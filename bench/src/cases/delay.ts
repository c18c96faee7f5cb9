import { expect, model, rounds, type Bench, type Case } from "../case.js";
import { contenders } from "../contenders.js";
import { quantile } from "../stats.js";

const DELTAS = 200;

export const delay: Case = {
  id: "delay",
  title: "From the server's write to the page, one delta each 10 ms",

  async run(bench: Bench) {
    const { chromium, samples, server } = bench;
    await rounds(bench, bench.reps, () =>
      chromium.each(contenders, async (page, { id }) => {
        await page.evaluate((url) => window.bench.stream(url), model("deltas-2000")); // no first run
        const run = model(`paced-${DELTAS}-10`);
        const arrived = await page.evaluate((url) => window.bench.arrivals(url), run);
        const answer = await fetch(`${server.url}/sent/${run.split("/")[2]}`);
        const sent = (await answer.json()) as number[];
        expect(arrived.length, DELTAS, "arrivals");
        const delays = arrived.map((time, i) => time - (sent[i] ?? NaN));
        const sorted = delays.toSorted((a, b) => a - b);
        samples.add("delay first", id, delays[0] ?? NaN);
        samples.add("delay median", id, quantile(sorted, 0.5));
        samples.add("delay p99", id, quantile(sorted, 0.99));
      }),
    );
    return [
      {
        rows: [
          { label: "first delta", measure: "delay first", unit: "ms" },
          { label: "every delta: median", measure: "delay median", unit: "ms" },
          { label: "every delta: 99th of 100", measure: "delay p99", unit: "ms" },
        ],
        notes: ["The clocks of server and page are compared before each run; their difference is known to some tenths of a millisecond."],
      },
    ];
  },
};
