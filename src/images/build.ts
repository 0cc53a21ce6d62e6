import { readFile, readdir } from "node:fs/promises";
import { dirname, join, relative } from "node:path";
import { Readable } from "node:stream";
import dockerIgnore from "@balena/dockerignore";
import { pack } from "tar-fs";
import type Dockerode from "dockerode";
import { StackspecError, messageOf } from "../errors.ts";
import { withBases } from "./dockerfile.ts";
import { isPodmanVersion } from "./podman.ts";
import { readToEnd } from "./stream.ts";

/** How many lines of a failed build's output stand in the error. */
const OUTPUT_LINES = 30;

/** Does some work when no other run does work of the same name; `onWait` is called when one does. */
export type Exclusively = <T>(name: string, work: () => Promise<T>, onWait: () => void) => Promise<T>;

/** One image build. */
export interface Build {
  /** Name and tag of the result. */
  readonly reference: string;
  /** Folder with the Dockerfile: the build's context. */
  readonly folder: string;
  readonly args?: Readonly<Record<string, string>>;
  /** What the images that its Dockerfile names are called here. */
  readonly bases?: ReadonlyMap<string, string>;
  /** Whether its steps may use the network. */
  readonly network: boolean;
  /** The stage that becomes the image; undefined: the last one. */
  readonly target?: string | undefined;
  readonly labels: Readonly<Record<string, string>>;
}

/**
 * Builds an image with the engine's own builder.
 *
 * @throws StackspecError `IMAGE_BUILD_FAILED` with the end of the build's output
 */
export async function buildImage(
  docker: Dockerode,
  build: Build,
  signal: AbortSignal,
  onDetail: (step: string) => void,
): Promise<void> {
  try {
    const stream = await docker.buildImage(await contextOf(build.folder, build.bases), {
      t: build.reference,
      ...(build.args !== undefined && { buildargs: build.args }),
      labels: build.labels,
      ...(build.target !== undefined && { target: build.target }),
      ...(await networkOf(docker, build.network)),
      forcerm: true,
      abortSignal: signal,
    });
    await readToEnd(stream, ({ stream: text }) => {
      const [step] = /^Step .*/.exec(text ?? "") ?? [];
      if (step !== undefined) onDetail(step);
    });
  } catch (cause) {
    const { printed = [] } = cause as { printed?: string[] };
    throw new StackspecError("IMAGE_BUILD_FAILED", `cannot be built from ${build.folder}: ${messageOf(cause).trim()}`, {
      subject: build.reference,
      hint: "the failing step's output follows",
      evidence: printed.slice(-OUTPUT_LINES).join("\n"),
      cause,
    });
  }
}

/** Podman has other words for it, and builds on its machine's own network unless a namespace is asked for. */
async function networkOf(docker: Dockerode, isThere: boolean): Promise<{ networkmode: string }> {
  if (!isPodmanVersion(await docker.version())) return { networkmode: isThere ? "default" : "none" };
  const ofItsOwn = { nsoptions: JSON.stringify([{ Name: "network" }]) };
  return { networkmode: isThere ? "NetworkEnabled" : "NetworkDisabled", ...ofItsOwn };
}

/**
 * A build's context as the archive that the engine reads: each file once, but for what `.dockerignore` leaves out and
 * for `node_modules`, which it may bring back with a `!`. The Dockerfile and `.dockerignore` are always in it, for the
 * engine needs them and leaves them out by itself.
 *
 * @param bases what the images that the Dockerfile names are called there
 */
export async function contextOf(folder: string, bases: Build["bases"] = new Map()): Promise<Readable> {
  const ignored = dockerIgnore.default({ ignorecase: false }).add("**/node_modules");
  ignored.add(await readFile(join(folder, ".dockerignore"), "utf8").catch(() => ""));
  const kept = new Set(["", "Dockerfile", ".dockerignore"]);
  for (const entry of await readdir(folder, { recursive: true, withFileTypes: true })) {
    let path = relative(folder, join(entry.parentPath, entry.name));
    // Folders come with what is in them, for a `!` may bring back a file of one that is left out.
    if (entry.isDirectory() || ignored.ignores(path)) continue;
    for (; path !== "."; path = dirname(path)) kept.add(path);
  }
  const dockerfile = await readFile(join(folder, "Dockerfile"), "utf8").catch(() => "");
  const content = withBases(dockerfile, bases);
  if (content !== dockerfile) kept.delete("Dockerfile");
  const archive = pack(folder, {
    ignore: (path) => !kept.has(relative(folder, path)),
    finalize: false,
    finish() {
      if (content !== dockerfile) archive.entry({ name: "Dockerfile" }, content);
      archive.finalize();
    },
  });
  return Readable.from(archive);
}
