import { closeSync, fstatSync } from "node:fs";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { createZstdCompress } from "node:zlib";
import tar from "tar-stream";
import { StackspecError } from "../../errors.ts";
import { pullImage, pushImage } from "../../images/pull.ts";
import { isNotFound } from "../docker/connect.ts";
import { openUnnamed, readOpen, writeOpen } from "../docker/unnamed-file.ts";
import { decompress } from "./archive-file.ts";
import type { FiledImage } from "./archive-file.ts";
import { openCapture } from "./capture.ts";
import { EMPTY } from "./store.ts";
import { makeEmpty, packImages, unpackImages } from "./travel.ts";
import type { TravelContext } from "./travel.ts";

/** The one file of the image that a registry keeps. */
const FILE = "stackspec-snapshots.tar.zst";

/**
 * Pushes snapshots as one image, which holds them in a file.
 *
 * @throws StackspecError `REGISTRY_UNREACHABLE`, `REGISTRY_DENIED` or `IMAGE_NOT_FOUND`
 */
export async function pushSnapshots(
  context: TravelContext,
  images: readonly FiledImage[],
  reference: string,
): Promise<void> {
  const { docker, runId, signal } = context;
  await makeEmpty(docker);
  const carrier = await openCapture(docker, EMPTY, {}, runId, signal);
  const fd = openUnnamed();
  try {
    await pipeline(packImages(context, images), createZstdCompress(), writeOpen(fd), { signal });
    const archive = tar.pack();
    const entry = archive.entry({ name: FILE, size: fstatSync(fd).size });
    readOpen(fd).pipe(entry);
    entry.once("finish", () => archive.finalize());
    await carrier.fill(Readable.from(archive));
    await carrier.commit(reference);
    await pushImage(docker, reference);
  } finally {
    closeSync(fd);
    await carrier.remove();
    // The engine has them as snapshots.
    await removeImage(context, reference);
  }
}

/**
 * Pulls such an image, and brings its snapshots to the engine: all, or, where something of it is damaged, none.
 *
 * @returns the names of their images
 * @throws StackspecError `SNAPSHOT_FAILED`, and what a pull fails with
 */
export async function pullSnapshots(context: TravelContext, reference: string): Promise<string[]> {
  const { docker, runId, signal } = context;
  await pullImage(docker, reference, () => {});
  try {
    const carrier = await openCapture(docker, reference, {}, runId, signal);
    try {
      const archive = await carrier.read(`/${FILE}`).catch((cause: unknown) => {
        throw new StackspecError(
          "SNAPSHOT_FAILED",
          `expected an image that \`stackspec snapshot push\` made: ${FILE} is not in it`,
          {
            subject: reference,
            hint: "check name and tag",
            cause,
          },
        );
      });
      for await (const file of (archive as unknown as Readable).pipe(
        tar.extract() as never,
      ) as unknown as tar.Extract) {
        return await unpackImages(context, reference, decompress(file as unknown as Readable));
      }
      return [];
    } finally {
      await carrier.remove();
    }
  } finally {
    await removeImage(context, reference);
  }
}

async function removeImage({ docker }: TravelContext, reference: string): Promise<void> {
  await docker
    .getImage(reference)
    .remove()
    .catch((error: unknown) => {
      if (!isNotFound(error)) throw error;
    });
}
