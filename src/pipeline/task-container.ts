import { mkdir, mkdtemp, rename, rm } from "node:fs/promises";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { basename, dirname, join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import type Dockerode from "dockerode";
import type { GenericContainer } from "testcontainers";
import { addBinds } from "../engine/container/configure.ts";
import { followLog } from "../engine/docker/log.ts";
import { NAME_LABEL, RUN_LABEL } from "../engine/docker/labels.ts";
import { isNotFound } from "../engine/docker/connect.ts";
import { StackspecError, messageOf } from "../errors.ts";
import type { PipelineContext } from "./pipeline-context.ts";

/** How many of a failed task's last lines stand in the error. The log file has all. */
const OUTPUT_LINES = 40;
const TIMEOUT_MS = 600_000;

/** How one container of a stage runs. */
export interface ContainerRun {
  /** Of the task: for messages, the label and the log file. */
  readonly name: string;
  /** A network's name, or `none`. */
  readonly network: string;
  readonly binds: readonly string[];
  readonly collects: Readonly<Record<string, string>>;
  readonly timeoutMs: number | undefined;
}

/**
 * Runs a container to its end. What it collects is taken out before it is removed, whether it
 * passed or not.
 *
 * @throws StackspecError `TASK_FAILED` or `TASK_TIMEOUT`, with the end of its output
 */
export async function runToEnd(made: GenericContainer, run: ContainerRun, bench: PipelineContext): Promise<void> {
  const { name, collects, timeoutMs = TIMEOUT_MS } = run;
  // What an earlier run left must not be taken for this one's.
  await Promise.all(Object.values(collects).map((to) => rm(to, { recursive: true, force: true })));
  const container = await start(made, run, bench);
  try {
    const log = await followLog(container, join("reports", "logs", `${name}.log`));
    const over = new AbortController();
    const late = sleep(timeoutMs, undefined, { signal: over.signal }).then(
      () => "late" as const,
      () => "over" as const,
    );
    const ended = await Promise.race([container.wait() as Promise<{ StatusCode: number }>, late]);
    over.abort();
    if (typeof ended === "string") await container.kill().catch(() => {});
    await log.ended;
    const evidence = log.lines
      .slice(-OUTPUT_LINES)
      .map((line) => `  | ${line}`)
      .join("\n");
    bench.signal.throwIfAborted();

    const missing: string[] = [];
    for (const [from, to] of Object.entries(collects)) if (!(await copyOut(container, from, to))) missing.push(from);
    if (typeof ended === "string")
      throw new StackspecError("TASK_TIMEOUT", `still running after ${timeoutMs} ms`, {
        subject: name,
        hint: "its output follows",
        evidence,
      });
    if (ended.StatusCode !== 0)
      throw new StackspecError("TASK_FAILED", `exited with code ${ended.StatusCode}, expected 0`, {
        subject: name,
        hint: "its output follows",
        evidence,
      });
    if (missing.length > 0)
      throw new StackspecError("TASK_FAILED", `expected it to leave ${missing.join(" and ")}, found nothing there`, {
        subject: name,
        evidence,
      });
  } finally {
    await container.remove({ force: true, v: true }).catch(() => {}); // The run's end removes what is left.
  }
}

/** A container that may exit at once, or run for long, is started when it has been started: there is nothing to wait for. */
async function start(
  made: GenericContainer,
  { name, network, binds }: ContainerRun,
  bench: PipelineContext,
): Promise<Dockerode.Container> {
  const atOnce = {
    waitUntilReady: async () => {},
    withStartupTimeout: () => atOnce,
    isStartupTimeoutSet: () => true,
    getStartupTimeout: () => 0,
  };
  addBinds(made, binds);
  made
    .withLabels({ [RUN_LABEL]: bench.session.runId, [NAME_LABEL]: name })
    .withAutoCleanup(false)
    .withNetworkMode(network)
    .withWaitStrategy(atOnce);
  try {
    const started = await made.start();
    return bench.runtime.docker.getContainer(started.getId());
  } catch (cause) {
    bench.signal.throwIfAborted();
    throw new StackspecError("TASK_FAILED", `cannot be started: ${messageOf(cause)}`, { subject: name, cause });
  }
}

/** Copies a file or folder of a container to its place on this machine, which it replaces. False when it is not there. */
async function copyOut(container: Dockerode.Container, from: string, to: string): Promise<boolean> {
  let archive: NodeJS.ReadableStream;
  try {
    archive = await container.getArchive({ path: from });
  } catch (error) {
    if (isNotFound(error)) return false;
    throw error;
  }
  await mkdir(dirname(to), { recursive: true });
  const draft = await mkdtemp(`${to}.`);
  try {
    const tar = spawn("tar", ["-x", "--no-same-owner", "-C", draft], { stdio: ["pipe", "ignore", "pipe"] });
    const closed = once(tar, "close") as Promise<[number | null]>;
    archive.pipe(tar.stdin);
    const [code] = await closed;
    if (code !== 0) throw new Error(`tar cannot unpack ${from}: exit code ${code}`);
    await rm(to, { recursive: true, force: true });
    await rename(join(draft, basename(from)), to);
  } finally {
    await rm(draft, { recursive: true, force: true });
  }
  return true;
}
