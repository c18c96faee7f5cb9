/*! Holds idb, https://github.com/jakearchibald/idb. ISC License. Copyright (c) 2016, Jake Archibald <jaffathecake@gmail.com>
Permission to use, copy, modify, and/or distribute this software for any purpose with or without fee is hereby granted,
provided that the above copyright notice and this permission notice appear in all copies. THE SOFTWARE IS PROVIDED "AS IS"
AND THE AUTHOR DISCLAIMS ALL WARRANTIES WITH REGARD TO THIS SOFTWARE INCLUDING ALL IMPLIED WARRANTIES OF MERCHANTABILITY AND
FITNESS. IN NO EVENT SHALL THE AUTHOR BE LIABLE FOR ANY SPECIAL, DIRECT, INDIRECT, OR CONSEQUENTIAL DAMAGES OR ANY DAMAGES
WHATSOEVER RESULTING FROM LOSS OF USE, DATA OR PROFITS, WHETHER IN AN ACTION OF CONTRACT, NEGLIGENCE OR OTHER TORTIOUS
ACTION, ARISING OUT OF OR IN CONNECTION WITH THE USE OR PERFORMANCE OF THIS SOFTWARE. */
import type { DBSchema, IDBPDatabase, IDBPTransaction } from "idb";
import { openDB } from "idb";
import type { InputItem } from "./responses.js";

/** Items under their session and their place in it, so that a range of keys is a session in its order. */
interface Schema extends DBSchema {
  readonly items: { key: [sessionId: string, place: number]; value: InputItem };
}

type Database = IDBPDatabase<Schema>;
type Mode = "readonly" | "readwrite";
type Store<M extends Mode> = IDBPTransaction<Schema, ["items"], M>["store"];

/** How long a database may take to open. It takes longer only where another connection holds it, or a browser's fault. */
const OPENING_MS = 10_000;

/** The items of one session. Rejects with an Error that says what to do, and whose cause is the browser's own. */
export class StoredItems {
  readonly #databaseName: string;
  readonly #id: string;
  #database: Promise<Database> | undefined;

  constructor(databaseName: string, sessionId: string) {
    this.#databaseName = databaseName;
    this.#id = sessionId;
  }

  latest(limit: number = 0): Promise<InputItem[]> {
    const most = Math.min(Math.floor(limit), 2 ** 32); // a cursor advances by so much at once, and no fraction
    return this.#transact("readonly", async (store) => {
      const last = most > 0 ? await store.openKeyCursor(this.#range(), "prev") : null;
      const first = last && most > 1 ? await last.advance(most - 1) : last;
      return store.getAll(this.#range(first?.key));
    });
  }

