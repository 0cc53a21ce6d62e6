import { timeShare } from "./clock.ts";

/** Work that is done again and again while specs run, and takes no more than its share of the time. */
export interface Throttled {
  /** It has something to do: at once, when it may, else as soon as it may. */
  soon(): void;
  /** The same, after so many milliseconds at the latest. */
  within(ms: number): void;
  /** Whoever does it now by himself has done what was put off. */
  cancel(): void;
}

/**
 * @param atOnceMs the time that it may take before any has passed, in milliseconds
 * @param share the part of the time that passes: 10 for a tenth
 */
export function throttled(work: () => void, atOnceMs: number, share: number): Throttled {
  const time = timeShare(atOnceMs, share);
  let timer: NodeJS.Timeout | undefined;
  const now = (): void => {
    cancel();
    const fromMs = performance.now();
    try {
      work();
    } catch {
      // Mocha takes what a listener throws for a failure of the spec at hand. The last time says so.
    }
    time.spend(performance.now() - fromMs);
  };
  const within = (ms: number): void => {
    timer ??= setTimeout(now, ms).unref();
  };
  const cancel = (): void => {
    clearTimeout(timer);
    timer = undefined;
  };
  // A spec that calls process.exit leaves no time for the next time.
  process.once("exit", () => timer !== undefined && now());
  return {
    soon() {
      const leftMs = time.leftMs();
      if (leftMs > 0) now();
      else within(-share * leftMs);
    },
    within,
    cancel,
  };
}
