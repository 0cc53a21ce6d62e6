import { readFile } from "node:fs/promises";
import { join, resolve as absolute } from "node:path";
import type Dockerode from "dockerode";
import type { Config } from "../config/config.ts";
import { StackspecError, messageOf } from "../errors.ts";
import type { ImageBuild, ImageSource } from "../stack/image.ts";
import { imageName } from "../stack/image.ts";
import { buildImage } from "./build.ts";
import type { Exclusively } from "./build.ts";
import { LOCAL, debianSubstitutes, exists } from "./debian.ts";
import type { Substitutes } from "./debian.ts";
import { digestOf } from "./digest.ts";
import { basesOf } from "./dockerfile.ts";
import { fullName, pullImage, registryOf } from "./pull.ts";
import type { ProgramFailure } from "./run-program.ts";
import { runProgram } from "./run-program.ts";

/** What an image name came to mean on this machine. */
export interface ResolvedImage {
  /** As the stack declares it. */
  readonly name: string;
  /** What the engine runs. */
  readonly reference: string;
  readonly digest: string;
  /** Found on the engine, pulled from a registry, built from this project, or built from Debian's packages in its place. */
  readonly origin: "local" | "registry" | "build" | "debian";
}

/** What resolving needs from the run. */
export interface ImageContext {
  readonly config: Pick<Config, "images" | "debianMirror">;
  readonly docker: () => Promise<Dockerode>;
  readonly signal: AbortSignal;
  /** Keeps runs that build the same from doing it at once. Default: does the work. */
  readonly exclusively?: Exclusively;
  readonly onDetail: (name: string, state: "pulling" | "building", detail: string) => void;
  readonly onResolved: (image: ResolvedImage, tookMs: number) => void;
}

