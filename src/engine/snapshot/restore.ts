import type Dockerode from "dockerode";
import type { Node, Service, Stack, TaskResult } from "../../stack/stack.ts";
import { replaceImage } from "../container/configure.ts";
import { isContainer } from "../container/internals.ts";
import { dataOf, startFrom } from "../drivers/driver.ts";
import type { Runtime } from "../docker/connect.ts";
import { keptNodes } from "./key.ts";
import { DATA_PATH, TASKS_LABEL, readTasksLabel, snapshotReference } from "./store.ts";

/** A complete snapshot on the engine: the images that hold it, and what its tasks had to say. */
export interface Snapshot {
  readonly key: string;
  readonly images: ReadonlyMap<Service, Dockerode.ImageInspectInfo>;
  readonly tasks: ReadonlyMap<string, TaskResult>;
}

/**
 * The services that hold a snapshot: those with a data directory, and of each volume that a task may write
 * the first service that mounts it. Their images are what a restored stack runs.
 */
export function holdersOf(stack: Stack, made: ReadonlyMap<Node, unknown>): Service[] {
  const kept = new Set(keptNodes(stack, made));
  const services = stack.nodes.filter((node) => node.kind === "service");
  const holders = services.filter((service) => {
    const container = made.get(service);
    return isContainer(container) && dataOf(service, container) !== undefined;
  });
  for (const volume of stack.volumes) {
    const written = [...kept].some(({ options }) => options.mounts?.some((mount) => mount.volume === volume));
    const holder = services.find(({ options }) => options.mounts?.some((mount) => mount.volume === volume));
    if (written && holder !== undefined && !holders.includes(holder)) holders.push(holder);
  }
  return holders;
}

/** The snapshot of this key, when all of it is there. One that was cut off while it was written is not. */
export async function findSnapshot(
  { docker }: Runtime,
  stack: Stack,
  holders: readonly Service[],
  key: string,
): Promise<Snapshot | undefined> {
  const found = await Promise.all(
    holders.map((service) =>
      docker
        .getImage(snapshotReference(stack.name, service.name, key))
        .inspect()
        .catch(() => undefined),
    ),
  );
  const images = new Map(holders.map((service, index) => [service, found[index]]));
  if (holders.length === 0 || found.includes(undefined)) return undefined;
  const tasks = readTasksLabel(found[0]?.Config.Labels?.[TASKS_LABEL]);
  return { key, images: images as Map<Service, Dockerode.ImageInspectInfo>, tasks };
}

/** Makes containers run a snapshot's images. A data directory is copied to its place before the server starts. */
export async function restoreInto(snapshot: Snapshot, stack: Stack, made: ReadonlyMap<Node, unknown>): Promise<void> {
  const { ImageName } = await import("testcontainers");
  for (const [service, { Config }] of snapshot.images) {
    const container = made.get(service);
    if (!isContainer(container)) continue;
    replaceImage(container, ImageName.fromString(snapshotReference(stack.name, service.name, snapshot.key)));
    const data = dataOf(service, container);
    if (data !== undefined) startFrom(container, DATA_PATH, data.path, Config);
  }
}
