/**
 * A process that outlives the run: it holds the other end of a pipe, and when the run is gone
 * without a word — `kill -9`, out of memory — it removes what the run has left on the engine.
 * It begins at once, where a reaper waits for its run to come back.
 *
 * Started by `startWatchdog` as `node watchdog.ts RUN_ID [NOTE OWNER]`; it loads nothing until it is needed.
 */
import { spawn } from "node:child_process";
import { rmSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";

/** A creation that the engine was busy with when the run ended appears only afterwards: look again for this long. */
const LOOK_AGAIN_MS = 5_000;
const LOOK_EVERY_MS = 500;

/**
 * Posts a watchdog for this run, or for a kept stack. The returned function dismisses it: call it when all is released.
 *
 * @param kept the file that says what of the stack is up: it goes first, for nobody is to take that over then; and who has made
 *   what is to be removed, if it is one process: a run that begins meanwhile makes things of the same stack
 */
export function startWatchdog(runId: string, kept?: { readonly note: string; readonly owner?: string }): () => void {
  const words = [runId, ...(kept === undefined ? [] : [kept.note, kept.owner ?? ""])];
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

async function watch(runId: string, note = "", owner = ""): Promise<void> {
  const word: Buffer[] = [];
  for await (const chunk of process.stdin) word.push(chunk as Buffer);
  if (Buffer.concat(word).toString() === "dismissed") return;
  if (note !== "") rmSync(note, { force: true });

  const [{ connectEngine }, { OWNER_LABEL, REAPER_LABEL, RUN_LABEL, removeResources }] = await Promise.all([
    import("../docker/connect.ts"),
    import("../docker/labels.ts"),
  ]);
  const runtime = await connectEngine();
  const labels = [`${RUN_LABEL}=${runId}`, ...(owner === "" ? [] : [`${OWNER_LABEL}=${owner}`])];
  for (const until = performance.now() + LOOK_AGAIN_MS; performance.now() < until; await sleep(LOOK_EVERY_MS))
    await removeResources(runtime, ...labels).catch(() => {});
  // Last: until now it goes on for a watchdog that is killed as well.
  await removeResources(runtime, `${REAPER_LABEL}=${runId}`).catch(() => {});
}

// No await here: mocha loads what imports this with require().
if (process.argv[1] === fileURLToPath(import.meta.url)) void watch(process.argv[2]!, ...process.argv.slice(3));
