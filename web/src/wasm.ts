import { fetchEngine, removeCopy } from "./engine_copy.js";
import type { Fetched } from "./engine_copy.js";
import { EngineStartError } from "./errors.js";

/** How the engine's code reaches the place that runs it: by absolute URL, as bytes, or compiled. */
export type WasmSource = string | BufferSource | WebAssembly.Module;

/** Compiles the engine here, where it runs until `ended` fires. Rejects with an EngineStartError that says what was found
 * instead. */
export async function compile(source: WasmSource, ended: AbortSignal): Promise<WebAssembly.Module> {
  if (source instanceof WebAssembly.Module) return source;
  if (typeof source !== "string") return compileBytes(source, "What was given as wasm");
  const files = source.startsWith("file:") ? fileSystem() : undefined;
  if (files) return compileBytes(await readWasm(files, source), `The engine's file at ${source}`);
  const { response, copied } = await fetchWasm(source, ended);
  if (!copied) return compileResponse(response);
  return compileResponse(response).catch(async () => {
    await removeCopy(source);
    return compileResponse((await fetchWasm(source, ended)).response);
  });
}

/** Compiles what a server answered. The way is chosen by its Content-Type: a body can be read only once. */
export async function compileResponse(response: Response): Promise<WebAssembly.Module> {
  const contentType = response.headers.get("content-type") ?? "";
  const where = `The engine's file at ${response.url || "the given Response"}`;
  if (!response.ok) {
    throw new EngineStartError(
      `${where} was not found: the server answered ${response.status} ${response.statusText}`.trimEnd() +
        ` (${contentType || "no Content-Type"}). Serve runstream.wasm there, or give its address: init({ wasm: "…" }).`,
    );
  }
  if (response.bodyUsed) {
    throw new EngineStartError(`${where} was read before: give init() a new Response, or the file's address.`);
  }
  if (contentType === "application/wasm" && "compileStreaming" in WebAssembly) {
    return WebAssembly.compileStreaming(response).catch((cause: unknown) => refuse(where, cause));
  }
  return compileBytes(await response.arrayBuffer(), where, contentType);
}

interface FileSystem {
  readFile(url: URL): Promise<Uint8Array<ArrayBuffer>>;
}

/** Node's, whose fetch reads no files. It is asked for at run time: bundlers for pages must find no import of it. */
function fileSystem(): FileSystem | undefined {
  const { process } = globalThis as { process?: { getBuiltinModule?: (id: string) => unknown } };
  return process?.getBuiltinModule?.("node:fs/promises") as FileSystem | undefined;
}

async function readWasm({ readFile }: FileSystem, url: string): Promise<BufferSource> {
  try {
    return await readFile(new URL(url));
  } catch (cause) {
    throw new EngineStartError(
      `The engine's file at ${url} could not be read: ${String(cause)}. Put runstream.wasm beside the script that holds ` +
        "this package (a bundle for a server best leaves the package out), or give its address: init({ wasm }).",
      { cause },
    );
  }
}

async function fetchWasm(url: string, ended: AbortSignal): Promise<Fetched> {
  try {
    return await fetchEngine(url, ended);
  } catch (cause) {
    throw new EngineStartError(
      `The engine's file at ${url} could not be fetched: ${String(cause)}. Look at the address, the network, and the ` +
        "page's Content-Security-Policy (connect-src must allow it).",
      { cause },
    );
  }
}

async function compileBytes(bytes: BufferSource, where: string, contentType = ""): Promise<WebAssembly.Module> {
  const start = new Uint8Array(ArrayBuffer.isView(bytes) ? bytes.buffer : bytes, offset(bytes)).subarray(0, 4);
  if (String(start) !== "0,97,115,109") {
    const found = JSON.stringify(new TextDecoder().decode(start));
    throw new EngineStartError(
      `${where} is not WebAssembly: it begins with ${found}${contentType && ` and is sent as ${contentType}`}. ` +
        "Often that is a page which the server answers with for unknown addresses. Serve runstream.wasm there.",
    );
  }
  return WebAssembly.compile(bytes).catch((cause: unknown) => refuse(where, cause));
}

function offset(bytes: BufferSource): number {
  return ArrayBuffer.isView(bytes) ? bytes.byteOffset : 0;
}

function refuse(where: string, cause: unknown): never {
  throw new EngineStartError(
    `${where} could not be compiled: ${String(cause)}. It must be the whole runstream.wasm, and a ` +
      "Content-Security-Policy must allow 'wasm-unsafe-eval' in script-src.",
    { cause },
  );
}
