import { execFileSync } from "node:child_process";

import { amount } from "../table.js";
import type { Bench, Case } from "../case.js";
import { figure } from "../stats.js";

// name, iterations, then pairs of figure and unit
const LINE = /^Benchmark(\S+?)(?:-\d+)?\s+\d+\s+(.+)$/;

export const native: Case = {
  id: "native",
  title: "Natively, without a browser",

  async run({ root, reps, samples, progress }: Bench) {
    progress("go test -bench");
    const printed = execFileSync(
      "go",
      ["test", "-run", "^$", "-bench", "^Benchmark(Stream|Turns)$", "-count", String(reps), "-benchtime", "300ms", "./runner/openaimodel"],
      { cwd: root, encoding: "utf8", maxBuffer: 1 << 26 },
    );
    const found = new Map<string, Map<string, number[]>>();
    for (const line of printed.split("\n")) {
      const [, name, figures] = LINE.exec(line) ?? [];
      if (!name || !figures) continue;
      const fields = figures.trim().split(/\s+/);
      const units = found.get(name) ?? new Map<string, number[]>();
      for (let i = 0; i + 1 < fields.length; i += 2) {
        const unit = fields[i + 1] ?? "";
        units.set(unit, [...(units.get(unit) ?? []), Number(fields[i])]);
      }
      found.set(name, units);
    }
    if (found.size === 0) throw new Error(`no benchmark ran: ${printed}`);
    const units = ["events/s", "turns/s", "allocs/event"];
    const lines = [`| | ${units.join(" | ")} |`, `|---|${"---|".repeat(units.length)}`];
    for (const [name, figures] of found) {
      const cells = units.map((unit) => {
        const values = figures.get(unit);
        if (!values) return "–";
        samples.add(`native ${name}`, unit, ...values);
        const { median, low, high } = figure(values);
        return `**${amount(median)}** (${amount(low)}–${amount(high)})`;
      });
      lines.push(`| ${name} | ${cells.join(" | ")} |`);
    }
    return [{ rows: [], markdown: lines.join("\n"), notes: ["`go test -bench . ./runner/openaimodel`; HTTP without a network below it, so that only the programs are measured."] }];
  },
};
