import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";

import type { Bench, Case } from "../case.js";
import { sizesOf } from "../pages.js";
import { amount } from "../table.js";

const SHOWN = 16;

export const size: Case = {
  id: "size",
  title: "Bytes",

  async run({ root, samples, progress }: Bench) {
    const dist = `${root}web/dist/`;
    const pages = `${root}bench/dist/pages/`;
    const files = [
      { id: "wasm", title: "runstream.wasm", path: `${dist}runstream.wasm` },
      { id: "index", title: "runstream: index.js", path: `${dist}index.js` },
      { id: "workerjs", title: "runstream: worker.js", path: `${dist}worker.js` },
      { id: "agents", title: "@openai/agents, bundled and minified with this benchmark's page", path: `${pages}agents.js` },
      { id: "ai", title: "ai and @ai-sdk/openai, likewise", path: `${pages}ai.js` },
      { id: "plain", title: "plain loop, likewise", path: `${pages}plain.js` },
    ];
    progress("compressing");
    const measured = files.map((file) => ({ ...file, ...sizesOf(readFileSync(file.path)) }));
    for (const { id, raw, brotli } of measured) {
      samples.add("size raw", id, raw);
      samples.add("size brotli", id, brotli);
    }
    const lines = [
      "| | raw | gzip 9 | brotli 11 |",
      "|---|---|---|---|",
      ...measured.map(({ title, raw, gzip, brotli }) => `| ${title} | ${kB(raw)} | ${kB(gzip)} | **${kB(brotli)}** |`),
    ];
    progress("building the engine with names");
    return [
      { rows: [], markdown: lines.join("\n") },
      {
        rows: [],
        caption: "What each Go package adds to `runstream.wasm`: the code of its functions.",
        markdown: packageTable(root),
        notes: [
          "This is the engine as Go builds it. `data` is what the linker writes for all of them: texts, types, and the tables by which the runtime " +
            `finds its way in the code. In what is delivered, \`wasm-opt\` and \`web/build/data.mjs\` have made ${delivered(root)}.`,
        ],
      },
    ];
  },
};

function go(root: string, environment: Record<string, string>, ...args: string[]): string {
  return execFileSync("go", args, { cwd: root, env: { ...process.env, ...environment }, encoding: "utf8", maxBuffer: 1 << 28 });
}

interface Report {
  readonly sections: { readonly [name: string]: number };
  readonly packages: { readonly [name: string]: number };
}

/** What a file of WebAssembly consists of. */
function report(root: string, file: string): Report {
  return JSON.parse(go(root, {}, "run", "./bench/sizes", file)) as Report;
}

function delivered(root: string): string {
  const { code = 0, data = 0 } = report(root, `${root}web/dist/runstream.wasm`).sections;
  return `${kB(code)} of the code and ${kB(data)} of the data`;
}

function packageTable(root: string): string {
  const js = { GOOS: "js", GOARCH: "wasm" };
  const named = `${root}bench/dist/named.wasm`;
  go(root, js, "build", "-trimpath", "-o", named, "./wasm");
  const { packages, sections } = report(root, named);
  const paths = new Map(go(root, js, "list", "-deps", "./wasm").trim().split("\n").map((path) => [path.replaceAll("/", "_"), path]));
  const sorted = Object.entries(packages).sort(([, a], [, b]) => b - a);
  const rest = sorted.slice(SHOWN).reduce((sum, [, bytes]) => sum + bytes, 0);
  return [
    "| package | code |",
    "|---|---|",
    ...sorted.slice(0, SHOWN).map(([name, bytes]) => `| ${paths.get(name) ?? name} | ${kB(bytes)} |`),
    `| ${sorted.length - SHOWN} more | ${kB(rest)} |`,
    ...Object.entries(sections).map(([name, bytes]) => `| *section: ${name}* | ${kB(bytes)} |`),
  ].join("\n");
}

function kB(bytes: number): string {
  return `${amount(bytes / 1000)} kB`;
}
