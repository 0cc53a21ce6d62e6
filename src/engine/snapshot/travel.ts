import { Readable } from "node:stream";
import type Dockerode from "dockerode";
import tar from "tar-stream";
import { readToEnd } from "../../images/stream.ts";
import { moveArchive } from "../docker/archive.ts";
import { settleAll } from "../docker/labels.ts";
import { packSnapshots, unpackSnapshots } from "./archive-file.ts";
import type { FiledImage } from "./archive-file.ts";
import { openCapture } from "./capture.ts";
import type { Capture } from "./capture.ts";
import { projectName } from "./project.ts";
import {
  BASE_LABEL,
  EMPTY,
  FOLDERS_LABEL,
  PROJECT_LABEL,
  SNAPSHOT_LABEL,
  expired,
  foldersOf,
  hasName,
  stackOf,
} from "./store.ts";

/** What writing and reading need from the run: who removes what is left of it, and when it ends. */
export interface TravelContext {
  readonly docker: Dockerode;
  readonly runId: string;
  readonly signal: AbortSignal;
}

/** The newest snapshots on the engine, of a stack of this project or of all of its stacks: of each that of what its tasks left, and those of its servers. */
export async function newestSnapshots({ docker }: TravelContext, stack: string | undefined): Promise<FiledImage[]> {
  const images = await docker.listImages({ filters: { label: [SNAPSHOT_LABEL, FOLDERS_LABEL] } });
  const project = projectName();
  const named = images.filter(
    (image) =>
      hasName(image) && image.Labels[PROJECT_LABEL] === project && (stack === undefined || stackOf(image) === stack),
  );
  const stacks = [...Map.groupBy(named, stackOf).values()];
  return stacks.flatMap((ofStack) => {
    const old = new Set(expired(ofStack, { count: 1, days: Infinity }, Date.now() / 1000));
    return ofStack
      .filter((image) => !old.has(image))
      .map(({ RepoTags, Labels }) => ({ reference: RepoTags![0]!, labels: Labels }));
  });
}

/** These images as an archive that another engine can read. */
export function packImages({ docker, runId, signal }: TravelContext, images: readonly FiledImage[]): Readable {
  return Readable.from(
    packSnapshots(images, async function* (index) {
      const { reference, labels } = images[index]!;
      const image = await openCapture(docker, reference, {}, runId, signal);
      try {
        for (const path of foldersOf(labels)) yield moveArchive(await image.read(path), path);
      } finally {
        await image.remove();
      }
    }),
  );
}

/**
 * Brings the snapshots of an archive to the engine: all of them, or, where something of it is damaged, none.
 *
 * @param subject what it is called in errors
 * @returns the names of their images
 * @throws StackspecError `SNAPSHOT_FAILED`
 */
export async function unpackImages(context: TravelContext, subject: string, archive: Readable): Promise<string[]> {
  const { docker, runId, signal } = context;
  const captures = new Map<string, Capture>();
  try {
    await unpackSnapshots(subject, archive, async ({ reference, labels }, folders) => {
      if (captures.size === 0) await makeEmpty(docker);
      // It was made of an image that may be here too; else whose image it is put on is known when it is used.
      const base = await namedBy(docker, labels[BASE_LABEL] ?? "");
      const onEmpty = base === undefined && { [BASE_LABEL]: "" };
      const capture = await openCapture(docker, base?.Id ?? EMPTY, { ...labels, ...onEmpty }, runId, signal);
      captures.set(reference, capture);
      await capture.fill(folders);
    });
    await settleAll([...captures].map(([reference, capture]) => capture.commit(reference)));
    return [...captures.keys()];
  } finally {
    for (const capture of captures.values()) await capture.remove();
  }
}

/** The image of this engine that has a digest, or an id. */
async function namedBy(docker: Dockerode, digest: string): Promise<Dockerode.ImageInfo | undefined> {
  const images = await docker.listImages();
  return images.find(({ Id, RepoDigests }) => Id === digest || RepoDigests?.[0]?.endsWith(`@${digest}`) === true);
}

/** Makes the image without anything. */
export async function makeEmpty(docker: Dockerode): Promise<void> {
  const archive = tar.pack();
  archive.finalize();
  const [repo, tag] = EMPTY.split(/:(?=[^:]+$)/) as [string, string];
  await readToEnd(await docker.importImage(Readable.from(archive), { repo, tag }), () => {});
}
