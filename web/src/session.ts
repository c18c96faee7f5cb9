import { copyItems } from "./json_items.js";
import type { InputItem } from "./responses.js";

/**
 * Remembers a conversation from run to run. A run reads it once, at its start, and adds to it: the user's input right
 * before the first model call, and each turn's items when the turn is done. What a method throws ends the run.
 */
export interface Session {
  /** Tells the session from others: a paused run that holds back items is resumed with the same one only. */
  getSessionId?(): string | Promise<string>;
  /** The latest items, oldest first; all of them without a limit. */
  getItems(limit?: number): readonly InputItem[] | Promise<readonly InputItem[]>;
  /** Appends items, all or none. It is called after a run was stopped, too, which then waits half a second for it. */
  addItems(items: readonly InputItem[]): void | Promise<void>;
  /** Removes the latest item and gives it. */
  popItem(): InputItem | undefined | Promise<InputItem | undefined>;
  /** Removes every item. */
  clearSession(): void | Promise<void>;
}

/** A session that lasts as long as the page. */
export class MemorySession implements Session {
  readonly #id: string;
  #items: InputItem[];

  constructor({ sessionId = `session_${Math.random()}`, items = [] }: { readonly sessionId?: string | undefined; readonly items?: readonly InputItem[] | undefined } = {}) {
    this.#id = sessionId;
    this.#items = copyItems(items);
  }

  getSessionId(): string {
    return this.#id;
  }

  getItems(limit?: number): InputItem[] {
    return structuredClone(limit ? this.#items.slice(-limit) : this.#items);
  }

  addItems(items: readonly InputItem[]): void {
    for (const item of copyItems(items)) this.#items.push(item);
  }

  popItem(): InputItem | undefined {
    return this.#items.pop();
  }

  clearSession(): void {
    this.#items = [];
  }
}
