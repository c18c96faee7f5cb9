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
function assemble(name: string, data: readonly (readonly [address: number, bytes: readonly number[]])[], more = ""): string {
  const segments = data.map(([address, bytes]) => `(data (i32.const ${address}) "${bytes.map((byte) => `\\${byte.toString(16).padStart(2, "0")}`).join("")}")`);
  const text = `(module
    (import "gojs" "write" (func $write (param i32)))
    (memory (export "mem") 2)
    (table 1 funcref) (elem (i32.const 0) $first)
    (func $first (param i32) (result i32) (i32.load (local.get 0)))
    ${segments.join("\n")} ${more})`;
  const [source, module] = [join(folder, `${name}.wat`), join(folder, `${name}.wasm`)];
  writeFileSync(source, text);
  execFileSync(process.execPath, [join(web, "node_modules/binaryen/bin/wasm-as"), "--enable-bulk-memory", source, "-o", module]);
  return module;
}

/** Addresses of functions as the runtime finds them: 16 entries of 20 bytes for each. */
function table(at: number, functions: number): [number, number[]][] {
  return Array.from({ length: functions * 16 }, (_, i) => [at + i * 20, [(i >> 4) & 0xff, i >> 12]]);
}

/** The memory of a module that has been started. */
function memoryOf(file: string): Buffer {
  const { exports } = new WebAssembly.Instance(new WebAssembly.Module(readFileSync(file)), { gojs: { write() {} } });
  return Buffer.from((exports.mem as WebAssembly.Memory).buffer);
}

const pack = (from: string, to: string) => spawnSync(process.execPath, [join(web, "build/data.mjs"), from, to], { encoding: "utf8" });

test("the memory is the same, and the table's bytes are gone from the file", () => {
  const from = assemble("whole", [[1001, [7, 8]], [1020, [9]], ...table(2048, 300), [100_000, [5]]]);
  const to = join(folder, "packed.wasm");
  const { status, stderr } = pack(from, to);
  assert.equal(status, 0, stderr);
  assert.ok(readFileSync(from).length > 40_000 && readFileSync(to).length < 300);

  const [before, after] = [from, to].map(memoryOf);
  assert.deepEqual(before!.subarray(1001, 1003), Buffer.from([7, 8]));
  assert.equal(before!.readUInt32LE(2048 + 20 * 16 * 299), 299);
  assert.ok(before!.equals(after!));
});

test("what it does not know is refused, and nothing is written", () => {
  const known = table(2048, 300);
  const to = join(folder, "refused.wasm");
  for (const [name, from, why] of [
    ["bare", assemble("bare", [[1001, [7, 8]]]), /bare\.wasm: the linker's table of addresses/],
    ["started", assemble("started", known, "(func $begin) (start $begin)"), /started\.wasm: it has a start function already/],
    ["passive", assemble("passive", known, "(data \"a\")"), /passive\.wasm: a data segment is not of the kind that Go writes/],
  ] as const) {
    const { status, stderr } = pack(from, to);
    assert.equal(status, 1, name);
    assert.match(stderr, why);
    assert.equal(existsSync(to), false, name);
  }
});

test("the engine that is built has been through it", () => {
  const { stderr } = pack(join(web, "dist/runstream.wasm"), join(folder, "again.wasm"));
  assert.match(stderr, /it has a start function already/, "the build says what of this Go's linker is not as data.mjs expects");
});