/** Finds, pulls or builds images, all of them in parallel; each once in the life of the resolver, but for what has failed. */
export function imageResolver(context: ImageContext): (source: ImageSource) => Promise<ResolvedImage> {
  const { config, signal, exclusively = (_, work) => work() } = context;
  const resolved = new Map<ImageSource, Promise<ResolvedImage>>();
  let substitutes: Substitutes | undefined;
  /** The builds of a folder, up to the last one. */
  const folders = new Map<string, Promise<void>>();
  /** Registries that a pull has not reached, so that the next image with a substitute need not wait for the same answer. */
  const unreachable = new Map<string, StackspecError>();

  const resolve = (source: ImageSource): Promise<ResolvedImage> => {
    const known = resolved.get(source);
    if (known !== undefined) return known;
    const running = timed(source);
    resolved.set(source, running);
    running.catch(() => resolved.delete(source)); // A later stack tries again.
    return running;
  };

  async function timed(source: ImageSource): Promise<ResolvedImage> {
    const startedAt = performance.now();
    const docker = await context.docker();
    substitutes ??= debianSubstitutes({
      docker,
      mirror: config.debianMirror,
      signal,
      exclusively,
      onDetail: (name, detail) => context.onDetail(name, "building", detail),
    });
    const found = typeof source === "string" ? await named(docker, source, substitutes) : await built(docker, source);
    const image = { name: imageName(source), digest: await imageDigest(docker, found.reference), ...found };
    context.onResolved(image, Math.round(performance.now() - startedAt));
    return image;
  }

  async function named(
    docker: Dockerode,
    name: string,
    available: Substitutes,
  ): Promise<Pick<ResolvedImage, "reference" | "origin">> {
    const reference = await fullName(name);
    const substitute = config.images === "registry" ? undefined : await available.reference(name);
    if (config.images === "debian" && substitute !== undefined)
      return { reference: await available.build(name), origin: "debian" };
    if (await exists(docker, reference)) return { reference, origin: "local" };
    if (substitute !== undefined && (await exists(docker, substitute)))
      return { reference: substitute, origin: "debian" };
    try {
      const known = substitute === undefined ? undefined : unreachable.get(await registryOf(name));
      if (config.images === "debian" || known !== undefined) throw known ?? notBuilt(name, await available.names());
      await pullImage(docker, reference, (detail) => context.onDetail(name, "pulling", detail));
      return { reference, origin: "registry" };
    } catch (error) {
      if (!(error instanceof StackspecError) || error.code !== "REGISTRY_UNREACHABLE") throw error;
      if (substitute !== undefined) {
        unreachable.set(await registryOf(name), error);
        return { reference: await available.build(name), origin: "debian" };
      }
      if (config.images === "registry")
        throw (await available.reference(name)) === undefined ? error : unlessSubstituted(error);
      throw notBuilt(name, await available.names(), error);
    }
  }

  async function built(docker: Dockerode, source: ImageBuild): Promise<Pick<ResolvedImage, "reference" | "origin">> {
    const dockerfile = await readFile(join(source.folder, "Dockerfile"), "utf8").catch((cause: unknown) => {
      throw new StackspecError("IMAGE_BUILD_FAILED", `expected a Dockerfile in ${source.folder}: ${messageOf(cause)}`, {
        subject: source.name,
        cause,
      });
    });
    const { artefact = [], target } = source;
    const bases = await Promise.all(basesOf(dockerfile, target).map(resolve));
    // A folder `dist` of this project's is the artefact's result when there is one, otherwise a source like any other.
    const digest = await digestOf(
      [bases.map((base) => base.digest).join(), ...artefact, ...(target === undefined ? [] : [`target=${target}`])],
      source.inputs,
      { dist: artefact.length === 0 },
    );
    const reference = `${LOCAL}/${source.name}:${digest}`;
    if (await exists(docker, reference)) return { reference, origin: "build" };
    // Images of one folder have stages in common: who comes second finds them built.
    const before = folders.get(source.folder);
    const building = buildAfter(before, docker, source, {
      reference,
      bases: new Map(bases.map((base) => [base.name, base.reference])),
    });
    folders.set(
      source.folder,
      building.catch(() => {}),
    );
    await building;
    return { reference, origin: "build" };
  }

  async function buildAfter(
    before: Promise<void> | undefined,
    docker: Dockerode,
    { name, folder, artefact, network, target }: ImageBuild,
    { reference, bases }: { reference: string; bases: ReadonlyMap<string, string> },
  ): Promise<void> {
    await before;
    const onDetail = (step: string): void => context.onDetail(name, "building", step);
    const build = async (): Promise<void> => {
      // Another run may have built it meanwhile.
      if (await exists(docker, reference)) return;
      if (artefact !== undefined) await makeArtefact({ name }, artefact);
      await buildImage(docker, { reference, folder, bases, network, target, labels: {} }, signal, onDetail);
    };
    // Two runs would write the artefact to the same place.
    await exclusively(`build ${absolute(folder)}`, build, () =>
      onDetail("waits for another run that builds from this folder"),
    );
  }

  async function makeArtefact(source: Pick<ImageBuild, "name">, [command, ...words]: readonly string[]): Promise<void> {
    context.onDetail(source.name, "building", `${command} ${words.join(" ")}`);
    try {
      await runProgram(command!, words, { signal });
    } catch (cause) {
      const { stdout, stderr } = cause as ProgramFailure;
      throw new StackspecError(
        "IMAGE_BUILD_FAILED",
        `its artefact cannot be made: ${command} ${words.join(" ")} failed`,
        {
          subject: source.name,
          hint: "its output follows",
          evidence: `${stdout}${stderr}`.trimEnd(),
          cause,
        },
      );
    }
  }

  return resolve;
}

/** What tells an image from another that may have its name later. */
export async function imageDigest(docker: Dockerode, reference: string): Promise<string> {
  const { Id, RepoDigests } = await docker.getImage(reference).inspect();
  return RepoDigests?.[0]?.split("@")[1] ?? Id;
}

/** There is a way without a registry, but nobody has said that it may be gone. */
function unlessSubstituted({ code, what, subject, hint, cause }: StackspecError): StackspecError {
  const way = `, or let images: "auto" in stackspec.config.ts build a substitute from Debian's packages`;
  return new StackspecError(code, what, { subject, hint: `${hint}${way}`, cause });
}

function notBuilt(name: string, available: readonly string[], cause?: unknown): StackspecError {
  return new StackspecError(
    "REGISTRY_UNREACHABLE",
    `the image is not on this machine, its registry cannot be reached, and it has no substitute${cause instanceof StackspecError ? `: ${cause.what}` : ""}`,
    {
      subject: name,
      hint: `expected an image that is on this machine, or one of ${available.join(", ")}`,
      cause,
    },
  );
}
