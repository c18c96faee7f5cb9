// A server for the tests: the package's files under the strict policy of the README, and model servers that answer from
// a script.
import { readFile } from "node:fs/promises";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { basename, extname, normalize } from "node:path";
import { text } from "node:stream/consumers";
import { frame, type Json, type WireEvent } from "./sse.js";

/** What a scripted model server does with one request. */
export type Reply =
  | WireEvent[]
  /** The stream stays open after these events until the client goes. */
  | { readonly hangAfter: WireEvent[] }
  /** The connection breaks off after these events. */
  | { readonly breakAfter: WireEvent[] }
  /** The connection breaks off before any answer. */
  | { readonly refuse: true }
  /** A stream of these bytes, as they are. */
  | { readonly body: string }
  | { readonly status: number; readonly headers?: Record<string, string>; readonly json: Json }
  | { readonly status: number; readonly headers?: Record<string, string>; readonly text: string };

export interface ModelRequest {
  readonly path: string;
  readonly headers: IncomingMessage["headers"];
  readonly body: { readonly input: Json; readonly [key: string]: Json };
  /** Settles when the exchange is over: true where the client closed it before its end. */
  readonly closedByClient: Promise<boolean>;
}

export interface Script {
  /** For `configure({ baseURL })` on a page of the same server. */
  readonly baseURL: string;
  /** The same with scheme and host. */
  readonly url: string;
  readonly requests: readonly ModelRequest[];
  /** Settles with the request of this index once it has come. */
  request(index: number): Promise<ModelRequest>;
}

/** What a server answers in place of a file. What is left out stays as it is. */
export interface Answer {
  readonly status?: number;
  readonly type?: string;
  readonly body?: string | Uint8Array;
  readonly headers?: Record<string, string>;
  /** The connection breaks off instead. */
  readonly broken?: true;
}

export interface TestServer {
  readonly url: string;
  /** The built package once more, under an address of its own, with other answers where `change` gives one. */
  copy(change?: (file: string, bytes: Uint8Array) => Answer | undefined): string;
  /** The address of the test page under another policy. */
  page(policy: string): string;
  /** A model server that gives these replies in order, and status 418 after the last. */
  script(...replies: Reply[]): Script;
  /** A model server that gives this reply to each request. */
  answering(reply: (request: ModelRequest) => Reply): Script;
  close(): Promise<void>;
}

export const policy =
  "default-src 'none'; script-src 'self' 'wasm-unsafe-eval'; worker-src 'self'; connect-src 'self'; style-src 'self'; img-src 'self' data:";

const root = new URL("../../../../", import.meta.url); // from web/dist/test/e2e
const types: Record<string, string> = {
  ".html": "text/html; charset=utf-8",
  ".js": "text/javascript; charset=utf-8",
  ".css": "text/css; charset=utf-8",
  ".map": "application/json",
  ".wasm": "application/wasm",
};

export async function startServer(): Promise<TestServer> {
  const scripts: ScriptedModel[] = [];
  const copies: NonNullable<Parameters<TestServer["copy"]>[0]>[] = [];
  const server = createServer((request, response) => {
    const { pathname, searchParams } = new URL(request.url ?? "/", "http://localhost");
    const [, kind, number, rest] = /^\/(script|copy)\/(\d+)(\/.*)$/.exec(pathname) ?? [];
    const served =
      kind === "script" ? scripts[Number(number)]?.answer(rest!, request, response)
      : kind === "copy" ? serveFile(`/web/dist${rest}`, response, { change: copies[Number(number)]! })
      : serveFile(pathname, response, { policy: searchParams.get("policy") ?? policy });
    Promise.resolve(served).catch((error: unknown) => response.destroy(error as Error));
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const answering: TestServer["answering"] = (reply) => {
    const path = `/script/${scripts.length}/v1`;
    const script = new ScriptedModel(path, url + path, reply);
    scripts.push(script);
    return script;
  };
  return {
    url,
    copy(change = () => undefined) {
      return `${url}/copy/${copies.push(change) - 1}`;
    },
    page(policy) {
      return `${url}/?${new URLSearchParams({ policy })}`;
    },
    script(...replies) {
      let next = 0;
      return answering(() => replies[next++] ?? { status: 418, json: { error: { message: "the script is over" } } });
    },
    answering,
    async close() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

interface Serving {
  readonly policy?: string;
  readonly change?: (file: string, bytes: Uint8Array) => Answer | undefined;
}

async function serveFile(path: string, response: ServerResponse, { policy: csp = policy, change }: Serving): Promise<void> {
  const file = path === "/" ? "/web/test/e2e/page.html" : normalize(path);
  if (!/^\/web\/(dist|test\/e2e)\//.test(file)) return void response.writeHead(404).end();
  const bytes = await readFile(new URL(`.${file}`, root)).catch(() => undefined);
  if (!bytes) return void response.writeHead(404).end();
  const answer = change?.(basename(file), bytes);
  if (answer?.broken) return void response.destroy();
  response.writeHead(answer?.status ?? 200, {
    "content-type": answer?.type ?? types[extname(file)] ?? "application/octet-stream",
    "content-security-policy": csp,
    "cache-control": "no-store",
    ...answer?.headers,
  });
  response.end(answer?.body ?? bytes);
}

class ScriptedModel implements Script {
  readonly baseURL: string;
  readonly url: string;
  readonly requests: ModelRequest[] = [];
  readonly #reply: (request: ModelRequest) => Reply;
  #came: (() => void)[] = [];

  constructor(baseURL: string, url: string, reply: (request: ModelRequest) => Reply) {
    this.baseURL = baseURL;
    this.url = url;
    this.#reply = reply;
  }

  async request(index: number): Promise<ModelRequest> {
    while (!this.requests[index]) await new Promise<void>((resolve) => this.#came.push(resolve));
    return this.requests[index];
  }

  async answer(path: string, request: IncomingMessage, response: ServerResponse): Promise<void> {
    const body = JSON.parse(await text(request)) as ModelRequest["body"];
    const closedByClient = new Promise<boolean>((resolve) => {
      response.once("close", () => resolve(!response.writableFinished));
    });
    const asked: ModelRequest = { path, headers: request.headers, body, closedByClient };
    const reply = this.#reply(asked);
    this.requests.push(asked);
    for (const resolve of this.#came.splice(0)) resolve();

    if ("refuse" in reply) return void response.destroy();
    if ("status" in reply) {
      response.writeHead(reply.status, { "content-type": "application/json", ...reply.headers });
      return void response.end("text" in reply ? reply.text : JSON.stringify(reply.json));
    }
    response.writeHead(200, { "content-type": "text/event-stream; charset=utf-8", "cache-control": "no-store" });
    if ("body" in reply) return void response.end(reply.body);
    const events = "hangAfter" in reply ? reply.hangAfter : "breakAfter" in reply ? reply.breakAfter : reply;
    await new Promise<void>((resolve) => response.write(events.map(frame).join("") || ":\n\n", () => resolve()));
    if ("breakAfter" in reply) response.destroy();
    else if (!("hangAfter" in reply)) response.end();
  }
}
