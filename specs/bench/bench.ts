import { randomBytes } from "node:crypto";
import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { homedir, tmpdir } from "node:os";
import { join } from "node:path";
import { readConfig } from "../../src/config/config.ts";
import { ensureEngine } from "../../src/engine/docker/install.ts";
import { OWNER_LABEL, RUN_LABEL, STACK_LABEL, removeResources, thisProcess } from "../../src/engine/docker/labels.ts";
import type { Runtime } from "../../src/engine/docker/connect.ts";
import { SNAPSHOT_LABEL } from "../../src/engine/snapshot/store.ts";
import { startWatchdog } from "../../src/engine/cleanup/watchdog.ts";
import { imageResolver } from "../../src/images/resolve.ts";
import type { ImageSource } from "../../src/stack/image.ts";
import release from "../stacks/release.ts";
import { allEnded, runProgram } from "./child.ts";

/** What all ways stand on: one engine, the same images, and passwords that nobody else's snapshot has. */
export interface Bench {
  readonly runtime: Runtime;
  /** In the names of all that it makes. */
  readonly id: string;
  readonly say: (line: string) => void;
  readonly images: Readonly<
    Record<"mysql" | "app" | "nginx" | "node" | "postgres" | "rabbitmq" | "redis" | "debian", string>
  >;
  /** For every process that is measured. */
  readonly environment: Readonly<Record<string, string>>;
  /** On whatever a way makes on the engine by itself: `npm run clean` and our watchdog know these. */
  readonly labels: Readonly<Record<string, string>>;
  readonly folder: string;
  readonly signal: AbortSignal;
  /** The key of the snapshot that has been made for this bench. */
  readonly snapshotKey: string;
  /** Has this done at the end, whatever happens. */
  atEnd(release: () => Promise<unknown>): void;
  /** Tells of a kept stack, which has to be removed at the end. */
  keeps(stackId: string): void;
  /** Removes everything, whatever happened. */
  release(): Promise<void>;
}

/** Resolves the images and makes the snapshot, if one is needed. */
export async function openBench(
  signal: AbortSignal,
  say: (line: string) => void,
  needsSnapshot = true,
): Promise<Bench> {
  const config = readConfig(process.env);
  const engine = await ensureEngine(config, say);
  if ("missing" in engine) throw new Error(`a bench needs an engine: ${engine.missing}`);
  const { runtime } = engine;
  const runId = randomBytes(4).toString("hex");
  const folder = mkdtempSync(join(tmpdir(), "stackspec-bench-"));
  const dismiss = startWatchdog(runId);
  const kept = new Set<string>();
  const releases: (() => Promise<unknown>)[] = [];
  let snapshotKey = "";

  async function removeSnapshots(): Promise<void> {
    if (snapshotKey === "") return;
    const filters = { label: [`${SNAPSHOT_LABEL}=${snapshotKey}`] };
    const found = await runtime.docker.listImages({ filters });
    await Promise.allSettled(found.map(({ Id }) => runtime.docker.getImage(Id).remove({ force: true })));
  }
  async function releaseAll(): Promise<void> {
    await allEnded();
    await Promise.allSettled(releases.map((each) => each()));
    for (const stackId of kept) await removeResources(runtime, `${STACK_LABEL}=${stackId}`);
    await removeResources(runtime, `${RUN_LABEL}=${runId}`);
    await removeSnapshots();
    dismiss();
    const remembered = join(homedir(), ".cache", "stackspec", "kept");
    for (const file of kept.size === 0 ? [] : readdirSync(remembered))
      if ([...kept].some((stackId) => file.startsWith(stackId))) rmSync(join(remembered, file), { force: true });
    rmSync(folder, { recursive: true, force: true });
  }

  try {
    const resolve = imageResolver({
      config,
      docker: async () => runtime.docker,
      signal,
      onDetail: (name, state, detail) => say(`  ${name} ${state}: ${detail}`),
      onResolved: () => {},
    });
    const sourceOf = (part: string): ImageSource => release.nodes.find(({ name }) => name === part)!.options.image!;
    const reference = async (source: ImageSource): Promise<string> => (await resolve(source)).reference;
    const images = {
      mysql: await reference(sourceOf("db")),
      app: await reference(sourceOf("app")),
      nginx: await reference(sourceOf("nginx")),
      node: await reference("node:24-slim"),
      postgres: await reference("postgres:18"),
      rabbitmq: await reference("rabbitmq:4"),
      redis: await reference("redis:8"),
      debian: await reference("debian:trixie-slim"),
    };
    const environment = {
      STACK: "release",
      URL: "",
      CI: "",
      STACKSPEC_KEEP: "0",
      STACKSPEC_SNAPSHOTS: "on",
      // Nobody's snapshot is dropped because of ours.
      STACKSPEC_SNAPSHOTS_KEPT: "1000",
      MYSQL_PASSWORD: randomBytes(8).toString("hex"),
      MYSQL_ROOT_PASSWORD: randomBytes(8).toString("hex"),
      JUNIT_REPORT_PATH: join(folder, "report.xml"),
    };
    if (needsSnapshot) {
      say("Making the snapshot");
      const { told } = await runProgram("ours", ["snapshot"], { environment, signal });
      snapshotKey = told.get("key")?.[0] ?? "";
    }
    return {
      runtime,
      id: runId,
      say,
      images,
      environment,
      labels: { [RUN_LABEL]: runId, [OWNER_LABEL]: thisProcess() },
      folder,
      signal,
      snapshotKey,
      atEnd: (work) => void releases.push(work),
      keeps: (stackId) => void kept.add(stackId),
      release: releaseAll,
    };
  } catch (error) {
    await releaseAll();
    throw error;
  }
}
