import type { GenericContainer } from "testcontainers";
import type { Service, Stack, TaskResult } from "../../stack/stack.ts";
import type { ImageCommand } from "../container/configure.ts";
import { dataOf, startFrom } from "../drivers/data.ts";
import { isNotFound } from "../docker/connect.ts";
import type { Runtime } from "../docker/connect.ts";
import { DATA_PATH, TASKS_LABEL, readTasksLabel, snapshotReference } from "./store.ts";

/** A complete snapshot on the engine: the images that hold it, and what its tasks had to say. */
export interface Snapshot {
  readonly images: ReadonlyMap<Service, { readonly reference: string; readonly config: ImageCommand }>;
  readonly tasks: ReadonlyMap<string, TaskResult>;
}

/** The snapshot of this key, when all of it is there: every image, and the result of every task. One that was cut off while it was written is not. */
export async function findSnapshot(
  { docker }: Runtime,
  stack: Stack,
  holders: readonly Service[],
  key: string,
): Promise<Snapshot | undefined> {
  if (holders.length === 0) return undefined;
  const references = holders.map((service) => snapshotReference(stack.name, service.name, key));
  const found = await Promise.all(
    references.map((reference) =>
      docker
        .getImage(reference)
        .inspect()
        .catch((error: unknown) => {
          if (isNotFound(error)) return undefined;
          throw error;
        }),
    ),
  );
  if (found.includes(undefined)) return undefined;
  const tasks = readTasksLabel(found[0]!.Config.Labels?.[TASKS_LABEL]);
  if (stack.nodes.some(({ kind, name }) => kind === "task" && !tasks.has(name))) return undefined;
  return {
    images: new Map(
      holders.map((service, index) => [service, { reference: references[index]!, config: found[index]!.Config }]),
    ),
    tasks,
  };
}

/** Makes a container that runs a snapshot's image start from the data in it. */
export function runFromSnapshot(container: GenericContainer, service: Service, image: ImageCommand): void {
  const data = dataOf(service, container);
  if (data !== undefined) startFrom(service, container, DATA_PATH, data.path, image);
}
