import type Dockerode from "dockerode";
import { isNotFound } from "../docker/connect.ts";
import { projectName } from "./project.ts";
import { SNAPSHOT_LABEL, expired, hasName, isOf, stackOf } from "./store.ts";
import type { Retention } from "./store.ts";

/**
 * Removes the snapshots of a stack of this project, or of all stacks, that are not to be kept, and what has no name: another was written
 * over it, or its writing was cut off. What a container still uses stays. An image that is being written has no name for
 * a moment: who evicts those of a stack has the lock under which they are written.
 *
 * @returns how many images are gone
 */
export async function evictSnapshots(
  docker: Dockerode,
  stack: string | undefined,
  retention: Retention,
): Promise<number> {
  const images = await docker.listImages({ filters: { label: [SNAPSHOT_LABEL] } });
  const project = projectName();
  const ofStack = images.filter(
    (image) => stack === undefined || stackOf(image) === undefined || isOf(image, stack, project),
  );
  const named = ofStack.filter(hasName);
  const nameless = ofStack.filter((image) => !hasName(image));
  const dropped = [...expired(named, retention, Date.now() / 1000), ...nameless];
  const removals = await Promise.allSettled(dropped.map(({ Id }) => docker.getImage(Id).remove({ force: true })));
  return removals.filter(({ status }) => status === "fulfilled").length;
}

/**
 * Removes the images of a snapshot that cannot be used, unless a container, of another run then, uses them.
 *
 * @returns whether they are gone
 */
export async function dropSnapshot(docker: Dockerode, images: Iterable<string>): Promise<boolean> {
  // Without force, a container that is made of it, running or not, keeps its image.
  const removals = Array.from(images, (image) =>
    docker
      .getImage(image)
      .remove()
      .then(() => true, isNotFound),
  );
  return (await Promise.all(removals)).every(Boolean);
}
