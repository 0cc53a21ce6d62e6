/**
 * A process that holds the browser of a run, and outlives that: when the run is gone, in whichever way, it closes the
 * browser and removes what that has written. Chromium goes with this process.
 *
 * Started by `startBrowser` as `node browser-process.ts CHROMIUM`, with a folder of its own as `TMPDIR`; it answers with
 * the address at which the browser is reached, or with why there is none.
 */
import { rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { setTimeout as sleep } from "node:timers/promises";
import type { BrowserServer } from "playwright-core";
import { messageOf } from "../errors.ts";
import { loadPlaywright } from "./chromium.ts";

/** What is said to the run. */
export type Word = { readonly address: string } | { readonly failure: string };

/** How long a browser may take to close, in milliseconds, before it is killed. */
const CLOSED_WITHIN_MS = 5_000;

const gone = new Promise((resolve) => process.once("disconnect", resolve));
const tell = (word: Word): void => void (process.connected && process.send!(word));

let server: BrowserServer | undefined;
try {
  const { chromium } = await loadPlaywright();
  server = await chromium.launchServer({
    executablePath: process.argv[2]!,
    host: "127.0.0.1",
    // A Ctrl-C is the run's to hear.
    handleSIGINT: false,
    handleSIGTERM: false,
    handleSIGHUP: false,
  });
  tell({ address: server.wsEndpoint() });
  const crashed = new Promise<void>((resolve) => server!.once("close", () => resolve()));
  await Promise.race([gone, crashed]);
  await Promise.race([server.close(), sleep(CLOSED_WITHIN_MS).then(() => server!.kill())]);
} catch (error) {
  tell({ failure: messageOf(error) });
}
// Some of its processes may still be writing.
await rm(tmpdir(), { recursive: true, force: true, maxRetries: 20, retryDelay: 100 });
process.exit();
