import type Dockerode from "dockerode";
import { LOCAL } from "../../images/debian.ts";
import { maskedJson } from "../../secrets.ts";
import type { TaskResult } from "../../stack/stack.ts";

/**
 * Images of snapshots carry their key in this label, the name of their stack in the next, in the third the server that is in
 * them before any task has run (none in those of the stack), the image they are made of, what the tasks printed, and which
 * folders are the snapshot's.
 */
export const SNAPSHOT_LABEL = "dev.stackspec.snapshot";
export const SNAPSHOT_STACK_LABEL = "dev.stackspec.snapshot.stack";
/** What the project is called that the stack is of; none in those of before. */
export const PROJECT_LABEL = "dev.stackspec.snapshot.project";
export const SERVER_LABEL = "dev.stackspec.snapshot.server";
export const BASE_LABEL = "dev.stackspec.snapshot.base";
export const FOLDERS_LABEL = "dev.stackspec.snapshot.folders";
export const TASKS_LABEL = "dev.stackspec.snapshot.tasks";
/** A digest of the passwords in its data that are set anew on a machine where they are others. */
export const PASSWORDS_LABEL = "dev.stackspec.snapshot.passwords";

/** The folders of an image of a snapshot that are the snapshot's, by its labels. */
export function foldersOf(labels: Readonly<Record<string, string>>): string[] {
  return JSON.parse(labels[FOLDERS_LABEL] ?? "[]") as string[];
}

/** Where in a snapshot's image a data directory lies: outside every path that an image may declare as a volume. */
export const DATA_PATH = "/stackspec/data";

/** An image without anything: what comes from elsewhere is put on the image of its service when that is known. */
export const EMPTY = `${LOCAL}/empty:1`;

/** A volume of its own in each container that is copied from: what is on its own file system may be read-only. */
export const COPY_PATH = "/stackspec/copy";

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
    Labels[SNAPSHOT_STACK_LABEL] ??
    RepoTags?.find((name) => name.startsWith(`${LOCAL}/snapshot/`))
      ?.slice(`${LOCAL}/snapshot/`.length)
      .split("/")[0]
  );
}

/** Whether an image may be a snapshot of this stack of this project. */
export function isOf(image: SnapshotImage, stack: string | undefined, project: string): boolean {
  return stackOf(image) === stack && [project, undefined].includes(image.Labels[PROJECT_LABEL]);
}

/** False for an image that nobody can restore. */
export function hasName({ RepoTags }: SnapshotImage): boolean {
  return RepoTags?.some((name) => name !== "<none>:<none>") === true;
}

/**
 * The images of all but the newest snapshots, and of those older than allowed. A snapshot is as old as its newest image.
 * Those of each server count for themselves: they stay what they are while the stack's come and go.
 */
export function expired<T extends SnapshotImage>(images: readonly T[], { count, days }: Retention, now: number): T[] {
  const keyOf = ({ Labels }: T): string => Labels[SNAPSHOT_LABEL]!;
  const groups = Map.groupBy(images, ({ Labels }) => Labels[SERVER_LABEL] ?? "");
  return [...groups.values()].flatMap((group) => {
    const created = Map.groupBy(group, keyOf);
    const newest = [...created].map(([key, all]) => [key, Math.max(...all.map(({ Created }) => Created))] as const);
    const kept = newest
      .toSorted(([, a], [, b]) => b - a)
      .slice(0, count)
      .filter(([, at]) => at >= now - days * 86_400);
    const keys = new Set(kept.map(([key]) => key));
    return group.filter((image) => !keys.has(keyOf(image)));
  });
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
