import { setTimeout as sleep } from "node:timers/promises";
import { StackspecError, messageOf } from "../../errors.ts";
import type { Runtime } from "../docker/connect.ts";
import { countResources, describeResources, listResources, removeResources } from "../docker/labels.ts";

/** How long something may take to go that is being removed already, in milliseconds. */
const GONE_WITHIN_MS = 15_000;
const LOOK_EVERY_MS = 200;
/** How long the engine may take for all of it, in milliseconds: one that hangs must not keep the run from ending. */
const ANSWERS_WITHIN_MS = 60_000;

/**
 * Removes what carries a label (`KEY=VALUE`), and looks whether it is gone. What the engine does not remove at once, or
 * somebody else is removing at this moment, a reaper say, is tried again for a while.
 *
 * @throws StackspecError `RELEASE_FAILED` naming what would not go
 */
export async function removeAll(runtime: Runtime, label: string): Promise<void> {
  const failure = (what: string, cause?: unknown): StackspecError =>
    new StackspecError("RELEASE_FAILED", what, {
      subject: "engine",
      hint: "npx stackspec clean removes what is left",
      cause,
    });
  let until: number | undefined;
  const silent = sleep(ANSWERS_WITHIN_MS, undefined, { ref: false }).then(() => {
    throw new Error(`it does not answer within ${ANSWERS_WITHIN_MS} ms`);
  });
  silent.catch(() => {});
  for (;;) {
    // A busy engine now and then cannot remove a container's files at once, and can a moment later.
    const refusal: unknown = await Promise.race([removeResources(runtime, label), silent]).then(
      () => undefined,
      (error: unknown) => error,
    );
    const left = await Promise.race([listResources(runtime, label), silent]).catch((cause: unknown) => {
      throw failure(`the engine does not say whether anything is left: ${messageOf(cause)}`, cause);
    });
    if (countResources(left) === 0) return;
    // From now on: the engine may have taken longer for what it did remove.
    until ??= performance.now() + GONE_WITHIN_MS;
    if (performance.now() > until) {
      const why = refusal === undefined ? "" : `: ${messageOf(refusal)}`;
      throw failure(`expected nothing to be left, found ${describeResources(left)}${why}`, refusal);
    }
    await sleep(LOOK_EVERY_MS);
  }
}
