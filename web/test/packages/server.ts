// What the apps talk to: their files under a strict policy, and a model server that calls the tool once.
import { createHash } from "node:crypto";
import { readFile } from "node:fs/promises";
import { createServer, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { extname } from "node:path";
import { text } from "node:stream/consumers";
import { pathToFileURL } from "node:url";
import { call, frame, message, response, type Json } from "../e2e/sse.js";

export interface AppServer {
  readonly url: string;
  close(): Promise<void>;
}

export interface AppFiles {
  /** Where files are looked for, in this order. */
  readonly folders: readonly string[];
  /** Allows the scripts that are written into the pages, by their hashes. */
  readonly inlineScripts?: boolean;
}

const types: Record<string, string> = {
  ".html": "text/html; charset=utf-8",
  ".js": "text/javascript; charset=utf-8",
  ".css": "text/css; charset=utf-8",
  ".wasm": "application/wasm",
};

/** Serves an app, and at /v1 the model. Other origins may ask the model too. */
export async function serve({ folders, inlineScripts = false }: AppFiles): Promise<AppServer> {
  const server = createServer(async (request, response) => {
    const { pathname } = new URL(request.url ?? "/", "http://localhost");
    try {
      if (pathname === "/v1/responses") return await answer(await text(request), response);
      const path = pathname.endsWith("/") ? `${pathname}index.html` : pathname;
      const bytes = await find(folders, path);
      if (!bytes) return void response.writeHead(404).end();
      response.writeHead(200, {
        "content-type": types[extname(path)] ?? "application/octet-stream",
        "content-security-policy": policy(inlineScripts ? inlineHashes(bytes.toString()) : []),
        "cache-control": "no-store",
      });
      response.end(bytes);
    } catch (error) {
      response.destroy(error as Error);
    }
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    async close() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

/** The policy of docs/bundlers.md; with these scripts allowed too. */
function policy(scripts: readonly string[]): string {
  const strict =
    "default-src 'none'; script-src 'self' 'wasm-unsafe-eval'; worker-src 'self'; connect-src 'self'; style-src 'self'; img-src 'self' data:";
  return strict.replace("script-src 'self'", ["script-src 'self'", ...scripts].join(" "));
}

function inlineHashes(html: string): string[] {
  const scripts = html.matchAll(/<script(?![^>]*\ssrc=)[^>]*>(.*?)<\/script>/gs);
  return Array.from(scripts, ([, code]) => `'sha256-${createHash("sha256").update(code!).digest("base64")}'`);
}

async function find(folders: readonly string[], path: string): Promise<Buffer | undefined> {
  for (const folder of folders) {
    const bytes = await readFile(new URL(`.${path}`, pathToFileURL(`${folder}/`))).catch(() => undefined);
    if (bytes) return bytes;
  }
  return undefined;
}

async function answer(asked: string, reply: ServerResponse): Promise<void> {
  const cors = { "access-control-allow-origin": "*", "access-control-allow-headers": "authorization, content-type, accept" };
  if (asked === "") return void reply.writeHead(204, cors).end(); // a preflight
  const { input } = JSON.parse(asked) as { input: { type?: string; output?: Json }[] };
  const output = input.find(({ type }) => type === "function_call_output")?.output;
  const events = output === undefined ? response(call("get_weather", "call_1", { city: "Oslo" })) : response(message("I hear: ", String(output)));
  reply.writeHead(200, { ...cors, "content-type": "text/event-stream; charset=utf-8", "cache-control": "no-store" });
  reply.end(events.map(frame).join(""));
}
