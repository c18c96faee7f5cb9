import { execFileSync } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import { cpus, release, totalmem, type as system } from "node:os";

import { budgetTable } from "./budgets.js";
import type { Samples } from "./stats.js";

export interface Section {
  readonly title: string;
  readonly text: string;
}

interface Measured {
  readonly root: string;
  readonly reps: number;
  readonly browser: string;
  readonly samples: Samples;
  readonly sections: readonly Section[];
  /** All cases were run. */
  readonly whole: boolean;
}

/** Prints the budgets and, of a whole measurement, writes docs/benchmarks.md. */
export function writeReport({ root, reps, browser, samples, sections, whole }: Measured): void {
  const table = budgetTable(samples);
  console.log(`${table}\n`);
  if (!whole) return console.log("docs/benchmarks.md is written by a measurement without ONLY");
  const notes = readFileSync(`${root}bench/notes.md`, "utf8");
  const text = `# Benchmarks

\`make bench\` wrote this on ${new Date().toISOString().slice(0, 10)}. It compares runstream, with its engine in a worker and on the page, with
[@openai/agents](https://www.npmjs.com/package/@openai/agents), with \`streamText\` of [ai](https://www.npmjs.com/package/ai) in the page, and with
a plain loop of \`fetch\`, \`split\` and \`JSON.parse\`. All run in one Chromium against one server that sends them the same bytes, one
after the other, ${reps} times over. A cell is the median, with the quartiles behind it; times depend on the machine, ratios much less.

${versions(root, browser)}

## Budgets

${table}

${sections.map((section) => `## ${section.title}\n\n${section.text}`).join("\n")}
${notes}`;
  writeFileSync(`${root}docs/benchmarks.md`, text);
  console.log("docs/benchmarks.md is written");
}

function versions(root: string, browser: string): string {
  const { packages } = JSON.parse(readFileSync(`${root}bench/package-lock.json`, "utf8")) as {
    packages: { [path: string]: { version?: string } };
  };
  const npm = ["@openai/agents", "ai", "@ai-sdk/openai"].map((name) => `${name} ${packages[`node_modules/${name}`]?.version ?? "?"}`);
  const go = execFileSync("go", ["env", "GOVERSION"], { cwd: root, encoding: "utf8" }).trim().replace("go", "Go ");
  const cores = cpus();
  const machine = `${cores.length} cores (${cores[0]?.model.trim() || "unknown"}), ${Math.round(totalmem() / 2 ** 30)} GiB, ${system()} ${release().split("-")[0]}`;
  return [`- machine: ${machine}`, `- ${browser}, ${go}, Node ${process.versions.node}`, `- ${npm.join(", ")}`].join("\n");
}
