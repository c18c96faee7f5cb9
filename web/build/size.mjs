// Prints what a page downloads and fails when it is over budget. MB is 1,000,000 bytes.
import { readFileSync } from "node:fs";
import { brotliCompressSync, constants, gzipSync } from "node:zlib";

const dist = new URL("../dist/", import.meta.url);
const budgets = [
  { files: ["runstream.wasm"], raw: 5e6, brotli: 1.2e6 },
  { files: ["index.js"], brotli: 15e3 },
  { files: ["index.js", "worker.js"], when: "with the engine in a worker" },
  { files: ["index.js", "host.js"], when: "with the engine on the page" },
  { files: ["indexeddb.js"], when: "for sessions in IndexedDB" },
];

const brotli = (bytes) =>
  brotliCompressSync(bytes, {
    params: {
      [constants.BROTLI_PARAM_QUALITY]: 11,
      [constants.BROTLI_PARAM_LGWIN]: constants.BROTLI_MAX_WINDOW_BITS,
      [constants.BROTLI_PARAM_SIZE_HINT]: bytes.length,
    },
  }).length;
const text = (bytes) => (bytes >= 1e5 ? `${(bytes / 1e6).toFixed(3)} MB` : `${(bytes / 1e3).toFixed(1)} kB`);

const measured = new Map();
function size(file) {
  if (!measured.has(file)) {
    const bytes = readFileSync(new URL(file, dist));
    measured.set(file, { raw: bytes.length, gzip: gzipSync(bytes, { level: 9 }).length, brotli: brotli(bytes) });
  }
  return measured.get(file);
}

let failed = false;
for (const { files, when, ...allowed } of budgets) {
  const parts = ["raw", "gzip", "brotli"].map((kind) => {
    const n = files.reduce((sum, file) => sum + size(file)[kind], 0);
    const over = n > (allowed[kind] ?? Infinity);
    failed ||= over;
    return `${text(n)} ${kind}` + (kind in allowed ? ` (${over ? "OVER the" : "of"} ${text(allowed[kind])} allowed)` : "");
  });
  console.log(`${files.join(" + ")}${when ? `, ${when}` : ""}: ${parts.join(", ")}`);
}
process.exit(failed ? 1 : 0);
