import type { Model, ModelRequest } from "./model.js";
import type { Json } from "./protocol.js";

/** What a model was asked and what it answered, as JSON. Neither keys nor headers are in it, and of an MCP server
 * nothing that opens it; what users and tools wrote is. */
export interface Cassette {
  readonly version: 1;
  readonly exchanges: readonly Exchange[];
}

/** A request as it was recorded: the body that went to the model. */
export type RecordedRequest = ModelRequest["body"];

/** One request and the answer to it. */
export interface Exchange {
  readonly request: RecordedRequest;
  readonly events: readonly object[];
  /** How the answer ended: by itself, with an error, or because the run let go of it. */
  readonly end: "complete" | "stopped" | { readonly name: string; readonly message: string };
}

/** The run asked for what the cassette does not have, or not in this order. */
export class CassetteError extends Error {
  override name = "CassetteError";
  readonly code = "cassette_mismatch";
}

/** How closely a run must keep to its recording. */
export interface PlayOptions {
  /** Fields of the request that may differ, such as "temperature". */
  readonly ignore?: readonly string[] | undefined;
}

/** Keeps what a model is asked and answers. Give the recorder to the agent in the model's place, and write
 * `JSON.stringify(recorder)` to a file when the run is over. */
export function record(model: Model): RecordedModel {
  return new RecordedModel(model);
}

/** Answers as it was recorded. `cassette` is what `record` made, or its JSON text. */
export function play(cassette: Cassette | string, options: PlayOptions = {}): PlayedModel {
  return new PlayedModel(readCassette(cassette), options);
}

/** A model that keeps what passes through it; made by {@link record}. */
export class RecordedModel implements Model {
  readonly #model: Model;
  readonly #exchanges: Exchange[] = [];

  constructor(model: Model) {
    this.#model = model;
  }

  /** What was recorded so far. An answer that is still streaming is in it as far as it has come. */
  get cassette(): Cassette {
    return copy({ version: 1, exchanges: this.#exchanges });
  }

  toJSON(): Cassette {
    return this.cassette;
  }

  async *getStreamedResponse(request: ModelRequest): AsyncGenerator<object> {
    const exchange = { request: withoutKeys(request.body), events: [] as object[], end: "stopped" as Exchange["end"] };
    this.#exchanges.push(exchange);
    try {
      for await (const event of this.#model.getStreamedResponse(request)) {
        exchange.events.push(copy(event));
        yield event;
      }
      exchange.end = "complete";
    } catch (error) {
      if (!request.signal.aborted) exchange.end = named(error);
      throw error;
    }
  }
}

/** A model that answers from a recording, in its order; made by {@link play}. A request that differs fails with a
 * {@link CassetteError}. */
export class PlayedModel implements Model {
  readonly #cassette: Cassette;
  readonly #ignore: readonly string[];
  #next = 0;

  constructor(cassette: Cassette, { ignore = [] }: PlayOptions = {}) {
    this.#cassette = cassette;
    this.#ignore = ignore;
  }

  /** Throws a CassetteError while exchanges remain that nothing asked for. */
  assertComplete(): void {
    const remaining = this.#cassette.exchanges.length - this.#next;
    if (remaining === 0) return;
    throw new CassetteError(
      `The run ended early: ${remaining} of ${this.#cassette.exchanges.length} recorded requests did not come. ` +
        "Record it anew if that is right.",
    );
  }

  async *getStreamedResponse(request: ModelRequest): AsyncGenerator<object> {
    const { signal } = request;
    signal.throwIfAborted();
    const number = ++this.#next;
    const exchange = this.#cassette.exchanges[number - 1];
    if (!exchange) {
      throw new CassetteError(
        `The recording is over: it has ${number - 1} requests, and this is request ${number}. Record the run anew.`,
      );
    }
    const found = difference(this.#compared(exchange.request), this.#compared(request.body), "request");
    if (found) {
      throw new CassetteError(`Request ${number} is not the recorded one: ${found}. Record the run anew if that is right.`);
    }

    for (const event of exchange.events) {
      signal.throwIfAborted();
      yield copy(event);
    }
    if (exchange.end === "complete") return;
    if (exchange.end === "stopped") {
      signal.throwIfAborted();
      throw new CassetteError(
        `The answer to request ${number} was recorded only so far: the run let go of it. Record the run anew.`,
      );
    }
    const { name, message } = exchange.end;
    throw Object.assign(new Error(message), { name });
  }

  #compared(request: RecordedRequest): Json {
    const fields = Object.entries(withoutKeys(request)).filter(([field]) => !this.#ignore.includes(field));
    return Object.fromEntries(fields) as Json;
  }
}

function readCassette(given: Cassette | string): Cassette {
  let cassette: unknown = given;
  try {
    if (typeof given === "string") cassette = JSON.parse(given);
  } catch (cause) {
    throw new CassetteError("The cassette is not JSON. Give play() what JSON.stringify(recorder) wrote.", { cause });
  }
  const { version, exchanges } = (cassette ?? {}) as Partial<Record<keyof Cassette, unknown>>;
  if (version !== 1 || !Array.isArray(exchanges)) {
    throw new CassetteError(
      `This is no cassette that can be played: its version is ${String(version)}, not 1. Record the run anew.`,
    );
  }
  return copy(cassette as Cassette);
}

/** What opens an MCP server, and what the server's own tools are given to open others. */
const keys: ReadonlySet<string> = new Set(["headers", "authorization", "server_url", "domain_secrets"]);

/** A copy of a request without keys. Function tools, whose parameters have names of their own, have none. */
function withoutKeys(request: RecordedRequest): RecordedRequest {
  const body = copy(request);
  if (!Array.isArray(body.tools)) return body;
  const safe = (key: string, value: unknown): unknown => (keys.has(key) ? undefined : value);
  const hosted = (tool: object): object => JSON.parse(JSON.stringify(tool, safe)) as object;
  return { ...body, tools: body.tools.map((tool: object) => ("parameters" in tool || "tools" in tool ? tool : hosted(tool))) };
}

function copy<T>(value: T): T {
  return JSON.parse(JSON.stringify(value)) as T;
}

function named(error: unknown): { readonly name: string; readonly message: string } {
  return error instanceof Error ? { name: error.name, message: error.message } : { name: "Error", message: String(error) };
}

/** The first place where two JSON values differ, in words; undefined where they are the same. */
function difference(recorded: Json | undefined, asked: Json | undefined, path: string): string | undefined {
  if (isObject(recorded) && isObject(asked) && Array.isArray(recorded) === Array.isArray(asked)) {
    for (const key of new Set([...Object.keys(recorded), ...Object.keys(asked)])) {
      const place = Array.isArray(recorded) ? `${path}[${key}]` : `${path}.${key}`;
      const found = difference(field(recorded, key), field(asked, key), place);
      if (found) return found;
    }
    return undefined;
  }
  return recorded === asked ? undefined : `${path} was ${excerpt(recorded)} and is ${excerpt(asked)}`;
}

function isObject(value: Json | undefined): value is Extract<Json, object> {
  return typeof value === "object" && value !== null;
}

function field(value: Extract<Json, object>, key: string): Json | undefined {
  return Object.hasOwn(value, key) ? (value as { readonly [key: string]: Json })[key] : undefined;
}

function excerpt(value: Json | undefined): string {
  if (value === undefined) return "absent";
  const text = JSON.stringify(value);
  return text.length > 200 ? `${text.slice(0, 200)}…` : text;
}
