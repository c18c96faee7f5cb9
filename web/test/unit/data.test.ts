// The tool that writes an engine's data section anew. The build itself compares the memory of what it ships.
import assert from "node:assert/strict";
import { execFileSync, spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { fileURLToPath } from "node:url";

const web = fileURLToPath(new URL("../../..", import.meta.url)); // from web/dist/test/unit, where this file runs
const folder = mkdtempSync(join(tmpdir(), "runstream-data-"));
after(() => rmSync(folder, { recursive: true }));

/** A module as Go's linker writes it: its data without the zeros in between. */
function assemble(name: string, data: readonly (readonly [address: number, bytes: readonly number[]])[]): string {
  const segments = data.map(([address, bytes]) => `(data (i32.const ${address}) "${bytes.map((byte) => `\\${byte.toString(16).padStart(2, "0")}`).join("")}")`);
  const text = `(module
    (import "gojs" "write" (func $write (param i32)))
    (memory (export "mem") 2)
    (table 1 funcref) (elem (i32.const 0) $first)
    (func $first (export "first") (param i32) (result i32) (i32.load (local.get 0)))
    ${segments.join("\n")})`;
  const [source, module] = [join(folder, `${name}.wat`), join(folder, `${name}.wasm`)];
  writeFileSync(source, text);
  execFileSync(process.execPath, [join(web, "node_modules/binaryen/bin/wasm-as"), source, "-o", module]);
  return module;
}

/** Addresses of functions as the runtime finds them: 16 entries of 20 bytes for each. */
function table(at: number, functions: number): [number, number[]][] {
  return Array.from({ length: functions * 16 }, (_, i) => [at + i * 20, [(i >> 4) & 0xff, i >> 12]]);
}

const pack = (from: string, to: string) => spawnSync(process.execPath, [join(web, "build/data.mjs"), from, to], { encoding: "utf8" });

test("the memory is the same, and the table's bytes are gone from the file", () => {
  const from = assemble("whole", [[1001, [7, 8]], [1020, [9]], ...table(2048, 300), [100_000, [5]]]);
  const to = join(folder, "packed.wasm");
  const { status, stderr } = pack(from, to);
  assert.equal(status, 0, stderr);
  assert.ok(readFileSync(from).length > 40_000 && readFileSync(to).length < 300);

  const { exports } = new WebAssembly.Instance(new WebAssembly.Module(readFileSync(to)), { gojs: { write() {} } });
  const first = exports.first as (address: number) => number;
  assert.deepEqual([1001, 1020, 2048 + 20 * 16 * 299, 100_000].map(first), [7 + 8 * 256, 9, 299, 5]);
});

test("what has no such table is refused, and nothing is written", () => {
  const to = join(folder, "refused.wasm");
  const { status, stderr } = pack(assemble("bare", [[1001, [7, 8]]]), to);
  assert.equal(status, 1);
  assert.match(stderr, /bare\.wasm: the linker's table of addresses/);
  assert.equal(existsSync(to), false);
});
