import { existsSync, readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { brotliCompressSync, constants, gzipSync } from "node:zlib";

/** Compresses what the server serves, once, as a good host does. */
export function compressPages(folder: string): void {
  for (const name of readdirSync(folder)) {
    if (!/\.(js|wasm)$/.test(name)) continue;
    const packed = `${folder}${name}.br`;
    if (existsSync(packed) && statSync(packed).mtimeMs >= statSync(folder + name).mtimeMs) continue;
    writeFileSync(packed, brotli(readFileSync(folder + name)));
  }
}

export interface Sizes {
  readonly raw: number;
  readonly gzip: number;
  readonly brotli: number;
}

/** Bytes, as they are and compressed as far as it goes. */
export function sizesOf(bytes: Uint8Array): Sizes {
  return { raw: bytes.length, gzip: gzipSync(bytes, { level: 9 }).length, brotli: brotli(bytes).length };
}

function brotli(bytes: Uint8Array): Buffer {
  return brotliCompressSync(bytes, {
    params: {
      [constants.BROTLI_PARAM_QUALITY]: 11,
      [constants.BROTLI_PARAM_LGWIN]: constants.BROTLI_MAX_WINDOW_BITS,
      [constants.BROTLI_PARAM_SIZE_HINT]: bytes.length,
    },
  });
}