  add(items: readonly InputItem[]): Promise<void> {
    return this.#transact("readwrite", async (store) => {
      const last = await store.openKeyCursor(this.#range(), "prev");
      const place = last ? last.key[1] + 1 : 0;
      await Promise.all(items.map(async (item, i) => store.add(item, [this.#id, place + i])));
    });
  }

  pop(): Promise<InputItem | undefined> {
    return this.#transact("readwrite", async (store) => {
      const last = await store.openCursor(this.#range(), "prev");
      await last?.delete();
      return last?.value;
    });
  }

  clear(): Promise<void> {
    return this.#transact("readwrite", (store) => store.delete(this.#range()));
  }

  async close(): Promise<void> {
    const database = this.#database;
    this.#database = undefined;
    (await database?.catch(() => undefined))?.close();
  }

  /** The session's keys, from `first` on: in keys a list is greater than any number. */
  #range(first: IDBValidKey = [this.#id]): IDBKeyRange {
    return IDBKeyRange.bound(first, [this.#id, []]);
  }

  async #transact<T, M extends Mode>(mode: M, work: (store: Store<M>) => Promise<T>): Promise<T> {
    try {
      const transaction = await this.#begin(mode);
      transaction.done.catch(() => {}); // it is waited for below, or comes second to what the work failed with
      try {
        const result = await work(transaction.store);
        await transaction.done;
        return result;
      } catch (error) {
        // What was asked for before the failure must not be kept without the rest.
        if (!transaction.error) abort(transaction);
        await transaction.done.catch(() => {});
        throw transaction.error ?? error;
      }
    } catch (cause) {
      throw new Error(advice(cause, this.#databaseName), { cause });
    }
  }

  async #begin<M extends Mode>(mode: M): Promise<IDBPTransaction<Schema, ["items"], M>> {
    const begin = async (): Promise<IDBPTransaction<Schema, ["items"], M>> =>
      (await (this.#database ??= this.#open())).transaction(["items"], mode);
    try {
      return await begin();
    } catch (error) {
      // A browser may close a connection before it says so. Nothing has begun, so that it can be done once more.
      if (!isNamed(error, "InvalidStateError")) throw error;
      this.#database = undefined;
      return begin();
    }
  }

  #open(): Promise<Database> {
    const forget = (): void => {
      if (this.#database === opened) this.#database = undefined;
    };
    const opened = openDatabase(this.#databaseName, forget);
    opened.catch(forget);
    return opened;
  }
}

/** Opens the database as it is, whatever its version: whoever raises that does not lock older pages out. `onclosed` is told
 * when the connection is no more. */
async function openDatabase(name: string, onclosed: () => void): Promise<Database> {
  if (typeof indexedDB === "undefined") throw new MissingError();
  let timer: ReturnType<typeof setTimeout> | undefined;
  let late = false;
  const opening = openDB<Schema>(name, undefined, {
    upgrade(database, _, __, transaction) {
      transaction.done.catch(() => {}); // whoever opens is told
      database.createObjectStore("items");
    },
    blocking(_, __, event) {
      (event.target as IDBDatabase).close();
      onclosed();
    },
    terminated: onclosed,
  });
  opening.then((database) => late && database.close(), () => {});
  const tooLate = new Promise<never>((_, reject) => {
    timer = setTimeout(() => {
      late = true;
      reject(new DOMException(`The database has not opened in ${OPENING_MS / 1000} seconds.`, "TimeoutError"));
    }, OPENING_MS);
  });
  const database = await Promise.race([opening, tooLate]).finally(() => clearTimeout(timer));
  if (database.objectStoreNames.contains("items")) return database;
  database.close();
  throw new DOMException("The database has no items.", "VersionError");
}

class MissingError extends Error {
  override name = "MissingError";
}

function abort(transaction: { abort(): void }): void {
  try {
    transaction.abort();
  } catch {
    // it has ended by itself
  }
}

function isNamed(error: unknown, name: string): boolean {
  return (error as { readonly name?: unknown } | undefined)?.name === name;
}

/** What happened, and what to do. */
function advice(error: unknown, databaseName: string): string {
  const database = `the database ${JSON.stringify(databaseName)}`;
  switch ((error as { readonly name?: unknown } | undefined)?.name) {
    case "MissingError":
      return "there is no IndexedDB here. Use it in a browser, or a MemorySession.";
    case "SecurityError":
    case "InvalidStateError":
      return `the browser does not let this page use ${database}, as in private windows or where site data is blocked. Allow it, or use a MemorySession.`;
    case "QuotaExceededError":
      return "the browser's storage is full, and nothing was written. Clear sessions that are no longer needed, or free some space, and call again.";
    case "TimeoutError":
      return `${database} does not open: another tab holds it. Close the other tabs of this site, and call again.`;
    case "VersionError":
      return `${database} is another program's, or that of a newer release of runstream. Reload the page, or pass another databaseName.`;
    case "AbortError":
      return `the browser broke off the access to ${database}, and nothing was written. Call again.`;
    default:
      return `${database} cannot be used: ${String(error)}. Call again, or use a MemorySession.`;
  }
}
