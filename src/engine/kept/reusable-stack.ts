import { createHash } from "node:crypto";
import { mkdirSync } from "node:fs";
import { hostname } from "node:os";
import { join } from "node:path";
import { messageOf, usageError } from "../../errors.ts";
import type { Stack, TaskResult } from "../../stack/stack.ts";
import { removeAll } from "../cleanup/remove-all.ts";
import { startWatchdog } from "../cleanup/watchdog.ts";
import { lockFile } from "../docker/lock.ts";
import {
  NAME_LABEL,
  OWNER_LABEL,
  RUN_LABEL,
  STACK_LABEL,
  hostOf,
  ignoreGone,
  removeContainer,
  removeResources,
  settleAll,
} from "../docker/labels.ts";
import type { Runtime } from "../docker/connect.ts";
import { contentFile, forgetReusableStack, keptFolder, noteFile, readNote, writeNote } from "./kept-note.ts";
import type { Access, Note, NotedNode } from "./kept-note.ts";
import type { VolumeRecord } from "../volumes/volume-baseline.ts";

/** A stack that stays up between runs. */
export interface ReusableStack {
  /** Its name on the engine. */
  readonly id: string;
  /** The value of the run label of what belongs to it: no run, and so no run's end, owns it. */
  readonly owner: string;
  /** What of it is up; undefined when it has to be started. */
  readonly noted: Note | undefined;
  /** Where the content of a volume is kept for the next run, and what is known of it already. */
  volume(name: string): { readonly file: string; readonly record: VolumeRecord | undefined } | undefined;
  /** Notes that only this is taken over, and removes all other containers, and the volumes of these names on the engine. */
  retain(note: Note, volumes: readonly string[]): Promise<void>;
  /** Notes that all of it is up, in these containers: what is not noted is not taken over. */
  remember(up: Up): Promise<void>;
  /** Lets the next run have it. */
  unlock(): void;
}

/** All of a stack that is up. */
export interface Up extends Pick<Note, "volumes" | "target" | "hasState"> {
  /** Ids, by service. */
  readonly containers: ReadonlyMap<string, string>;
  readonly tasks: Readonly<Record<string, TaskResult>>;
  readonly access: Readonly<Record<string, Access>>;
}

/** What a stack that is declared in this folder is called on the engine while it is kept: each checkout has its own. */
const reusableStackId = ({ name }: Stack): string => `stackspec-${name}-kept-${folderId()}`;

const folderId = (): string => createHash("sha256").update(process.cwd()).digest("hex").slice(0, 12);

/** The names on the engine of the stacks that are kept of this folder. */
export async function keptHere({ docker }: Runtime): Promise<string[]> {
  const networks = await docker.listNetworks({ filters: { label: [RUN_LABEL] } });
  const owners = new Set(networks.map(({ Labels }) => Labels![RUN_LABEL]!));
  return [...owners].filter((owner) => isReusableStack(owner) && isHere(owner));
}

/** True for a stack that is kept of this folder. */
export const isHere = (id: string): boolean => id.endsWith(`-kept-${folderId()}`);

/** Has a kept stack removed if this process is killed. @returns ends that */
export const guardReusableStack = (id: string): (() => void) => startWatchdog(id, noteFile(id));

/** Removes a kept stack, unless a run uses it. @returns whether it did */
export async function removeReusableStack(runtime: Runtime, id: string): Promise<boolean> {
  const unlock = lockStack(id);
  if (unlock === undefined) return false;
  try {
    await removeAll(runtime, `${RUN_LABEL}=${id}`);
    await forgetReusableStack(id);
    return true;
  } finally {
    unlock();
  }
}

/**
 * The kept stack of this name, for this run alone. Undefined when another run uses it at this moment, or it is another
 * host's. What is left of one that was cut off, or has lost a container, is removed first.
 *
 * @param keys what each of its parts comes from, by name
 */
export async function claimReusableStack(
  runtime: Runtime,
  stack: Stack,
  keys: ReadonlyMap<string, string>,
): Promise<ReusableStack | undefined> {
  const id = reusableStackId(stack);
  const unlock = lockStack(id);
  if (unlock === undefined) return undefined;
  try {
    const there = await listContainers(runtime, id);
    if (there.some(({ Labels }) => hostOf(Labels[OWNER_LABEL]) !== hostname())) {
      unlock();
      return undefined;
    }
    const running = new Set(there.filter(({ State }) => State === "running").map(({ Id }) => Id));
    const note = await readNote(id);
    const isUp =
      note !== undefined &&
      Object.values(note.nodes).every(({ container }) => container === undefined || running.has(container));
    if (!isUp) {
      await removeResources(runtime, `${STACK_LABEL}=${id}`);
      await forgetReusableStack(id);
    }
    let records = isUp ? note.volumes : {};
    return {
      id,
      owner: id,
      noted: isUp ? note : undefined,
      volume: (name) => ({ file: contentFile(id, name), record: records[name] }),
      async retain(left, volumes) {
        records = left.volumes;
        const ids = Object.values(left.nodes).map(({ container }) => container);
        // Who is killed from here on leaves to the next run what it can take over.
        await writeNote(id, left);
        await removeContainersBut(runtime, id, new Set(ids));
        await Promise.all(volumes.map((name) => ignoreGone(runtime.docker.getVolume(name).remove())));
      },
      async remember({ containers, tasks, access, ...others }) {
        const nodes = [...keys].map(([name, key]): [string, NotedNode] => [
          name,
          { key, container: containers.get(name), result: tasks[name], access: access[name] },
        ]);
        await writeNote(id, { ...others, nodes: Object.fromEntries(nodes) });
      },
      unlock,
    };
  } catch (error) {
    unlock();
    throw error;
  }
}

/** Removes the containers of a stack but for these. */
export async function removeContainersBut(
  runtime: Runtime,
  stackId: string,
  kept: ReadonlySet<string | undefined>,
): Promise<void> {
  const others = (await listContainers(runtime, stackId)).filter(({ Id }) => !kept.has(Id));
  await settleAll(others.map(({ Id }) => removeContainer(runtime.docker.getContainer(Id))));
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
    mkdirSync(keptFolder(), { recursive: true, mode: 0o700 });
    const lock = lockFile(join(keptFolder(), `${id}.lock`));
    return lock.isOurs ? lock.release : undefined;
  } catch (cause) {
    const what = `expected a place below it that can be written, for what is kept from run to run: ${messageOf(cause)}`;
    throw usageError("HOME", what, cause);
  }
}
