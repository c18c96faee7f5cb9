import { expect, kinds, model, rounds, runsOfPage, type Bench, type Case } from "../case.js";
import { contenders } from "../contenders.js";

const shapes = [
  { id: "turns", title: "50 turns, one JavaScript tool call each", turns: 50, calls: 1 },
  { id: "parallel", title: "1 turn with 50 parallel calls", turns: 1, calls: 50 },
] as const;

export const turns: Case = {
  id: "turns",
  title: "Turns with tools",

  async run(bench: Bench) {
    const { chromium, samples } = bench;
    await rounds(bench, bench.reps, async () => {
      for (const shape of shapes) {
        await chromium.each(contenders, (page, { id }) =>
          runsOfPage(async (kind) => {
            const url = model(`tools-${shape.turns}-${shape.calls}`);
            const got = await page.evaluate((url, turns) => window.bench.tools(url, turns), url, shape.turns);
            expect(got.executions, 50, "executions");
            expect(got.text, "All is looked up.", "the final text");
            if (kind) samples.add(`${shape.id} ${kind}`, id, got.took);
          }),
        );
      }
    });
    return kinds.map((kind) => ({
      caption: kind.caption,
      rows: shapes.map(({ id, title }) => ({ label: title, measure: `${id} ${kind.id}`, unit: "ms" as const })),
      ...(kind.id === "cold" && {
        notes: ["The plain loop sends the same requests and calls the same function, with no agent, schema or state."],
      }),
    }));
  },
};
