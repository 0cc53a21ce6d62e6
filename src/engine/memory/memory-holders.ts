import { readFileSync, readdirSync, rmSync } from "node:fs";
import { freemem } from "node:os";
import { join } from "node:path";
import { hostOf, isOwnerDead, thisProcess } from "../docker/labels.ts";

/** What stays free, for everything else on this machine. */
const RESERVE_BYTES = 256 * 1024 ** 2;
const EXTENSION = ".holder";

/** What a process has started, and is starting at the moment, in bytes of memory. */
export interface MemoryHolder {
  readonly run: string;
  /** As in the label of what it owns: a host and a process id. */
  readonly owner: string;
  readonly heldBytes: number;
  /** What of it is not taken yet. */
  readonly startingBytes: number;
}

/**
 * Whether there is memory for a stack that takes so much: always when no other run holds any, for then nothing would change.
 * What runs that are starting will take is not free, though nobody has it yet.
 */
export function isEnough(
  needBytes: number,
  freeBytes: number,
  runId: string,
  holders: readonly MemoryHolder[],
): boolean {
  if (holders.every(({ run }) => run === runId)) return true;
  const starting = holders.reduce((sum, { startingBytes }) => sum + startingBytes, 0);
  return freeBytes - starting >= needBytes + RESERVE_BYTES;
}

/** Where this process notes what it holds. */
export function holderFile(folder: string): string {
  return join(folder, `${thisProcess().replace("/", "-")}${EXTENSION}`);
}

/** What the processes of this machine hold that are there. What others have left is removed. */
export function readHolders(folder: string): MemoryHolder[] {
  return readdirSync(folder).flatMap((name) => {
    if (!name.endsWith(EXTENSION)) return [];
    try {
      const holder = JSON.parse(readFileSync(join(folder, name), "utf8")) as MemoryHolder;
      if (isOwnerDead(holder.owner)) rmSync(join(folder, name), { force: true });
      else if (hostOf(holder.owner) === hostOf(thisProcess())) return [holder];
    } catch {
      // It is just being written, or removed.
    }
    return [];
  });
}

/** "3 runs hold 2.1 GiB, 0.4 GiB are free, and it takes 0.9 GiB" */
export function tellHolders({ needBytes, others }: { needBytes: number; others: readonly MemoryHolder[] }): string {
  const gib = (bytes: number): string => `${(bytes / 1024 ** 3).toFixed(1)} GiB`;
  const held = others.reduce((sum, { heldBytes }) => sum + heldBytes, 0);
  const runs = new Set(others.map(({ run }) => run)).size;
  const hold = runs === 1 ? "another run holds" : `${runs} other runs hold`;
  return `${hold} ${gib(held)}, ${gib(freemem())} are free, and it takes ${gib(needBytes)}`;
}
