import { setImmediate } from "node:timers/promises";

/** Resolves when everything that can go on by itself has done so: all is in memory here. */
export async function settled(): Promise<void> {
  for (let turn = 0; turn < 5; turn++) await setImmediate();
}

/** What was rejected without a handler while `act` ran. */
export async function rejections(act: () => Promise<void>): Promise<unknown[]> {
  const unhandled: unknown[] = [];
  const note = (reason: unknown): void => void unhandled.push(reason);
  process.on("unhandledRejection", note);
  try {
    await act();
    await settled();
  } finally {
    process.off("unhandledRejection", note);
  }
  return unhandled;
}
