import { readdir } from "node:fs/promises";
import { sep } from "node:path";
import type Dockerode from "dockerode";
import { StackspecError, messageOf } from "../errors.ts";
import { readToEnd } from "./stream.ts";

/** How many lines of a failed build's output stand in the error. */
const OUTPUT_LINES = 30;

/** One image build. */
export interface Build {
  /** Name and tag of the result. */
  readonly reference: string;
  /** Folder with the Dockerfile: the build's context. */
  readonly folder: string;
  readonly args: Readonly<Record<string, string>>;
  /** Whether its steps may use the network. */
  readonly network: boolean;
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
    const stream = await docker.buildImage(
      { context: build.folder, src: await contextOf(build.folder) },
      {
        t: build.reference,
        buildargs: build.args,
        labels: build.labels,
        networkmode: build.network ? "default" : "none",
        forcerm: true,
        abortSignal: signal,
      },
    );
    await readToEnd(stream, ({ stream: text }) => {
      const [step] = /^Step .*/.exec(text ?? "") ?? [];
      if (step !== undefined) onDetail(step);
    });
  } catch (cause) {
    const { printed = [] } = cause as { printed?: string[] };
    throw new StackspecError("IMAGE_BUILD_FAILED", `cannot be built from ${build.folder}: ${messageOf(cause)}`, {
      subject: build.reference,
      hint: "the failing step's output follows",
      evidence: printed.slice(-OUTPUT_LINES).join("\n"),
      cause,
    });
  }
}

/** Every file of a build's context: the engine's client takes a folder's name for the empty folder. */
async function contextOf(folder: string): Promise<string[]> {
  const paths = await readdir(folder, { recursive: true });
  return paths.filter((path) => !path.split(sep).includes("node_modules"));
}
