import type Dockerode from "dockerode";
import { LOCAL } from "../../images/debian.ts";
import { maskedJson } from "../../secrets.ts";
import type { TaskResult } from "../../stack/stack.ts";

/** Images of snapshots carry their key in this label, the name of their stack in the next, and what its tasks printed in the last. */
export const SNAPSHOT_LABEL = "dev.stackspec.snapshot";
export const STACK_LABEL = "dev.stackspec.snapshot.stack";
export const TASKS_LABEL = "dev.stackspec.snapshot.tasks";

/** Where in a snapshot's image a data directory lies: outside every path that an image may declare as a volume. */
export const DATA_PATH = "/stackspec/data";

/** The name of the image that holds one service's part of a snapshot. */
export function snapshotReference(stack: string, service: string, key: string): string {
  return `${LOCAL}/snapshot/${stack}/${service}:${key}`;
}

/** Which snapshots of each stack are kept. */
export interface Retention {
  readonly count: number;
  readonly days: number;
}

/** An image of a snapshot, as the engine lists it. `Created` is in seconds since 1970. */
type SnapshotImage = Pick<Dockerode.ImageInfo, "Id" | "Labels" | "RepoTags" | "Created">;

/** The stack that an image is a snapshot of; undefined for one without a name, which was written a second time. */
export function stackOf({ Labels, RepoTags }: SnapshotImage): string | undefined {
  return (
    Labels[STACK_LABEL] ??
    RepoTags?.find((name) => name.startsWith(`${LOCAL}/snapshot/`))
      ?.slice(`${LOCAL}/snapshot/`.length)
      .split("/")[0]
  );
}

/** False for an image that nobody can restore. */
export function hasName({ RepoTags }: SnapshotImage): boolean {
  return RepoTags?.some((name) => name !== "<none>:<none>") === true;
}

/** The images of all but the newest snapshots, and of those older than allowed. A snapshot is as old as its newest image. */
export function expired<T extends SnapshotImage>(images: readonly T[], { count, days }: Retention, now: number): T[] {
  const newest = new Map<string, number>();
  for (const { Labels, Created } of images) {
    const key = Labels[SNAPSHOT_LABEL]!;
    newest.set(key, Math.max(newest.get(key) ?? 0, Created));
  }
  const kept = new Set(
    [...newest]
      .toSorted(([, a], [, b]) => b - a)
      .slice(0, count)
      .filter(([, created]) => created >= now - days * 86_400)
      .map(([key]) => key),
  );
  return images.filter(({ Labels }) => !kept.has(Labels[SNAPSHOT_LABEL]!));
}

/** What tasks printed, with secrets masked, and how they ended, as a label. */
export function tasksLabel(results: ReadonlyMap<string, TaskResult>): string {
  return maskedJson(Object.fromEntries(results));
}

/** What such a label says: nothing, where it is malformed. */
export function readTasksLabel(label: string | undefined): Map<string, TaskResult> {
  try {
    return new Map(Object.entries(JSON.parse(label ?? "{}") as Record<string, TaskResult>));
  } catch {
    return new Map();
  }
}
