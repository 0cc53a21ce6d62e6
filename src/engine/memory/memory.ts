import { mkdirSync, rmSync, writeFileSync } from "node:fs";
import { freemem, totalmem } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import type { Runtime } from "../docker/connect.ts";
import { cacheFolder } from "../docker/cache-folder.ts";
import { thisProcess } from "../docker/labels.ts";
import { lockFile } from "../docker/lock.ts";
import { holderFile, isEnough, readHolders, tellHolders } from "./memory-holders.ts";
import type { MemoryHolder } from "./memory-holders.ts";
import { fileOfNote, readMemoryNote, takenBy, writeMemoryNote } from "./memory-notes.ts";

/** What a service takes of which nothing is known. */
const USUAL_BYTES = 256 * 1024 ** 2;
/** How long to wait before the machine's memory is looked at again, in milliseconds. */
const LOOK_AGAIN_MS = 500;
/** When a stack that is up is asked what it takes, in milliseconds, and how often then. */
const MEASURED_AFTER_MS = 2_000;
const MEASURED_EVERY_MS = 15_000;
/** An engine in a virtual machine has another memory than this machine has. */
const SAME_MEMORY = 0.02;

/** The share of one stack. */
export interface MemoryShare {
  /**
   * Resolves when there is memory for the stack, or nothing to know of it, or the wait has lasted long enough. Rejects when
   * `signal` ends it.
   */
  wait(signal: AbortSignal): Promise<void>;
  /** The stack is up, under this name: what it takes is measured from now on, for the next time. */
  setUp(stackId: string): void;
  /** The start has failed. */
  release(): void;
}

export interface MemoryContext {
  readonly runId: string;
  /** How long a stack waits at most, in milliseconds; 0: not at all. */
  readonly waitMs: number;
  readonly connect: () => Promise<Runtime>;
  readonly say: (line: string) => void;
}

/** What the stacks of this process take of the machine's memory, beside those of others. */
export function memoryOfRun({ runId, waitMs, connect, say }: MemoryContext): {
  share(name: string, services: number): MemoryShare;
  /** A stack of this name has been stopped. */
  release(stackId: string): void;
} {
  const folder = join(cacheFolder(), "memory");
  const file = holderFile(folder);
  const shares = new Map<MemoryShare, { bytes: number; isUp: boolean }>();

  const stacks = new Map<string, MemoryShare>();

  function write(): void {
    const all = [...shares.values()];
    const sum = (some: typeof all): number => some.reduce((bytes, each) => bytes + each.bytes, 0);
    const holder: MemoryHolder = {
      run: runId,
      owner: thisProcess(),
      heldBytes: sum(all),
      startingBytes: sum(all.filter(({ isUp }) => !isUp)),
    };
    if (all.length === 0) rmSync(file, { force: true });
    else writeFileSync(file, JSON.stringify(holder));
  }
  /** Where nobody can note anything, nobody knows of others. */
  function attempt(work: () => void): void {
    try {
      work();
    } catch {
      // The next start knows less.
    }
  }
  const atExit = (): void => rmSync(file, { force: true });

  function share(name: string, services: number): MemoryShare {
    const noteFile = fileOfNote(folder, name);
    let timer: NodeJS.Timeout | undefined;
    let most = 0;

    function hold(bytes: number): void {
      if (shares.size === 0) process.once("exit", atExit);
      shares.set(own, { bytes, isUp: false });
      attempt(write);
    }

    /** Takes its share where that can be done now. @returns what others hold where it cannot */
    function take(): { needBytes: number; others: readonly MemoryHolder[] } | undefined {
      mkdirSync(folder, { recursive: true });
      const lock = lockFile(join(folder, "lock"));
      if (!lock.isOurs) return { needBytes: 0, others: [] };
      try {
        const needBytes = readMemoryNote(noteFile) ?? services * USUAL_BYTES;
        const holders = readHolders(folder);
        if (!isEnough(needBytes, freemem(), runId, holders))
          return { needBytes, others: holders.filter(({ run }) => run !== runId) };
        hold(needBytes);
        return undefined;
      } finally {
        lock.release();
      }
    }

    const own: MemoryShare = {
      async wait(signal) {
        if (waitMs === 0 || services === 0 || shares.has(own)) return;
        const until = performance.now() + waitMs;
        let isSaid = false;
        for (;;) {
          let missing: ReturnType<typeof take>;
          try {
            missing = take();
          } catch {
            return;
          }
          if (missing === undefined || !(await isOfThisMachine(await connect()))) return;
          if (missing.others.length > 0 && !isSaid) say(`${name} waits for memory: ${tellHolders(missing)}`);
          isSaid ||= missing.others.length > 0;
          if (performance.now() > until) {
            hold(missing.needBytes);
            return say(`${name} waits no longer for memory: ${tellHolders(missing)}`);
          }
          await sleep(missing.others.length > 0 ? LOOK_AGAIN_MS : LOOK_AGAIN_MS / 10, undefined, { signal });
        }
      },
      setUp(stackId) {
        const known = shares.get(own);
        if (known === undefined) return;
        known.isUp = true;
        stacks.set(stackId, own);
        attempt(write);
        const measure = (): void => {
          timer = setTimeout(measure, MEASURED_EVERY_MS).unref();
          void takenBy(stackId, connect).then(
            (bytes) => {
              most = Math.max(most, bytes);
              if (most > 0 && shares.has(own)) attempt(() => writeMemoryNote(noteFile, most));
            },
            () => {},
          );
        };
        timer = setTimeout(measure, MEASURED_AFTER_MS).unref();
      },
      release() {
        clearTimeout(timer);
        if (!shares.delete(own)) return;
        if (shares.size === 0) process.off("exit", atExit);
        attempt(write);
      },
    };
    return own;
  }
  return { share, release: (stackId) => stacks.get(stackId)?.release() };
}

/** An engine elsewhere, or in a virtual machine, has a memory of its own, of which nothing is known. */
async function isOfThisMachine({ docker, local }: Runtime): Promise<boolean> {
  if (!local) return false;
  const { MemTotal } = (await docker.info().catch(() => ({}))) as { MemTotal?: number };
  return MemTotal !== undefined && Math.abs(MemTotal - totalmem()) < SAME_MEMORY * totalmem();
}
