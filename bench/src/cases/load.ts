import { model, rounds, type Bench, type Case } from "../case.js";
import { contenders, type ContenderId } from "../contenders.js";
import type { Samples } from "../stats.js";
import { amount, type Table } from "../table.js";

/** More pages of runstream, to see what each thing brings. */
const variants = [
  { id: "worker preload", title: "worker, files named in the page's head", page: "runstream-preload.html?engine=worker" },
  { id: "worker bytes", title: "worker, compiled from bytes, once all are there", page: "runstream.html?engine=worker&bytes" },
  { id: "worker kept", title: "worker, after long visits: the browser has kept code", page: "runstream.html?engine=worker&kept", long: true },
  { id: "page preload", title: "page, files named in the page's head", page: "runstream-preload.html?engine=page" },
] as const;

const conditions = [
  { id: "cold", title: "cold cache", cold: true, shaped: false },
  { id: "warm", title: "warm cache", cold: false, shaped: false },
  { id: "slow", title: "10 Mbit/s, 40 ms, cold cache", cold: true, shaped: true },
] as const;

const first = encodeURIComponent("/model/load/deltas-20");
/** What a page of an earlier day did: it lets the browser decide what compiled code to keep. */
const earlier = encodeURIComponent("/model/load/deltas-20000");
const VISITS = 3;
/** Runs of 50 turns in a long visit: Chromium keeps WebAssembly once it has made 1 MB of optimised code in a visit. */
const LONG = 6;

export const load: Case = {
  id: "load",
  title: "Page load to the first delta",

  async run(bench: Bench): Promise<readonly Table[]> {
    const { chromium, samples } = bench;
    const pages: readonly { readonly id: ContenderId | (typeof variants)[number]["id"]; readonly page: string; readonly long?: boolean }[] = [
      ...contenders,
      ...variants,
    ];
    for (const { page, long } of pages) {
      bench.progress(`earlier visits of ${page}`);
      for (let i = 0; i < VISITS; i++) {
        await chromium.visit(`${page}&first=${earlier}`, async (visited) => {
          for (let run = 0; long && run < LONG; run++) await visited.evaluate((url) => window.bench.tools(url, 50), model("tools-50-1"));
        });
      }
    }
    await rounds(bench, bench.reps, async () => {
      for (const condition of conditions) {
        for (const { id, page } of pages) {
          samples.add(`load ${condition.id}`, id, await chromium.firstDelta(`${page}&first=${first}`, condition));
        }
      }
    });
    return [
      {
        rows: conditions.map(({ id, title }) => ({ label: title, measure: `load ${id}`, unit: "ms" })),
        notes: [
          `Warm: after ${VISITS} visits of 20,000 deltas each. Chromium keeps a page's WebAssembly compiled only when it has made 1 MB of ` +
            `optimised code in one visit, which takes some 200 turns here; before that it compiles each function anew when it is first called.`,
        ],
      },
      { rows: [], caption: "The same for other pages of runstream:", markdown: variantTable(samples) },
    ];
  },
};

function variantTable(samples: Samples): string {
  const lines = [`| | ${conditions.map(({ title }) => title).join(" | ")} |`, "|---|---|---|---|"];
  for (const { id, title } of [...contenders.filter(({ id }) => id === "worker" || id === "page"), ...variants]) {
    const cells = conditions.map((condition) => {
      const figure = samples.figure(`load ${condition.id}`, id);
      return figure ? `**${amount(figure.median)}** ms (${amount(figure.low)}–${amount(figure.high)})` : "–";
    });
    lines.push(`| ${title} | ${cells.join(" | ")} |`);
  }
  return lines.join("\n");
}
