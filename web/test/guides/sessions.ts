import { Agent, IndexedDBSession, MemorySession, SessionError, run } from "runstream";
import type { RunOptions, Session, InputItem } from "runstream";

const agent = new Agent({ name: "Guide", instructions: "Be brief.", model: "gpt-5" });

export async function chat(messages: readonly string[]): Promise<void> {
  const session = new MemorySession();
  for (const message of messages) {
    const result = await run(agent, message, { session });
    console.log(result.finalOutput);
  }
  console.log(session.getItems().map((item) => item["role"]).join(", "));
}

export async function remembered(message: string): Promise<void> {
  const session = new IndexedDBSession({ sessionId: "chat with Ada" });
  try {
    const result = await run(agent, message, { session });
    console.log(result.finalOutput, (await session.getItems()).length);
  } catch (error) {
    if (!(error instanceof SessionError || (error as Error).cause instanceof SessionError)) throw error;
    console.log("Not remembered:", (await run(agent, message)).finalOutput); // as in some private windows
  } finally {
    await session.close();
  }
}

export function serverSession(url: string): Session {
  async function send(method: string, path: string, body?: unknown): Promise<unknown> {
    const response = await fetch(url + path, { method, body: JSON.stringify(body) ?? null });
    if (!response.ok) throw new Error(`The conversation's server answered ${response.status}.`);
    return response.json();
  }
  return {
    getSessionId: () => url,
    getItems: async (limit) => (await send("GET", limit ? `?latest=${limit}` : "")) as InputItem[],
    addItems: async (items) => void (await send("POST", "", items)),
    popItem: async () => ((await send("DELETE", "/latest")) as InputItem | null) ?? undefined,
    clearSession: async () => void (await send("DELETE", "")),
  };
}

export async function rephrase(session: Session, message: string): Promise<void> {
  let item = await session.popItem();
  while (item && item["role"] !== "user") item = await session.popItem();
  console.log((await run(agent, message, { session })).finalOutput);
}

export const recent: RunOptions = { sessionLimit: 20 };

export const ownWords: RunOptions = {
  sessionInputCallback: (history, newItems) => [...history.filter((item) => item["role"] === "user"), ...newItems],
};

export const shortened: RunOptions = {
  compact: async (session) => {
    const items = await session.getItems();
    const start = items.findIndex((item, i) => i >= items.length - 50 && item["role"] === "user");
    if (items.length <= 100 || start < 0) return;
    await session.clearSession();
    await session.addItems(items.slice(start));
  },
};
