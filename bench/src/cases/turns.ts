import { expect, model, rounds, type Bench, type Case } from "../case.js";
import { contenders } from "../contenders.js";

const shapes = [
  { id: "turns", title: "50 turns, one JavaScript tool call each", turns: 50, calls: 1 },
  { id: "parallel", title: "1 turn with 50 parallel calls", turns: 1, calls: 50 },
] as const;
const WARM_UP = 1;
const WARM = 3;

export const turns: Case = {
  id: "turns",
  title: "Turns with tools",

  async run(bench: Bench) {
    const { chromium, samples } = bench;
    await rounds(bench, bench.reps, () =>
      chromium.each(contenders, async (page, { id }) => {
        for (const shape of shapes) {
          for (let i = 0; i < WARM_UP + WARM; i++) {
            const url = model(`tools-${shape.turns}-${shape.calls}`);
            const got = await page.evaluate((url, turns) => window.bench.tools(url, turns), url, shape.turns);
            expect(got.executions, 50, "executions");
            expect(got.text, "All is looked up.", "the final text");
            if (i >= WARM_UP) samples.add(shape.id, id, got.took);
          }
        }
      }),
    );
    return [
      {
        rows: shapes.map(({ id, title }) => ({ label: title, measure: id, unit: "ms" })),
        notes: ["The second to fourth run of a page. The plain loop sends the same requests and calls the same function, with no agent, schema or state."],
      },
    ];
  },
};
