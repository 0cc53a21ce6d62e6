import { fork } from "node:child_process";
import type { ChildProcess } from "node:child_process";
import { once } from "node:events";
import { mkdtemp } from "node:fs/promises";
import { tmpdir } from "node:os";
import { extname, join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import type { Browser } from "playwright-core";
import { StackspecError } from "../errors.ts";
import type { Word } from "./browser-process.ts";
import { findChromium, loadPlaywright } from "./chromium.ts";

/** How long the process that holds the browser may take to end, in milliseconds, before it is killed. */
const ENDS_WITHIN_MS = 15_000;

/** A browser that runs for this process. */
export interface RunningBrowser {
  readonly browser: Browser;
  /** A folder that goes with it. */
  readonly folder: string;
  /** Resolves when it and what it has written are gone. */
  close(): Promise<void>;
}

/**
 * Starts a Chromium without a window, in a process that outlives this one for as long as it takes to close it.
 *
 * @throws StackspecError `USAGE` saying what to install, `BROWSER_FAILED` when it does not start
 */
export async function startBrowser(install: boolean, say: (line: string) => void): Promise<RunningBrowser> {
  const playwright = await loadPlaywright();
  const path = await findChromium(playwright, install, say);
  const folder = await mkdtemp(join(tmpdir(), "stackspec-browser-"));
  const holder = fork(join(import.meta.dirname, `browser-process${extname(import.meta.filename)}`), [path], {
    // Its own session: a Ctrl-C or a kill of the run's process group must not reach it.
    detached: true,
    env: { ...process.env, TMPDIR: folder },
    stdio: ["ignore", "ignore", "ignore", "ipc"],
  });
  const ended = new Promise<void>((resolve) => holder.once("exit", () => resolve()).once("error", () => resolve()));
  // What is open to it keeps no process alive that has nothing else to do.
  holder.unref();
  holder.channel?.unref();
  const close = async (): Promise<void> => {
    holder.ref();
    if (holder.connected) holder.disconnect();
    await Promise.race([ended, sleep(ENDS_WITHIN_MS, undefined, { ref: false }).then(() => holder.kill("SIGKILL"))]);
  };
  try {
    const browser = await playwright.chromium.connect(await addressFrom(holder));
    return { browser, folder, close: () => browser.close().then(close, close) };
  } catch (error) {
    await close();
    throw error;
  }
}

async function addressFrom(holder: ChildProcess): Promise<string> {
  holder.channel?.ref();
  const exited = once(holder, "exit").then(([code]) => [{ failure: `its process exited with ${code}` }]);
  const [word] = (await Promise.race([once(holder, "message"), exited])) as [Word];
  holder.channel?.unref();
  if ("address" in word) return word.address;
  throw new StackspecError("BROWSER_FAILED", "Chromium does not start", {
    subject: "browser",
    evidence: word.failure,
  });
}
