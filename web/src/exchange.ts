/** One request of the engine's, and its answer. Each look into a Response would cost the engine a crossing. */
export interface Exchange {
  /** The first chunk of an event stream, null where it is empty. Another answer is the Response itself, and so is a stream
   * whose first chunk cannot be read: reading on tells why. */
  readonly answer: Promise<Uint8Array | null | Response>;
  /** The next chunk of the body; null at its end. One read at a time. */
  read(): Promise<Uint8Array | null>;
  /** Ends the request where it still goes on. */
  stop(): void;
}

export type Exchanger = (url: string, init: RequestInit, body: Uint8Array<ArrayBuffer>) => Exchange;

/** Sends requests by the platform's fetch that do not outlive the engine: on a page nothing else would end them. */
export function exchangeUntil(ended: AbortSignal): Exchanger {
  return (url, init, body) => {
    const request = new AbortController();
    let over = false;
    const close = (): void => {
      over = true;
      ended.removeEventListener("abort", stop);
    };
    const stop = (): void => {
      if (over) return;
      close();
      request.abort();
    };
    ended.addEventListener("abort", stop);
    if (ended.aborted) stop();

    let reader: ReadableStreamDefaultReader<unknown> | undefined;
    const read = async (): Promise<Uint8Array | null> => {
      if (!reader) return null;
      const { done, value } = await reader.read();
      if (done) {
        close();
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
      reader = response.body?.getReader();
      const streams = response.ok && reader && /^text\/event-stream\b/i.test(response.headers.get("content-type") ?? "");
      return streams ? read().catch(() => response) : response;
    };
    return { answer: send(), read, stop };
  };
}
