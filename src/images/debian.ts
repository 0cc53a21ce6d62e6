import { spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { PassThrough } from "node:stream";
import type Dockerode from "dockerode";
import { StackspecError, messageOf } from "../errors.ts";
import { canInstallPackages, hostMirror, installPackages } from "./apt.ts";
import { buildImage } from "./build.ts";
import type { Exclusively } from "./build.ts";
import { digestOf } from "./digest.ts";
import { readToEnd } from "./stream.ts";

/** The only Debian suite that has the versions of the official images: MySQL 9.7, nginx 1.30, Node 24. */
const SUITE = "sid";
const FOLDER = fileURLToPath(new URL("../../containers/debian/", import.meta.url));

/** Local names live under `localhost/`, so that no registry and no prefix is ever put before them. */
export const LOCAL = "localhost/stackspec";

/** What a substitute is made from: a folder with a Dockerfile, or a Debian suite and nothing more. */
type Recipe = { readonly folder: string } | { readonly suite: string };

/** What a build of substitutes needs. */
export interface DebianContext {
  readonly docker: Dockerode;
  readonly mirror: string | undefined;
  readonly signal: AbortSignal;
  readonly exclusively: Exclusively;
  readonly onDetail: (name: string, detail: string) => void;
}

/** Images built from Debian's packages, for machines that reach no registry. */
export interface Substitutes {
  /** Official names that have a substitute. */
  names(): Promise<string[]>;
  /** The substitute for an official name, whether it has been built yet or not; undefined when there is none. */
  reference(official: string): Promise<string | undefined>;
  /** Builds it, and what it stands on, unless that has been done. */
  build(official: string): Promise<string>;
}

/** The substitutes for official images. Each is built once for the same recipe and kept. */
export function debianSubstitutes(context: DebianContext): Substitutes {
  const { docker, signal } = context;
  const recipes = readFile(join(FOLDER, "images.json"), "utf8").then(
    (text) => JSON.parse(text) as Record<string, Recipe>,
  );
  const builds = new Map<string, Promise<string>>();
  const buildOnce = (key: string, work: () => Promise<string>): Promise<string> => {
    const known = builds.get(key);
    if (known !== undefined) return known;
    const running = work();
    builds.set(key, running);
    running.catch(() => builds.delete(key)); // Whoever needs it next tries again.
    return running;
  };

  /** Makes an image that is not there. Of several runs that need it one does. */
  async function whereMissing(target: string, name: string, work: () => Promise<void>): Promise<string> {
    if (await exists(docker, target)) return target;
    const unlessDone = async (): Promise<void> => {
      if (!(await exists(docker, target))) await work();
    };
    await context.exclusively(`build ${target}`, unlessDone, () =>
      context.onDetail(name, "waits for another run that builds it"),
    );
    return target;
  }

  async function reference(official: string): Promise<string | undefined> {
    const recipe = (await recipes)[official];
    if (recipe === undefined) return undefined;
    if ("suite" in recipe) return baseReference(recipe.suite);
    const [name, tag] = official.split(":");
    return `${LOCAL}/${name!.split("/").at(-1)}:${tag}-${await digestOf([await baseReference(SUITE)], [join(FOLDER, recipe.folder)])}`;
  }

  async function build(official: string): Promise<string> {
    const recipe = (await recipes)[official]!;
    if ("suite" in recipe) return bootstrap(recipe.suite);
    const target = (await reference(official))!;
    return whereMissing(target, official, async () => {
      const args = { BASE: await bootstrap(SUITE) };
      await buildImage(
        docker,
        { reference: target, folder: join(FOLDER, recipe.folder), args, network: true, labels: {} },
        signal,
        (step) => context.onDetail(official, step),
      );
    });
  }
  const substitute = (official: string): Promise<string> => buildOnce(official, () => build(official));

  const baseReference = async (suite: string): Promise<string> =>
    `${LOCAL}/debian:${suite}-${await digestOf([], [join(FOLDER, "base.sh")])}`;
  const bootstrap = (suite: string): Promise<string> =>
    buildOnce(`base ${suite}`, async () => {
      const target = await baseReference(suite);
      return whereMissing(target, "debian", () => makeBase(suite, target));
    });

  async function makeBase(suite: string, target: string): Promise<void> {
    if (!existsSync("/usr/bin/mmdebstrap")) {
      if (!canInstallPackages())
        throw new StackspecError(
          "REGISTRY_UNREACHABLE",
          "no registry can be reached, and images are built from packages only by root on Debian or Ubuntu",
          {
            subject: "images",
            hint: "set TESTCONTAINERS_HUB_IMAGE_NAME_PREFIX to a registry that can be reached",
          },
        );
      context.onDetail("debian", "installing mmdebstrap");
      await installPackages(["mmdebstrap"], signal);
    }
    const mirror = context.mirror ?? (await hostMirror());
    context.onDetail("debian", `bootstrapping ${suite} from ${mirror}`);
    const id = await importBase(docker, mirror, suite, signal);
    const [repo = target, tag = "latest"] = target.split(/:(?=[^:]+$)/);
    await docker.getImage(id).tag({ repo, tag });
  }

  return { names: async () => Object.keys(await recipes), reference, build: substitute };
}

/** Runs the bootstrap and hands its output to the engine as it comes. */
async function importBase(docker: Dockerode, mirror: string, suite: string, signal: AbortSignal): Promise<string> {
  const child = spawn("sh", [join(FOLDER, "base.sh"), mirror, suite], { stdio: ["ignore", "pipe", "pipe"], signal });
  const complaints: string[] = [];
  child.stderr.setEncoding("utf8").on("data", (text: string) => complaints.push(text));
  const exited = new Promise<number | null>((resolve, reject) => child.once("error", reject).once("close", resolve));
  exited.catch(() => {});
  try {
    const stream = await docker.importImage(child.stdout.pipe(new PassThrough()), {});
    const printed = await readToEnd(stream, () => {});
    const exitCode = await exited;
    if (exitCode === 0) return printed.findLast((line) => line.startsWith("sha256:"))!;
    throw new Error(`base.sh exited with code ${exitCode}`);
  } catch (cause) {
    throw new StackspecError("IMAGE_BUILD_FAILED", `the Debian base cannot be made: ${messageOf(cause)}`, {
      subject: `debian:${suite}`,
      hint: "set STACKSPEC_DEBIAN_MIRROR to a mirror that can be reached over http",
      evidence: complaints.join("").trimEnd().split("\n").slice(-20).join("\n"),
      cause,
    });
  }
}

/** True when the engine has an image of this name. */
export async function exists(docker: Dockerode, reference: string): Promise<boolean> {
  return docker
    .getImage(reference)
    .inspect()
    .then(
      () => true,
      (error: { statusCode?: number }) => {
        if (error.statusCode === 404) return false;
        throw error;
      },
    );
}
