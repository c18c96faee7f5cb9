import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { pathToFileURL } from "node:url";
import { EngineStartError } from "../../src/errors.js";
import { PageEngine } from "../../src/init.js";
import { rejections } from "./waiting.js";

function section(id: number, ...content: (number | string)[]): number[] {
  const bytes = content.flatMap((part) => (typeof part === "number" ? [part] : [part.length, ...Buffer.from(part)]));
  return [id, bytes.length, ...bytes];
}

/** A module with what a Go program exports and imports, whose start is `body`. */
function program(...body: number[]): Uint8Array<ArrayBuffer> {
  return new Uint8Array([
    ...[0, 97, 115, 109, 1, 0, 0, 0],
    ...section(1, 3, 0x60, 1, 0x7f, 0, 0x60, 2, 0x7f, 0x7f, 0, 0x60, 0, 0), // types: (i32), (i32, i32), ()
    ...section(2, 1, "gojs", "runtime.wasmExit", 0, 0),
    ...section(3, 2, 1, 2),
    ...section(5, 1, 0, 1),
    ...section(7, 3, "mem", 2, 0, "run", 0, 1, "resume", 0, 2),
    ...section(10, 2, body.length + 2, 0, ...body, 0x0b, 2, 0, 0x0b),
  ]);
}

const EXITS = program(0x41, 0, 0x10, 0); // wasmExit(0)
const TRAPS = program(0x00); // unreachable

for (const [what, wasm, says] of [
  ["ends", EXITS, /ended with exit code 0/],
  ["traps", TRAPS, /unreachable/],
] as const) {
  test(`an engine on the page that ${what} while it starts is an error that says so`, async () => {
    const unhandled = await rejections(async () => {
      await assert.rejects(new PageEngine().init({ worker: false, wasm }), (error: unknown) => {
        return error instanceof EngineStartError && says.test(error.message);
      });
    });
    assert.deepEqual(unhandled, []);
  });
}

test("running an engine leaves nothing in the global scope", async () => {
  const before = Reflect.ownKeys(globalThis);
  await new PageEngine().init({ worker: false, wasm: EXITS }).catch(() => {});
  assert.deepEqual(Reflect.ownKeys(globalThis), before);
});

test("a Response, which can be read only once, serves later starts too", async () => {
  const page = new PageEngine();
  const wasm = new Response(EXITS, { headers: { "content-type": "application/wasm" } });
  await assert.rejects(page.init({ worker: false, wasm }), /exit code 0/);
  await assert.rejects(page.init({ worker: false, wasm }), /exit code 0/);
  await assert.rejects(page.engine(), /exit code 0/);
});

test("a file: address, which Node's fetch does not know, is read from the disk", async () => {
  const folder = mkdtempSync(join(tmpdir(), "runstream-"));
  try {
    const wasm = pathToFileURL(join(folder, "engine.wasm"));
    writeFileSync(wasm, EXITS);
    await assert.rejects(new PageEngine().init({ worker: false, wasm }), /exit code 0/);
    writeFileSync(wasm, "<!doctype html>");
    await assert.rejects(new PageEngine().init({ worker: false, wasm }), /engine\.wasm is not WebAssembly: it begins with "<!do"/);
    rmSync(wasm);
    await assert.rejects(new PageEngine().init({ worker: false, wasm }), (error: unknown) => {
      return error instanceof EngineStartError && /engine\.wasm could not be read: .*ENOENT/.test(error.message);
    });
  } finally {
    rmSync(folder, { recursive: true });
  }
});
