import { freemem } from "node:os";
import { readConfig } from "../config/config.ts";
import type { Config } from "../config/config.ts";
import { connectEngine } from "../engine/docker/connect.ts";
import type { Runtime } from "../engine/docker/connect.ts";
import { describeEngine } from "../engine/docker/describe.ts";
import { listRuns } from "../engine/docker/labels.ts";
import { listKeptStacks } from "../engine/kept/kept-stacks.ts";
import { isReusableStack, lockStack } from "../engine/kept/reusable-stack.ts";
import { SNAPSHOT_LABEL, hasName, stackOf } from "../engine/snapshot/store.ts";
import { StackspecError, messageOf } from "../errors.ts";
import { stackNames } from "../mocha/target.ts";
import { say } from "../terminal.ts";
import { diagnose } from "./diagnose.ts";
import type { Facts } from "./diagnose.ts";
import { packageVersions } from "./versions.ts";

/** How long a registry may take to answer, in milliseconds. */
const ANSWERS_WITHIN_MS = 3_000;
const MARKS = { fine: "✔", limited: "!", broken: "✖" } as const;

/** `stackspec doctor`. @returns 1 where something cannot work */
export async function examine(): Promise<number> {
  const findings = diagnose(await factsOfHere());
  const width = Math.max(...findings.map(({ what }) => what.length));
  for (const { what, state, found, advice } of findings)
    say(`${MARKS[state]} ${what.padEnd(width)}  ${found}${advice === undefined ? "" : ` — ${advice}`}`);
  return findings.some(({ state }) => state === "broken") ? 1 : 0;
}

async function factsOfHere(): Promise<Facts> {
  const config = read();
  const runtime = await connectEngine().catch((error: unknown) => error as StackspecError);
  const isMissing = runtime instanceof Error;
  return {
    versions: packageVersions(),
    project: {
      problem: config instanceof Error ? sentenceOf(config) : undefined,
      stacks: config instanceof Error ? [] : await stackNames(config),
    },
    cacheProblem: cacheProblem(),
    engine: isMissing ? { missing: runtime.what, advice: runtime.hint } : await describeEngine(runtime),
    freeMemoryBytes: freemem(),
    images: await imagesOf(config),
    snapshots: {
      off: !(config instanceof Error) && config.snapshots.off,
      ...(isMissing ? { images: 0, stacks: 0 } : await snapshotsOn(runtime)),
    },
    left: isMissing ? { up: 0, here: 0, elsewhere: 0 } : await leftOn(runtime),
  };
}

function read(): Config | Error {
  try {
    return readConfig();
  } catch (error) {
    return error as Error;
  }
}

function cacheProblem(): string | undefined {
  try {
    lockStack("stackspec-doctor")?.();
    return undefined;
  } catch (error) {
    return sentenceOf(error);
  }
}

/** The registry that images of Docker Hub come from. */
async function imagesOf(config: Config | Error): Promise<Facts["images"]> {
  const { hubPrefix = "", images: setting = "registry" } = config instanceof Error ? {} : config;
  const registry = hubPrefix === "" ? "registry-1.docker.io" : hubPrefix.split("/")[0]!;
  if (setting === "debian") return { setting, registry, problem: undefined };
  const problem = await fetch(`https://${registry}/v2/`, { signal: AbortSignal.timeout(ANSWERS_WITHIN_MS) }).then(
    () => undefined,
    (error: Error) => messageOf(error.cause ?? error),
  );
  return { setting, registry, problem };
}

async function snapshotsOn({ docker }: Runtime): Promise<{ images: number; stacks: number }> {
  const images = (await docker.listImages({ filters: { label: [SNAPSHOT_LABEL] } })).filter(hasName);
  return { images: images.length, stacks: new Set(images.map(stackOf)).size };
}

async function leftOn(runtime: Runtime): Promise<Facts["left"]> {
  const [{ all, alive, elsewhere }, kept] = await Promise.all([listRuns(runtime), listKeptStacks(runtime)]);
  const here = [...all].filter((run) => !alive.has(run) && !elsewhere.has(run) && !isReusableStack(run));
  return { up: kept.length, here: here.length, elsewhere: elsewhere.size };
}

const sentenceOf = (error: unknown): string => (error instanceof StackspecError ? error.sentence : messageOf(error));
