/** One request of the engine's, and its answer. Each look into a Response would cost the engine a crossing. */
export interface Exchange {
  /** The first chunk of an event stream, null where it is empty. Another answer is the Response itself, and so is a stream
   * whose first chunk cannot be read: reading on tells why. */
  readonly answer: Promise<Uint8Array | null | Response>;
  /** The next chunk of the body; null at its end. One read at a time; a chunk is good until the next one is asked for. */
  read(): Promise<Uint8Array | null>;
  /** Ends the request where it still goes on. */
  stop(): void;
}

export type Exchanger = (url: string, init: RequestInit, body: Uint8Array<ArrayBuffer>) => Exchange;

/** How much the first read of a body may bring, and any, in bytes: twice as much after one that brought all it could. The
 * browser's own choice is up to 2 MB, in memory that is new each time. */
const FIRST_READ = 16 << 10;
const LONGEST_READ = 256 << 10;

type Read = () => Promise<{ readonly done: boolean; readonly value?: unknown }>;

/** Reads a body into the same memory again and again, where the platform has made it and lets it be read so. A page's own stream
 * of bytes may leave such a read without its end: `close()` alone does not settle it (whatwg/streams#1321). */
function readerOf(body: ReadableStream, type: ResponseType): Read {
  const plain = (): Read => {
    const reader: ReadableStreamDefaultReader<unknown> = body.getReader();
    return () => reader.read();
  };
  if (type !== "basic" && type !== "cors") return plain(); // `new Response` makes another
  let reader: ReadableStreamBYOBReader;
  try {
    reader = body.getReader({ mode: "byob" });
  } catch {
    return plain();
  }
  let size = FIRST_READ;
  let memory: ArrayBuffer | undefined; // gone while a read has it, and where that fails
  return async () => {
    const into = new Uint8Array(memory ?? new ArrayBuffer(size));
    memory = undefined;
    const result = await reader.read(into);
    if (result.value?.length === size && size < LONGEST_READ) size *= 2;
    else memory = result.value?.buffer;
    return result;
  };
}

/** Sends requests by the platform's fetch that do not outlive the engine: on a page nothing else would end them. */
export function exchangeUntil(ended: AbortSignal): Exchanger {
  const going = new Set<() => void>(); // with a listener each Node would warn of a leak at the eleventh
  ended.addEventListener("abort", () => {
    for (const stop of going) stop();
  });
  return (url, init, body) => {
    const request = new AbortController();
    const stop = (): void => {
      if (going.delete(stop)) request.abort();
    };
    going.add(stop);
    if (ended.aborted) stop();

    let next: Read | undefined;
    const read = async (): Promise<Uint8Array | null> => {
      if (!next) return null;
      const { done, value } = await next();
      if (done) {
        going.delete(stop);
        return null;
      }
      if (!(value instanceof Uint8Array)) throw new TypeError("the body of the answer gave something that is no bytes");
      return value;
    };
    const send = async (): Promise<Uint8Array | null | Response> => {
      // The engine's headers serve all its requests; a fetch that the page has wrapped may add to its own, or read them late.
      const response = await fetch(url, { ...init, headers: new Headers(init.headers), body, signal: request.signal });
      // A fetch that the page has wrapped may give anything.
      if (typeof response?.status !== "number") throw new TypeError("fetch gave something that is no Response");
      if (response.body) next = readerOf(response.body, response.type);
      const streams = response.ok && next && /^text\/event-stream\b/i.test(response.headers.get("content-type") ?? "");
      return streams ? read().catch(() => response) : response;
    };
    return { answer: send(), read, stop };
  };
}
