import { createHash, randomUUID } from "node:crypto";
import { createReadStream } from "node:fs";
import { readFile, readdir, rename, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { TaskResult } from "../../stack/stack.ts";
import type { Prompt } from "../../stack/driver.ts";
import { cacheFolder } from "../docker/cache-folder.ts";
import type { VolumeRecord } from "../volumes/volume-baseline.ts";

/** What is known of kept stacks beside what the engine knows: who uses one now, and what it is reset to. */
export const keptFolder = (): string => join(cacheFolder(), "kept");

/** What is noted of a service that is up, or of a task that is done. */
export interface NotedNode {
  /** A digest of what it comes from. */
  readonly key: string;
  /** The id of the service's container. */
  readonly container?: string | undefined;
  /** What the task said. */
  readonly result?: TaskResult | undefined;
  /** How people reach the service. */
  readonly access?: Access | undefined;
}

/** How people reach a service of a kept stack. */
export interface Access {
  /** The container's port that speaks HTTP. */
  readonly http?: number | undefined;
  /** Its declared address; where it runs outside of the stack, that one. */
  readonly url?: string | undefined;
  readonly prompt?: Prompt | undefined;
  /** Its data is in memory, and gone when its container stops. */
  readonly inMemory?: boolean;
}

/** What is noted of a kept stack in a file: each part of it that the next run may take over, by its name. */
export interface Note {
  readonly nodes: Readonly<Record<string, NotedNode>>;
  /** What a reset brings volumes back to; undefined where their files cannot be listed. */
  readonly volumes: Readonly<Record<string, VolumeRecord | undefined>>;
  /** The service that specs talk to. */
  readonly target?: string | undefined;
  /** It was started in the state of a spec that failed: no run takes that over. */
  readonly hasState?: boolean | undefined;
}

/** What people may want to know of it. */
export interface KeptFacts extends Pick<Note, "nodes" | "target"> {
  /** The project's folder. */
  readonly folder: string;
}

/** The file with a volume's content. */
export const contentFile = (id: string, volume: string): string => join(keptFolder(), `${id}.${volume}.tar`);

/** The file with what is noted of a kept stack. */
export const noteFile = (id: string): string => join(keptFolder(), `${id}.json`);

/** What the run before noted, without the volumes whose content is not as it was written; undefined when it is not whole. */
export async function readNote(id: string): Promise<Note | undefined> {
  try {
    const { nodes, volumes, target, hasState } = await parseNote(id);
    const intact = await Promise.all(
      Object.entries(volumes).map(async ([name, record]) => {
        const isIntact =
          record?.content === undefined || record.content === (await digestOf(contentFile(id, name)).catch(() => ""));
        return isIntact ? [[name, record] as const] : [];
      }),
    );
    return { nodes: { ...nodes }, volumes: Object.fromEntries(intact.flat()), target, hasState };
  } catch {
    return undefined;
  }
}

/** The same without a look at its volumes. */
export async function readFacts(id: string): Promise<KeptFacts | undefined> {
  return parseNote(id).catch(() => undefined);
}

/** Forgets a part of a kept stack, which the next run starts anew then. */
export async function forgetNode(id: string, name: string): Promise<void> {
  const note = await parseNote(id);
  const { [name]: _forgotten, ...nodes } = note.nodes;
  await writeNote(id, { ...note, nodes });
}

async function parseNote(id: string): Promise<Note & KeptFacts> {
  return JSON.parse(await readFile(noteFile(id), "utf8")) as Note & KeptFacts;
}

/** Replaces the file whole: a run that is killed meanwhile leaves the one that was. */
export async function writeNote(id: string, note: Note): Promise<void> {
  const unfinished = `${noteFile(id)}-${randomUUID()}`;
  await writeFile(unfinished, JSON.stringify({ ...note, folder: process.cwd() }), { mode: 0o600, flush: true });
  await rename(unfinished, noteFile(id));
}

/** Forgets what is noted of a kept stack. */
export async function forgetReusableStack(id: string): Promise<void> {
  const files = await readdir(keptFolder()).catch(() => []);
  const its = files.filter((file) => file.startsWith(`${id}.`) && !file.endsWith(".lock"));
  await Promise.all(its.map((file) => rm(join(keptFolder(), file), { force: true })));
}

async function digestOf(file: string): Promise<string> {
  const digest = createHash("sha256");
  for await (const chunk of createReadStream(file)) digest.update(chunk as Buffer);
  return digest.digest("hex");
}
