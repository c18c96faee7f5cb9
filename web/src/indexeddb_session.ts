import { SessionError, UserError } from "./errors.js";
import type { StoredItems } from "./indexeddb.js";
import { copyItems } from "./json_items.js";
import type { InputItem } from "./responses.js";
import type { Session } from "./session.js";

/** Which session, and where it is kept. */
export interface IndexedDBSessionOptions {
  /** Names the conversation: the same name finds the same items again, after a reload and in other tabs. */
  readonly sessionId: string;
  /** The database, which holds any number of sessions and nothing else. @defaultValue "runstream" */
  readonly databaseName?: string | undefined;
}

/**
 * A session that outlives the page, in the browser's IndexedDB.
 *
 * Nothing is opened before the first use. Each method is one transaction: it does all or nothing, also where the page is
 * closed meanwhile, and tabs that share a session never mix the items of two calls. Methods reject with a SessionError,
 * and may be called again.
 */
export class IndexedDBSession implements Session {
  readonly #id: string;
  readonly #databaseName: string;
  #stored: Promise<StoredItems> | undefined;

  constructor({ sessionId, databaseName = "runstream" }: IndexedDBSessionOptions) {
    if (typeof sessionId !== "string" || sessionId === "") {
      throw new UserError('A session that is kept needs a name: new IndexedDBSession({ sessionId: "…" }).');
    }
    this.#id = sessionId;
    this.#databaseName = databaseName;
  }

  getSessionId(): string {
    return this.#id;
  }

  getItems(limit?: number): Promise<InputItem[]> {
    return this.#use((stored) => stored.latest(limit));
  }

  async addItems(items: readonly InputItem[]): Promise<void> {
    let given: InputItem[];
    try {
      given = copyItems(items); // whoever called may change theirs while the database opens
    } catch (cause) {
      const why = `what was to be added is no list of JSON objects, and nothing was written: ${String(cause)}`;
      throw new SessionError(`${this.#name}: ${why}`, { cause });
    }
    await this.#use((stored) => stored.add(given));
  }

  popItem(): Promise<InputItem | undefined> {
    return this.#use((stored) => stored.pop());
  }

  clearSession(): Promise<void> {
    return this.#use((stored) => stored.clear());
  }

  /** Closes the database once what was begun is done. The next call opens it again. */
  async close(): Promise<void> {
    await (await this.#stored?.catch(() => undefined))?.close();
  }

  get #name(): string {
    return `Session ${JSON.stringify(this.#id)}`;
  }

  async #use<T>(use: (stored: StoredItems) => Promise<T>): Promise<T> {
    try {
      return await use(await (this.#stored ??= this.#load()));
    } catch (error) {
      if (error instanceof SessionError) throw error;
      const { message, cause } = error as Error; // of indexeddb.js, which does not share this file's classes
      throw new SessionError(`${this.#name}: ${message}`, { cause });
    }
  }

  /** The database's code is in a file of its own: pages without such a session never fetch it. */
  #load(): Promise<StoredItems> {
    const load = import("./indexeddb.js").then(({ StoredItems }) => new StoredItems(this.#databaseName, this.#id));
    return load.catch((cause: unknown) => {
      this.#stored = undefined;
      const why = `${this.#name}: indexeddb.js, beside the script that holds this package, could not be loaded: ${String(cause)}. Serve it there.`;
      throw new SessionError(why, { cause });
    });
  }
}
