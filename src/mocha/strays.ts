import { AsyncLocalStorage } from "node:async_hooks";
import type { Test } from "mocha";
import { messageOf } from "../errors.ts";

/** Finds what is thrown where nobody waits for it, as after a forgotten `await`. Mocha lets rejections pass in silence. */
export interface Strays {
  /** Listens from now on. Mocha takes all listeners away after each file of a parallel worker. */
  listen(): void;
  /** Whatever is begun from now on is this spec's; undefined: nobody's. */
  belongsTo(test: Test | undefined): void;
  /** The spec that whoever asks is part of. The object is a key for what is known of it: it is gone with the last that the spec began. */
  readonly current: { readonly test: Test } | undefined;
  /** Mocha has ended, and takes no failure any more. */
  endRun(): void;
  /** What came after that, or could not be handed to mocha. */
  readonly late: readonly string[];
}

/** @param onLate called when a spec fails that had ended, in the context of that spec */
export function watchStrays(onLate: (thrown: unknown) => void): Strays {
  // Node calls back in the context in which a promise was made, however late it is rejected.
  const spec = new AsyncLocalStorage<Strays["current"]>();
  const late: string[] = [];
  const seen = new WeakSet<Promise<unknown>>();
  let isOver = false;

  const keep = (thrown: unknown): void => {
    const title = spec.getStore()?.test.fullTitle();
    late.push(`${title === undefined ? "" : `of "${title}": `}${messageOf(thrown)}`);
  };
  const hear = (thrown: unknown, promise: Promise<unknown>): void => {
    // Mocha calls all listeners once more.
    if (seen.has(promise)) return;
    seen.add(promise);
    const test = spec.getStore()?.test;
    if (isOver) return keep(thrown);
    // To mocha that is an exception: it fails the hook that runs.
    if (test?.callback === undefined) throw thrown;
    if (test.state === undefined) return test.callback(thrown);
    try {
      test.emit("error", thrown);
    } catch {
      return keep(thrown);
    }
    onLate(thrown);
  };
  return {
    listen() {
      if (!process.listeners("unhandledRejection").includes(hear)) process.on("unhandledRejection", hear);
    },
    belongsTo: (test) => spec.enterWith(test && { test }),
    get current() {
      return spec.getStore();
    },
    endRun() {
      isOver = true;
      process.on("uncaughtException", keep);
    },
    late,
  };
}
