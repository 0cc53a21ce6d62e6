import { spawn } from "node:child_process";
import { once } from "node:events";
import { fstatSync, statSync } from "node:fs";
import { basename, resolve } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { text } from "node:stream/consumers";
import { watch } from "chokidar";

/** Editors write a file in several steps: so long nothing may happen before an edit is taken for whole, in milliseconds. */
const QUIET_MS = 100;

/** Folders that nobody edits by hand. */
const NOT_EDITED = new Set([".git", "node_modules"]);
/** What editors write beside a file while it is edited. */
const BESIDE = /~$|\.sw[a-z]$|^\.#|^4913$/;

/** The edits of a project's files. */
export interface Edits {
  /** The absolute paths of files that were edited since it was asked last, as soon as there are any; none when `signal` aborts. */
  next(signal: AbortSignal): Promise<readonly string[]>;
  /** Those of this moment, which may be none. Files that came or went are not among them, but for spec files: runs make others. */
  since(): Promise<readonly string[]>;
  close(): Promise<void>;
}

/**
 * Watches the files of the project in the working directory, but for those that git ignores, which builds write, and reports.
 *
 * @param reports their folder
 */
export async function watchFiles(reports: string): Promise<Edits> {
  const edited = new Map<string, string>();
  let heard = Promise.withResolvers<void>();
  const skipped = resolve(reports);
  const watcher = watch(".", {
    ignoreInitial: true,
    ignored: (path) => NOT_EDITED.has(basename(path)) || BESIDE.test(basename(path)) || resolve(path) === skipped,
  });
  watcher.on("all", (event, path) => {
    if (event === "addDir" || event === "unlinkDir") return;
    edited.set(resolve(path), event);
    heard.resolve();
  });
  // A file that cannot be watched is not worth the end of it.
  watcher.on("error", () => {});
  await once(watcher, "ready");
  const take = async (counts: (path: string, event: string) => boolean): Promise<string[]> => {
    for (let size = -1; size !== edited.size; await sleep(QUIET_MS)) size = edited.size;
    heard = Promise.withResolvers();
    const found = [...edited].filter(([path, event]) => counts(path, event) && !isOutput(path));
    edited.clear();
    return notIgnored(found.map(([path]) => path));
  };
  return {
    async next(signal) {
      const over = Promise.withResolvers<void>();
      signal.addEventListener("abort", () => over.resolve(), { once: true });
      await Promise.race([heard.promise, over.promise]);
      return signal.aborted ? [] : take(() => true);
    },
    since: () => take((path, event) => event === "change" || /\.spec\.[jt]s$/.test(path)),
    close: () => watcher.close(),
  };
}

/** True for a file that this process, and so each run, writes what it says to. */
function isOutput(path: string): boolean {
  const file = statSync(path, { throwIfNoEntry: false });
  return [1, 2].some((output) => {
    const { dev, ino } = fstatSync(output);
    return file?.dev === dev && file.ino === ino;
  });
}

/** Those of these files that git does not ignore; all of them where there is no git. */
async function notIgnored(files: readonly string[]): Promise<string[]> {
  const git = spawn("git", ["check-ignore", "--stdin", "-z"], { stdio: ["pipe", "pipe", "ignore"] });
  git.stdin.on("error", () => {});
  git.stdin.end(files.map((file) => `${file}\0`).join(""));
  const ended = once(git, "close").catch(() => {});
  const ignored = new Set((await text(git.stdout).catch(() => "")).split("\0"));
  await ended;
  return files.filter((file) => !ignored.has(file));
}
