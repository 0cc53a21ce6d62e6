import { createHash, randomUUID } from "node:crypto";
import { createReadStream, mkdirSync } from "node:fs";
import { readFile, readdir, rename, rm, writeFile } from "node:fs/promises";
import { hostname } from "node:os";
import { join } from "node:path";
import { isDeepStrictEqual } from "node:util";
import { messageOf, usageError } from "../../errors.ts";
import type { Stack, TaskResult } from "../../stack/stack.ts";
import { cacheFolder } from "../docker/cache-folder.ts";
import { lockFile } from "../docker/lock.ts";
import { NAME_LABEL, OWNER_LABEL, STACK_LABEL, hostOf, removeResources } from "../docker/labels.ts";
import type { Runtime } from "../docker/connect.ts";
import type { VolumeRecord } from "./volume-baseline.ts";

/** What is known of kept stacks beside what the engine knows: who uses one now, and what it is reset to. */
const folder = (): string => join(cacheFolder(), "kept");

/** A stack that stays up between runs, for as long as nothing it comes from changes. */
export interface ReusableStack {
  /** Its name on the engine. */
  readonly id: string;
  /** The value of the run label of what belongs to it: no run, and so no run's end, owns it. */
  readonly owner: string;
  /** Ids of the containers that are up, by service; undefined when it has to be started. */
  readonly containers: ReadonlyMap<string, string> | undefined;
  /** Where the content of a volume is kept for the next run, and what the run before knew of it. */
  volume(name: string): { readonly file: string; readonly record: VolumeRecord | undefined } | undefined;
  /** What its tasks said when they ran, by name; undefined when that is not known. */
  readonly tasks: Tasks | undefined;
  /** Notes that all of it is up, in these containers: a stack of which nothing is noted is not taken over. */
  remember(containers: ReadonlyMap<string, string>, volumes: Records, tasks: Tasks): Promise<void>;
  /** Lets the next run have it. */
  unlock(): void;
}

/** By the volume's name; undefined where its files cannot be listed. */
type Records = Readonly<Record<string, VolumeRecord | undefined>>;

type Tasks = Readonly<Record<string, TaskResult>>;

/** What is noted of a kept stack in a file. */
interface Note {
  readonly tasks: Tasks;
  readonly containers: Readonly<Record<string, string>>;
  readonly volumes: Records;
}

/**
 * The kept stack of this key, for this run alone. Undefined when another run uses it at this moment, or it is another
 * host's. What is left of one that was cut off, or has lost a container or what it is reset to, is removed first.
 *
 * @param volumes the names of those that are reset
 */
export async function claimReusableStack(
  runtime: Runtime,
  stack: Stack,
  key: string,
  volumes: readonly string[],
): Promise<ReusableStack | undefined> {
  const id = `stackspec-${stack.name}-kept-${key}`;
  const unlock = lockStack(id);
  if (unlock === undefined) return undefined;
  try {
    const there = await listContainers(runtime, id);
    if (there.some(({ Labels }) => hostOf(Labels[OWNER_LABEL]) !== hostname())) {
      unlock();
      return undefined;
    }
    const containers = await containersOf(runtime, id);
    const note = await readNote(id, volumes);
    const isUp = note !== undefined && isDeepStrictEqual(note.containers, Object.fromEntries(containers));
    if (!isUp) {
      await removeResources(runtime, `${STACK_LABEL}=${id}`);
      await forgetReusableStack(id);
    }
    return {
      id,
      owner: id,
      containers: isUp ? containers : undefined,
      tasks: isUp ? note.tasks : undefined,
      volume: (name) => ({ file: contentFile(id, name), record: isUp ? note.volumes[name] : undefined }),
      remember: (up, records, tasks) => writeNote(id, { containers: Object.fromEntries(up), volumes: records, tasks }),
      unlock,
    };
  } catch (error) {
    unlock();
    throw error;
  }
}

/** Ids of the containers of a stack that are up, by service. */
export async function containersOf(runtime: Runtime, stackId: string): Promise<Map<string, string>> {
  const running = (await listContainers(runtime, stackId)).filter(({ State }) => State === "running");
  return new Map(running.map(({ Id, Labels }) => [Labels[NAME_LABEL]!, Id]));
}

function listContainers({ docker }: Runtime, stackId: string) {
  return docker.listContainers({ all: true, filters: { label: [`${STACK_LABEL}=${stackId}`] } });
}

/** True for the owner of what belongs to a kept stack rather than to a run. */
export const isReusableStack = (owner: string): boolean => /^stackspec-.*-kept-/.test(owner);

/**
 * Locks a kept stack, or the snapshots of one, for this process. Undefined when another has it.
 *
 * @returns lets go of it
 * @throws StackspecError `USAGE` where nothing of this user can be kept from run to run
 */
export function lockStack(id: string): (() => void) | undefined {
  try {
    mkdirSync(folder(), { recursive: true, mode: 0o700 });
    const lock = lockFile(join(folder(), `${id}.lock`));
    return lock.isOurs ? lock.release : undefined;
  } catch (cause) {
    const what = `expected a place below it that can be written, for what is kept from run to run: ${messageOf(cause)}`;
    throw usageError("HOME", what, cause);
  }
}

/** Forgets what is noted of a kept stack. */
export async function forgetReusableStack(id: string): Promise<void> {
  const files = await readdir(folder()).catch(() => []);
  const its = files.filter((file) => file.startsWith(`${id}.`) && !file.endsWith(".lock"));
  await Promise.all(its.map((file) => rm(join(folder(), file), { force: true })));
}

const contentFile = (id: string, volume: string): string => join(folder(), `${id}.${volume}.tar`);
const noteFile = (id: string): string => join(folder(), `${id}.json`);

/** What the run before noted: undefined unless it has all that a reset needs, as it was written. */
async function readNote(id: string, volumes: readonly string[]): Promise<Note | undefined> {
  try {
    const note = JSON.parse(await readFile(noteFile(id), "utf8")) as Note;
    const intact = volumes.map(async (name) => {
      const record = note.volumes[name];
      return (
        record !== undefined &&
        (record.content === undefined || record.content === (await digestOf(contentFile(id, name))))
      );
    });
    return (await Promise.all(intact)).every(Boolean) ? note : undefined;
  } catch {
    return undefined;
  }
}

/** Replaces the file whole: a run that is killed meanwhile leaves the one that was. */
async function writeNote(id: string, note: Note): Promise<void> {
  const unfinished = `${noteFile(id)}-${randomUUID()}`;
  await writeFile(unfinished, JSON.stringify(note), { mode: 0o600, flush: true });
  await rename(unfinished, noteFile(id));
}

async function digestOf(file: string): Promise<string> {
  const digest = createHash("sha256");
  for await (const chunk of createReadStream(file)) digest.update(chunk as Buffer);
  return digest.digest("hex");
}
