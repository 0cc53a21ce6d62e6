import type Dockerode from "dockerode";
import { SNAPSHOT_LABEL, expired, stackOf } from "./store.ts";
import type { Retention } from "./store.ts";

/**
 * Removes the snapshots of a stack, or of all stacks, that are not to be kept. What a container still uses stays.
 *
 * @returns how many images are gone
 */
export async function evictSnapshots(
  docker: Dockerode,
  stack: string | undefined,
  retention: Retention,
): Promise<number> {
  const images = await docker.listImages({ filters: { label: [SNAPSHOT_LABEL] } });
  const ofStack = images.filter((image) => stack === undefined || stackOf(image) === stack);
  const dropped = expired(ofStack, retention, Date.now() / 1000);
  const removals = await Promise.allSettled(dropped.map(({ Id }) => docker.getImage(Id).remove({ force: true })));
  return removals.filter(({ status }) => status === "fulfilled").length;
}
