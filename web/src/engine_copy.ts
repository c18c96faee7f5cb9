// The browser's HTTP cache gives an engine of 5 MB back slowly: it takes it out of its compression and hands it over in
// small pieces. Cache Storage gives the same bytes in half the time, so a copy lies there for the next visit.

const STORE = "runstream";
const COPIES = 3; // an origin may have several engines, and their files other names in each release
const DELAY = 2000; // milliseconds from the start on, which has other things to do

/** An engine's file, and whether it is the copy. */
export interface Fetched {
  readonly response: Response;
  readonly copied: boolean;
}

/** Fetches an engine's file: the copy of it, where that is what the server has today. If there is none yet, one is made once
 * the engine's start is over, unless `ended` fires before. */
export async function fetchEngine(url: string, ended: AbortSignal): Promise<Fetched> {
  const body = new AbortController();
  // The request decides as it would without a copy: fresh, revalidated or new, and only then whose body is read.
  const [response, copy] = await Promise.all([fetch(url, { signal: body.signal }), find(url)]);
  const validator = validatorOf(response);
  if (copy && validator && validatorOf(copy) === validator) {
    body.abort();
    return { response: copy, copied: true };
  }
  if (validator && !/\bno-store\b/i.test(response.headers.get("cache-control") ?? "")) keepLater(url, validator, ended);
  return { response, copied: false };
}

/** Throws the copy away: it cannot be used. */
export async function removeCopy(url: string): Promise<void> {
  const store = await storage()?.open(STORE);
  await store?.delete(url, { ignoreVary: true });
}

function keepLater(url: string, validator: string, ended: AbortSignal): void {
  const copies = storage();
  if (!copies) return;
  const timer = setTimeout(() => {
    ended.removeEventListener("abort", cancel);
    keep(copies, url, validator, ended).catch(() => {}); // there may be no room
  }, DELAY);
  const cancel = (): void => clearTimeout(timer);
  ended.addEventListener("abort", cancel);
}

async function keep(copies: CacheStorage, url: string, validator: string, signal: AbortSignal): Promise<void> {
  const response = await fetch(url, { cache: "force-cache", signal }); // it came just now, so the browser has it
  if (validatorOf(response) !== validator) return;
  const store = await copies.open(STORE);
  await store.put(url, response);
  const urls = await store.keys(); // the oldest first
  await Promise.all(urls.slice(0, -COPIES).map((old) => store.delete(old)));
}

async function find(url: string): Promise<Response | undefined> {
  return storage()?.match(url, { cacheName: STORE, ignoreVary: true }).catch(() => undefined);
}

/** What tells one state of a file from the next (RFC 9110, 8.8). Without it there is no copy. */
function validatorOf({ ok, headers }: Response): string | undefined {
  if (!ok) return undefined;
  const modified = headers.get("last-modified");
  return headers.get("etag") ?? (modified ? `${modified}, ${headers.get("content-length")} bytes` : undefined);
}

/** Pages without a secure context have none, and pages without an origin must not ask for it. */
function storage(): CacheStorage | undefined {
  try {
    return globalThis.caches;
  } catch {
    return undefined;
  }
}
