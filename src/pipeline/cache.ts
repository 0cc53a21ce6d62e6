import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { PassThrough } from "node:stream";
import { pipeline } from "node:stream/promises";
import type Dockerode from "dockerode";
import { pack } from "tar-fs";
import { whileLocked } from "../engine/docker/lock.ts";
import { RUN_LABEL, settleAll } from "../engine/docker/labels.ts";
import { isNotFound } from "../engine/docker/connect.ts";
import type { Runtime } from "../engine/docker/connect.ts";
import { StackspecError, messageOf } from "../errors.ts";
import { digestOf } from "../images/digest.ts";
import type { PipelineContext } from "./pipeline-context.ts";
import type { Cache } from "./pipeline.ts";

/** Caches carry this label and not that of a run: they are to outlive it. */
const CACHE_LABEL = "dev.stackspec.cache";
const COMPLETE = ".complete";

/** A cache of this run: what it is keyed by, and the volume that has it. */
export interface OpenCache {
  readonly key: string;
  readonly volume: string;
}

/** The key of a cache: the same for the same content anywhere. */
export function cacheKey(cache: Cache): Promise<string> {
  return digestOf([cache.name], cache.keyedBy);
}

/**
 * The volume that has a cache's content, filled unless an earlier run has filled it.
 *
 * @param image any image of the engine's: a container holds the volume while it is looked at and filled, and never starts
 */
export async function openCache(cache: Cache, image: string, context: PipelineContext): Promise<OpenCache> {
  const { docker } = context.runtime;
  const { Architecture } = (await docker.info()) as { Architecture: string };
  const architecture = { x86_64: "x64", aarch64: "arm64" }[Architecture] ?? Architecture;
  const key = await cacheKey(cache);
  const volume = `stackspec-cache-${context.pipeline.name}-${cache.name}-${key}-${architecture}`;
  await docker.createVolume({ Name: volume, Labels: { [CACHE_LABEL]: cache.name } });
  const holder = await docker.createContainer({
    Image: image,
    Entrypoint: ["none"],
    Labels: { [RUN_LABEL]: context.session.runId },
    HostConfig: { Binds: [`${volume}:/cache:rw,nocopy`], NetworkMode: "none" },
  });
  try {
    const isComplete = (): Promise<boolean> => has(holder, `/cache/${COMPLETE}`);
    // Whoever fills it at the same moment would replace files under those who use it already.
    if (!(await isComplete()))
      await whileLocked(join(tmpdir(), `${volume}.lock`), context.signal, async () => {
        if (!(await isComplete())) await fill(cache, holder, architecture, context);
      });
    return { key, volume };
  } finally {
    await holder.remove({ force: true }).catch(() => {});
  }
}

async function fill(
  cache: Cache,
  holder: Dockerode.Container,
  architecture: string,
  context: PipelineContext,
): Promise<void> {
  context.say(`  ${cache.name}: filling the cache`);
  const folder = await mkdtemp(join(tmpdir(), "stackspec-cache-"));
  try {
    const { fill: put } = cache;
    await put({ folder, architecture, signal: context.signal });
    await copyIn(holder, folder, ["."]);
    // Last of all: half a cache is none.
    await writeFile(join(folder, COMPLETE), "");
    await copyIn(holder, folder, [COMPLETE]);
  } catch (cause) {
    context.signal.throwIfAborted();
    const { stderr } = cause as { stderr?: string };
    throw new StackspecError("TASK_FAILED", `the cache cannot be filled: ${messageOf(cause).split("\n")[0]}`, {
      subject: cache.name,
      ...(stderr === undefined ? {} : { evidence: stderr.trimEnd().split("\n").slice(-20).join("\n") }),
      cause,
    });
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** Either half that breaks takes the other with it: neither an archive that nobody reads nor a request without an end is left. */
async function copyIn(holder: Dockerode.Container, folder: string, entries: readonly string[]): Promise<void> {
  const over = new AbortController();
  const { signal } = over;
  const archive = new PassThrough();
  const answer = holder.putArchive(archive, { path: "/cache", abortSignal: signal });
  try {
    await Promise.all([pipeline(pack(folder, { entries: [...entries] }), archive, { signal }), answer]);
  } finally {
    over.abort();
  }
}

async function has(container: Dockerode.Container, path: string): Promise<boolean> {
  try {
    const answer = (await container.infoArchive({ path })) as NodeJS.ReadableStream;
    answer.resume(); // Nobody reads it else, and its connection would keep this process.
    return true;
  } catch (error) {
    if (isNotFound(error)) return false;
    throw error;
  }
}

/** Removes the caches of all pipelines; returns how many there were. */
export async function removeCaches({ docker }: Runtime): Promise<number> {
  const { Volumes } = await docker.listVolumes({ filters: { label: [CACHE_LABEL] } });
  await settleAll((Volumes ?? []).map(({ Name }) => docker.getVolume(Name).remove()));
  return (Volumes ?? []).length;
}
