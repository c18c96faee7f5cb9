/** How the page stayed fluid meanwhile. */
export interface Frames {
  /** The longest task of the main thread; 0 where none took 50 ms, which is the shortest that browsers report. */
  readonly longest: number;
  /** The longest time between two frames. */
  readonly gap: number;
  /** Frames that a display of 60 Hz would have shown and that did not come. */
  readonly missed: number;
}

const FRAME = 1000 / 60;

/** Watches until the function that it gives is called. */
export function watchFrames(): () => Promise<Frames> {
  const tasks: number[] = [];
  const note = (entries: PerformanceEntryList): void => entries.forEach((entry) => tasks.push(entry.duration));
  const observer = new PerformanceObserver((list) => note(list.getEntries()));
  observer.observe({ type: "longtask" });

  let gap = 0;
  let missed = 0;
  let last: number | undefined;
  let stopped = false;
  let stop = (): void => {};
  const frame = (time: number): void => {
    if (last !== undefined) {
      gap = Math.max(gap, time - last);
      missed += Math.max(0, Math.round((time - last) / FRAME) - 1);
    }
    last = time;
    if (stopped) stop();
    else requestAnimationFrame(frame);
  };
  requestAnimationFrame(frame);

  return async () => {
    await new Promise<void>((resolve) => {
      stopped = true;
      stop = resolve;
    });
    await new Promise((resolve) => setTimeout(resolve)); // the task that the last frame was in is over
    note(observer.takeRecords());
    observer.disconnect();
    return { longest: Math.max(0, ...tasks), gap, missed };
  };
}
