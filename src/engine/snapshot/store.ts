import type Dockerode from "dockerode";
import { LOCAL } from "../../images/debian.ts";
import type { TaskResult } from "../../stack/stack.ts";

/** Images of snapshots carry their key in this label, and what the tasks printed in the other. */
export const SNAPSHOT_LABEL = "dev.stackspec.snapshot";
export const TASKS_LABEL = "dev.stackspec.snapshot.tasks";

/** Where in a snapshot's image a data directory lies: outside every path that an image may declare as a volume. */
export const DATA_PATH = "/stackspec/data";

/** The name of the image that holds one service's part of a snapshot. */
export function snapshotReference(stack: string, service: string, key: string): string {
  return `${LOCAL}/snapshot/${stack}/${service}:${key}`;
}

/** Which snapshots are kept. */
export interface Retention {
  readonly count: number;
  readonly days: number;
}

/** Removes all but the newest snapshots, and those older than allowed. What a container still uses stays. */
export async function evictSnapshots(docker: Dockerode, { count, days }: Retention): Promise<number> {
  const images = await docker.listImages({ filters: { label: [SNAPSHOT_LABEL] } });
  const newest = new Map<string, number>();
  for (const { Labels, Created } of images) {
    const key = Labels[SNAPSHOT_LABEL]!;
    newest.set(key, Math.max(newest.get(key) ?? 0, Created));
  }
  const oldest = Date.now() / 1000 - days * 86_400;
  const kept = new Set(
    [...newest]
      .toSorted(([, a], [, b]) => b - a)
      .slice(0, count)
      .filter(([, created]) => created >= oldest)
      .map(([key]) => key),
  );
  const dropped = images.filter(({ Labels }) => !kept.has(Labels[SNAPSHOT_LABEL]!));
  const removals = await Promise.allSettled(dropped.map(({ Id }) => docker.getImage(Id).remove({ force: true })));
  return removals.filter(({ status }) => status === "fulfilled").length;
}

/** What tasks printed and how they ended, as a label. */
export function tasksLabel(results: ReadonlyMap<string, TaskResult>): string {
  const bounded = [...results].map(
    ([name, result]) => [name, { ...result, output: result.output.slice(-4_096) }] as const,
  );
  return JSON.stringify(Object.fromEntries(bounded));
}

/** What such a label says. */
export function readTasksLabel(label: string | undefined): Map<string, TaskResult> {
  return new Map(Object.entries(JSON.parse(label ?? "{}") as Record<string, TaskResult>));
}
