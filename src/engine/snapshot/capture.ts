import type Dockerode from "dockerode";
import { StackspecError } from "../../errors.ts";
import type { Service, TaskResult } from "../../stack/stack.ts";
import { moveArchive } from "../docker/archive.ts";
import { RUN_LABEL } from "../docker/labels.ts";
import { DATA_PATH, SNAPSHOT_LABEL, STACK_LABEL, TASKS_LABEL, snapshotReference, tasksLabel } from "./store.ts";

/** A folder of a stopped container, and where it lies in the snapshot's image. */
export interface Part {
  readonly from: Dockerode.Container;
  readonly path: string;
  readonly to: string;
}

/** One image of a snapshot: a service's own image with the parts on top. */
export interface Capture {
  readonly service: Service;
  readonly image: string;
  readonly parts: readonly Part[];
}

/** Where a data directory goes, and where a volume's content goes: to the path that fills a new volume from it. */
export const dataPart = (from: Dockerode.Container, path: string): Part => ({ from, path, to: DATA_PATH });
export const volumePart = (from: Dockerode.Container, path: string): Part => ({ from, path, to: path });

/**
 * Writes the images of a snapshot. Each gets its name at the very end, so that one which is cut off does not
 * exist; written twice at once, they are the same.
 */
export async function writeSnapshot(
  docker: Dockerode,
  stack: string,
  key: string,
  runId: string,
  captures: readonly Capture[],
  tasks: ReadonlyMap<string, TaskResult>,
): Promise<void> {
  const labels = { [SNAPSHOT_LABEL]: key, [STACK_LABEL]: stack, [TASKS_LABEL]: tasksLabel(tasks) };
  for (const { service, image, parts } of captures) {
    const container = await docker.createContainer({ Image: image, Labels: { ...labels, [RUN_LABEL]: runId } });
    try {
      for (const part of parts) await copy(part, container);
      // The image must not carry the run's label: the reaper would take it away.
      const [repo, tag] = snapshotReference(stack, service.name, key).split(/:(?=[^:]+$)/);
      await container.commit({ repo, tag, changes: `LABEL ${RUN_LABEL}=`, pause: false });
    } finally {
      await container.remove({ force: true, v: true });
    }
  }
}

/** Copies a folder with owners and modes, under another path, from container to container. */
async function copy({ from, path, to }: Part, container: Dockerode.Container): Promise<void> {
  await container.putArchive(moveArchive(await from.getArchive({ path }), to), { path: "/" });
}

/** The database must have stopped by itself: what a killed server leaves is not a snapshot. */
export async function stopCleanly(name: string, container: Dockerode.Container, timeoutMs: number): Promise<void> {
  await container.stop({ t: Math.ceil(timeoutMs / 1000) });
  const { State } = await container.inspect();
  if (State.ExitCode !== 0)
    throw new StackspecError(
      "RELEASE_FAILED",
      `expected it to stop with exit code 0 for the snapshot, got ${State.ExitCode}`,
      {
        subject: name,
        hint: "no snapshot is kept; STACKSPEC_SNAPSHOTS=off does not try",
      },
    );
}
