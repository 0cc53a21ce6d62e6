import { usageError } from "../../errors.ts";
import { settleAll } from "../docker/labels.ts";
import { closeParts, notePart, resetPart } from "./reset-part.ts";
import type { Part } from "./reset-part.ts";

/** What a started stack held at one moment, beside what it is reset to. */
export interface Checkpoint {
  /**
   * Brings its databases and volumes back to that, as often as it is asked. A reset brings them back to where the tasks left
   * them, as ever.
   *
   * @throws StackspecError `RESET_FAILED` naming the service or volume, after everything has been tried
   */
  restore(): Promise<void>;
}

/** A started stack whose data can be brought back. The README says of which services. */
export interface Resettable {
  /**
   * Brings its databases and volumes back to where the tasks left them, and calls `reset()` of services that are objects
   * of this process and have one.
   *
   * @throws StackspecError `RESET_FAILED` naming the service or volume, after everything has been tried
   */
  reset(): Promise<void>;
  /**
   * Notes what its databases and volumes hold now, as a state to come back to beside where the tasks left them.
   *
   * @example `const point = await stack.checkpoint()`, and then, as often as wanted, `await point.restore()`
   * @throws StackspecError `USAGE` naming the services of which no checkpoint can be made, `RESET_FAILED`
   */
  checkpoint(): Promise<Checkpoint>;
}

/** The checkpoints of one started stack. */
export interface Checkpoints {
  take(): Promise<Checkpoint>;
  /** Closes connections and files. */
  close(): Promise<void>;
}

/**
 * @param parts what is reset
 * @param unreset the names of what is not, though it keeps data
 */
export function checkpointsOf(stack: string, parts: readonly Part[], unreset: readonly string[]): Checkpoints {
  const noted: Part[] = [];
  let count = 0;
  return {
    async take() {
      const cannot = [...parts.filter(({ note }) => note === undefined).map(({ name }) => name), ...unreset];
      if (cannot.length > 0)
        throw usageError(
          stack,
          `expected services of which a checkpoint can be made, got ${cannot.join(", ")}: reset: "keep" leaves one out`,
        );
      count += 1;
      const baseline = `_checkpoint_${count}`;
      const taken: Part[] = [];
      await settleAll(
        parts.map(async (part) => {
          const copy = await notePart(part, baseline);
          noted.push(copy);
          taken.push(copy);
        }),
      );
      return { restore: () => settleAll(taken.map(resetPart)) };
    },
    close: () => closeParts(noted),
  };
}
