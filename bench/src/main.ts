// Measures what `make bench` measures and writes the report. REPS and ONLY are read from the environment.
import { fileURLToPath } from "node:url";

import { Chromium } from "./browser.js";
import type { Bench, Case } from "./case.js";
import { atOnce } from "./cases/at_once.js";
import { delay } from "./cases/delay.js";
import { deltas } from "./cases/deltas.js";
import { load } from "./cases/load.js";
import { memory } from "./cases/memory.js";
import { native } from "./cases/native.js";
import { size } from "./cases/size.js";
import { state } from "./cases/state.js";
import { turns } from "./cases/turns.js";
import { compressPages } from "./pages.js";
import { writeReport, type Section } from "./report.js";
import { startServer } from "./server.js";
import { Samples } from "./stats.js";
import { render } from "./table.js";

const cases: readonly Case[] = [deltas, delay, load, turns, state, atOnce, memory, size, native];

const root = fileURLToPath(new URL("../../", import.meta.url)); // from bench/dist
const reps = Number(process.env["REPS"] ?? 10);
const only = process.env["ONLY"]?.split(",").filter((id) => id !== "") ?? [];
const unknown = only.filter((id) => !cases.some((known) => known.id === id));
if (!Number.isInteger(reps) || reps < 1) throw new Error("REPS must be a whole number of repetitions");
if (unknown.length > 0) throw new Error(`ONLY must name some of ${cases.map(({ id }) => id).join(",")}, not ${unknown.join(",")}`);
const chosen = only.length > 0 ? cases.filter(({ id }) => only.includes(id)) : cases;

compressPages(`${root}bench/dist/pages/`);
const server = await startServer(`${root}bench/dist/server`, `${root}bench/dist/pages`);
const chromium = await Chromium.open(`${root}web/dist/browser/headless_shell`, server);
const samples = new Samples();
const sections: Section[] = [];
try {
  for (const each of chosen) {
    const began = Date.now();
    console.log(`${each.id}: ${each.title}`);
    const bench: Bench = { chromium, server, samples, reps, root, progress: (text) => console.log(`  ${text}`) };
    const tables = await each.run(bench);
    const text = tables.map((table) => render(table, samples)).join("\n");
    sections.push({ title: each.title, text });
    console.log(`\n${text}  took ${Math.round((Date.now() - began) / 1000)} s\n`);
  }
  writeReport({ root, reps, browser: chromium.version, samples, sections, whole: chosen.length === cases.length });
} finally {
  await chromium.close();
  await server.stop();
}
