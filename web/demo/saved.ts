import type { Entry } from "./transcript.js";

const KEY = "runstream-demo.conversation";
// Milliseconds in which a tab that only looks is done; one that runs the conversation takes longer.
const PATIENCE = 1000;
// Milliseconds after which other tabs see what was kept: storage and locks reach them by different ways.
const SPREAD = 200;

/** What a run begins with, or goes on from: input items, or a RunState document. */
export type Next = { readonly items: readonly object[] } | { readonly state: string };

/** A conversation as the browser keeps it. */
export interface Saved {
  /** Another one after "New conversation". */
  readonly id: string;
  /** Grows with every save, in whichever tab. */
  readonly revision: number;
  readonly status: "idle" | "running" | "waiting" | "failed";
  readonly entries: readonly Entry[];
  /** The finished part of the conversation, as the next run's input. */
  readonly history: readonly object[];
  /** While waiting or failed: where the run stopped. */
  readonly next?: Next | undefined;
  /** While failed: why. */
  readonly error?: Failure | undefined;
}

export interface Failure {
  readonly name: string;
  readonly message: string;
}

/** What the browser keeps, if that is something readable. */
export function load(): Saved | undefined {
  try {
    const saved = JSON.parse(localStorage.getItem(KEY) ?? "null") as Partial<Saved> | null;
    if (saved && typeof saved.id === "string" && typeof saved.revision === "number" && isStatus(saved.status)) {
      if (Array.isArray(saved.entries) && Array.isArray(saved.history)) return saved as Saved;
    }
  } catch {
    // Not readable: as if nothing were there.
  }
  return undefined;
}

export function fresh(): Saved {
  const id = `${Date.now()}-${Math.random()}`;
  return { id, revision: 0, status: "idle", entries: [], history: [] };
}

/** Says whether the browser took it. One that is full, or may not, keeps nothing at all rather than something old. */
export function save(saved: Saved): boolean {
  try {
    localStorage.setItem(KEY, JSON.stringify(saved));
    return true;
  } catch {
    try {
      localStorage.removeItem(KEY);
    } catch {
      // It may not be touched, so nothing is in it.
    }
    return false;
  }
}

/** Calls back when another tab has saved. */
export function watch(changed: (saved: Saved) => void): void {
  addEventListener("storage", ({ key }) => {
    if (key === KEY || key === null) changed(load() ?? fresh());
  });
}

/** Runs `action` while no other tab of this browser runs one. Gives up, with false, where another one goes on. Browsers
 * without locks do not know of other tabs. */
export async function alone(action: () => Promise<void>): Promise<boolean> {
  let free = false;
  const run = async (): Promise<void> => {
    free = true;
    await action();
    await spread();
  };
  if (!navigator.locks) {
    await run();
    return free;
  }
  try {
    await navigator.locks.request(KEY, { signal: AbortSignal.timeout(PATIENCE) }, run);
  } catch (error) {
    if (free) throw error;
  }
  return free;
}

/** Resolves when no tab runs an action any more, and what the last one kept is here. */
export async function quiet(): Promise<void> {
  await navigator.locks?.request(KEY, { mode: "shared" }, spread);
}

function spread(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, SPREAD));
}

function isStatus(status: unknown): status is Saved["status"] {
  return status === "idle" || status === "running" || status === "waiting" || status === "failed";
}
