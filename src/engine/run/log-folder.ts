import { readdirSync, rmSync, statSync } from "node:fs";
import { join } from "node:path";
import { lockFile } from "../docker/lock.ts";

/** How long the logs of a run that found its folder in use are kept, in milliseconds: a day. */
const KEPT_MS = 24 * 3_600_000;

/** A folder of logs that this run alone writes to. */
export interface LogFolder {
  readonly name: string;
  /** Lets the next run have it. */
  release(): void;
}

/**
 * The folder for the logs of a stack: the one of its name, or, while another run writes there, one that has this run's id
 * too. Of the latter those are removed that are a day old.
 */
export function claimLogFolder(parent: string, name: string, runId: string): LogFolder {
  try {
    const lock = lockFile(join(parent, `${name}.lock`));
    removeOld(parent, name);
    return lock.isOurs ? { name, release: lock.release } : { name: `${name}-${runId}`, release() {} };
  } catch {
    // Where no file can be made no log is written either, and that says so.
    return { name, release() {} };
  }
}

function removeOld(parent: string, name: string): void {
  for (const { name: found, parentPath } of readdirSync(parent, { withFileTypes: true })) {
    const folder = join(parentPath, found);
    const isOfOneRun = found.startsWith(`${name}-`) && /^[0-9a-f]{8}$/.test(found.slice(name.length + 1));
    if (isOfOneRun && statSync(folder).mtimeMs < Date.now() - KEPT_MS) rmSync(folder, { recursive: true, force: true });
  }
}
