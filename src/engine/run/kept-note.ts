import { createHash, randomUUID } from "node:crypto";
import { createReadStream } from "node:fs";
import { readFile, readdir, rename, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { TaskResult } from "../../stack/stack.ts";
import { cacheFolder } from "../docker/cache-folder.ts";
import type { VolumeRecord } from "./volume-baseline.ts";

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
}

/** What is noted of a kept stack in a file: each part of it that the next run may take over, by its name. */
export interface Note {
  readonly nodes: Readonly<Record<string, NotedNode>>;
  /** What a reset brings volumes back to; undefined where their files cannot be listed. */
  readonly volumes: Readonly<Record<string, VolumeRecord | undefined>>;
}

/** The file with a volume's content. */
export const contentFile = (id: string, volume: string): string => join(keptFolder(), `${id}.${volume}.tar`);

const noteFile = (id: string): string => join(keptFolder(), `${id}.json`);

/** What the run before noted, without the volumes whose content is not as it was written; undefined when it is not whole. */
export async function readNote(id: string): Promise<Note | undefined> {
  try {
    const { nodes, volumes } = JSON.parse(await readFile(noteFile(id), "utf8")) as Note;
    const intact = await Promise.all(
      Object.entries(volumes).map(async ([name, record]) => {
        const isIntact =
          record?.content === undefined || record.content === (await digestOf(contentFile(id, name)).catch(() => ""));
        return isIntact ? [[name, record] as const] : [];
      }),
    );
    return { nodes: { ...nodes }, volumes: Object.fromEntries(intact.flat()) };
  } catch {
    return undefined;
  }
}

/** Replaces the file whole: a run that is killed meanwhile leaves the one that was. */
export async function writeNote(id: string, note: Note): Promise<void> {
  const unfinished = `${noteFile(id)}-${randomUUID()}`;
  await writeFile(unfinished, JSON.stringify(note), { mode: 0o600, flush: true });
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
