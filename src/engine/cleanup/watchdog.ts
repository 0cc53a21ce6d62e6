/**
 * A process that outlives the run: it holds the other end of a pipe, and when the run is gone
 * without a word — `kill -9`, out of memory — it removes what the run has left on the engine.
 * It begins at once, where a reaper waits for its run to come back.
 *
 * Started by `startWatchdog` as `node watchdog.ts RUN_ID [NOTE]`; it loads nothing until it is needed.
 */
import { spawn } from "node:child_process";
import { existsSync, rmSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import type { Labels } from "../docker/labels.ts";

/** A creation that the engine was busy with when the run ended appears only afterwards: look again for this long. */
const LOOK_AGAIN_MS = 5_000;
/** And the processes that it had started for a kept stack may take this long to end, each with things of its own. */
const CHILDREN_END_WITHIN_MS = 10_000;
const LOOK_EVERY_MS = 500;

/**
 * Posts a watchdog for this run, or for a kept stack. The returned function dismisses it: call it when all is released.
 *
 * @param note of a kept stack, the file that says what of it is up: it goes first, for nobody is to take that over then. What
 *   a living process has made stays, and all that is noted anew: a run that begins meanwhile makes things of the same stack
 */
export function startWatchdog(runId: string, note?: string): () => void {
  const words = [runId, ...(note === undefined ? [] : [note])];
  const watchdog = spawn(process.execPath, [...process.execArgv, fileURLToPath(import.meta.url), ...words], {
    // Its own session: a Ctrl-C or a kill of the run's process group must not reach it.
    detached: true,
    stdio: ["pipe", "ignore", "ignore"],
  });
  watchdog.on("error", () => {});
  watchdog.stdin.on("error", () => {});
  watchdog.unref();
  (watchdog.stdin as unknown as { unref(): void }).unref();
  return () => watchdog.stdin.end("dismissed");
}

async function watch(runId: string, note?: string): Promise<void> {
  const word: Buffer[] = [];
  for await (const chunk of process.stdin) word.push(chunk as Buffer);
  if (Buffer.concat(word).toString() === "dismissed") return;
  if (note !== undefined) rmSync(note, { force: true });

  const [{ connectEngine }, { OWNER_LABEL, REAPER_LABEL, RUN_LABEL, isOwnerDead, removeResources }] = await Promise.all(
    [import("../docker/connect.ts"), import("../docker/labels.ts")],
  );
  const runtime = await connectEngine();
  const isAnothers = (): boolean => note !== undefined && existsSync(note);
  // A run that ends has written its note before: in this order.
  const isLeft = (labels: Labels): boolean => note === undefined || (isOwnerDead(labels[OWNER_LABEL]) && !isAnothers());
  const until = performance.now() + LOOK_AGAIN_MS + (note === undefined ? 0 : CHILDREN_END_WITHIN_MS);
  for (; performance.now() < until && !isAnothers(); await sleep(LOOK_EVERY_MS))
    await removeResources(runtime, `${RUN_LABEL}=${runId}`, isLeft).catch(() => {});
  // Last: until now it goes on for a watchdog that is killed as well.
  await removeResources(runtime, `${REAPER_LABEL}=${runId}`).catch(() => {});
}

// No await here: mocha loads what imports this with require().
if (process.argv[1] === fileURLToPath(import.meta.url)) void watch(process.argv[2]!, ...process.argv.slice(3));
