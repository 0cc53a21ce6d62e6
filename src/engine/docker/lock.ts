import { createHash, randomInt } from "node:crypto";
import { mkdirSync, rmSync } from "node:fs";
import { dirname, join } from "node:path";
import type { DatabaseSync } from "node:sqlite";
import { setTimeout as sleep } from "node:timers/promises";
import { cacheFolder } from "./cache-folder.ts";

/** A lock that this process has, until it releases it or ends; or one that another has. */
export type Lock =
  | { readonly isOurs: true; release(): void }
  /** `owner`: the other process's id. */
  | { readonly isOurs: false; readonly owner: number };

/** https://www.sqlite.org/rescode.html#busy */
const SQLITE_BUSY = 5;
/** Who asks for a lock at the same moment as others waits for so long, in milliseconds, before it is theirs. */
const ASKED_AT_ONCE_MS = 100;

/**
 * Locks a file, which is made for that and removed with the lock. It is SQLite's lock on a database without tables, which
 * the kernel lets go when the process is gone, however it went: there are no stale ones.
 *
 * @throws Error where no such file can be made
 */
export function lockFile(file: string): Lock {
  mkdirSync(dirname(file), { recursive: true });
  for (;;) {
    const database = open(file);
    const mark = randomInt(1, 2 ** 31);
    try {
      database.exec("PRAGMA journal_mode = MEMORY; PRAGMA synchronous = OFF; BEGIN IMMEDIATE");
      // Others read who it is while it is locked.
      database.exec(`PRAGMA user_version = ${process.pid}; PRAGMA application_id = ${mark}; COMMIT; BEGIN IMMEDIATE`);
      // Whoever had it before may have removed the file that was opened here: then others lock the next.
      if (read(file, "application_id") === mark) return { isOurs: true, release: () => release(file, database) };
      database.close();
    } catch (error) {
      database.close();
      if ((error as { errcode?: number }).errcode !== SQLITE_BUSY) throw error;
      const owner = read(file, "user_version");
      // None where it has just been released.
      if (owner !== 0) return { isOurs: false, owner };
    }
  }
}

/** How long to wait before a lock that another has is asked for again, in milliseconds. */
const ASK_AGAIN_MS = 500;

/**
 * Does some work while this process has the lock, which others may have to let go first.
 *
 * @param onWait called once when another process has it
 * @throws the reason of `signal` when that ends the wait; Error where no such file can be made
 */
export async function whileLocked<T>(
  file: string,
  signal: AbortSignal,
  work: () => Promise<T>,
  onWait: () => void = () => {},
): Promise<T> {
  for (let asked = 0; ; asked += 1) {
    const lock = lockFile(file);
    if (!lock.isOurs) {
      if (asked === 0) onWait();
      await sleep(ASK_AGAIN_MS, undefined, { signal });
    } else
      try {
        return await work();
      } finally {
        lock.release();
      }
  }
}

/**
 * Does some work while no other process of this user's does work of the same name. Where no lock can be made it is done
 * without.
 *
 * @throws the reason of `signal` when that ends the wait
 */
export async function whileAlone<T>(
  name: string,
  signal: AbortSignal,
  work: () => Promise<T>,
  onWait?: () => void,
): Promise<T> {
  const file = join(cacheFolder(), "locks", `${createHash("sha256").update(name).digest("hex").slice(0, 16)}.lock`);
  try {
    const lock = lockFile(file);
    if (lock.isOurs) lock.release();
  } catch {
    return work();
  }
  return whileLocked(file, signal, work, onWait);
}

function release(file: string, database: DatabaseSync): void {
  if (!database.isOpen) return;
  rmSync(file, { force: true });
  database.close();
}

function read(file: string, pragma: "user_version" | "application_id"): number {
  const database = open(file);
  try {
    return database.prepare(`PRAGMA ${pragma}`).get()![pragma] as number;
  } finally {
    database.close();
  }
}

function open(file: string): DatabaseSync {
  const Database = loadSqlite();
  return new Database(file, { timeout: ASKED_AT_ONCE_MS });
}

/** Without what Node 22 says when it is loaded, on the terminal of whoever has never asked for it: that it may change. */
function loadSqlite(): typeof DatabaseSync {
  const { emitWarning } = process;
  process.emitWarning = () => {};
  try {
    return process.getBuiltinModule("node:sqlite").DatabaseSync;
  } finally {
    process.emitWarning = emitWarning;
  }
}
