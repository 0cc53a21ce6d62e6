import type { GenericContainer } from "testcontainers";
import type Dockerode from "dockerode";
import type { ResolvedImage } from "../../images/resolve.ts";
import type { Service, TaskResult } from "../../stack/stack.ts";
import type { ImageCommand } from "../container/configure.ts";
import { dataOf, startFrom } from "../drivers/data.ts";
import { moveArchive } from "../docker/archive.ts";
import { isNotFound } from "../docker/connect.ts";
import type { Runtime } from "../docker/connect.ts";
import type { Layer } from "./layers.ts";
import { openCapture } from "./capture.ts";
import { passwordsDigest } from "./passwords.ts";
import {
  BASE_LABEL,
  DATA_PATH,
  PASSWORDS_LABEL,
  TASKS_LABEL,
  foldersOf,
  readTasksLabel,
  snapshotReference,
} from "./store.ts";

/** An image of a snapshot on the engine. */
export interface SnapshotImage {
  readonly reference: string;
  readonly config: ImageCommand & { readonly Labels?: Readonly<Record<string, string>> | null };
}

/** A complete snapshot on the engine: the images that hold it, and what its tasks had to say. */
export interface Snapshot {
  readonly images: ReadonlyMap<Service, SnapshotImage>;
  readonly tasks: ReadonlyMap<string, TaskResult>;
}

/** The snapshot of a layer, when all of it is there: every image, and the result of every task. One that was cut off while it was written is not. */
export async function findSnapshot(
  { docker }: Runtime,
  stack: string,
  { key, holders, tasks: expected }: Layer,
): Promise<Snapshot | undefined> {
  if (holders.length === 0) return undefined;
  const found = await Promise.all(holders.map(({ name }) => findImage(docker, snapshotReference(stack, name, key))));
  if (found.includes(undefined)) return undefined;
  const tasks = readTasksLabel(found[0]!.config.Labels?.[TASKS_LABEL]);
  if (expected.some(({ name }) => !tasks.has(name))) return undefined;
  return { images: new Map(holders.map((service, index) => [service, found[index]!])), tasks };
}

async function findImage(docker: Dockerode, reference: string): Promise<SnapshotImage | undefined> {
  try {
    return { reference, config: (await docker.getImage(reference).inspect()).Config };
  } catch (error) {
    if (isNotFound(error)) return undefined;
    throw error;
  }
}

/**
 * Makes a container that runs a snapshot's image start from the data in it.
 *
 * @returns true when that is of a machine with other passwords, which are set anew
 */
export function runFromSnapshot(
  container: GenericContainer,
  service: Service,
  image: SnapshotImage["config"],
): boolean {
  const data = dataOf(service, container);
  if (data === undefined) return false;
  const isForeign = image.Labels?.[PASSWORDS_LABEL] !== passwordsDigest(service, container);
  startFrom(service, container, DATA_PATH, data.path, image, isForeign);
  return isForeign;
}

/**
 * An image of a snapshot, on the image that its service runs now. It may be of another one: what the tasks have left may be
 * the same for both, and one that comes from another machine is of none.
 *
 * @param runId who removes what is left when it is cut off
 */
export async function onImage(
  docker: Dockerode,
  image: SnapshotImage,
  current: ResolvedImage,
  runId: string,
  signal: AbortSignal,
): Promise<SnapshotImage> {
  const { reference, config } = image;
  const labels = config.Labels ?? {};
  if (labels[BASE_LABEL] === current.digest) return image;
  const made = await openCapture(docker, current.reference, { ...labels, [BASE_LABEL]: current.digest }, runId, signal);
  try {
    const held = await openCapture(docker, reference, {}, runId, signal);
    try {
      for (const path of foldersOf(labels)) await made.fill(moveArchive(await held.read(path), path));
    } finally {
      await held.remove();
    }
    await made.commit(reference);
  } finally {
    await made.remove();
  }
  return (await findImage(docker, reference))!;
}
