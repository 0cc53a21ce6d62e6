import { mkdir, mkdtemp, rename, rm } from "node:fs/promises";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { basename, dirname, join } from "node:path";
import type Dockerode from "dockerode";
import type { GenericContainer } from "testcontainers";
import { startContainer } from "../engine/container/start-container.ts";
import { taskResult } from "../engine/container/task-result.ts";
import { watchExits } from "../engine/docker/exits.ts";
import { NAME_LABEL, RUN_LABEL } from "../engine/docker/labels.ts";
import { isNotFound } from "../engine/docker/connect.ts";
import { StackspecError } from "../errors.ts";
import type { PipelineContext } from "./pipeline-context.ts";

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
export async function runToEnd(made: GenericContainer, run: ContainerRun, context: PipelineContext): Promise<void> {
  const { name, network, binds, collects, timeoutMs = TIMEOUT_MS } = run;
  const { runtime, session, signal } = context;
  // What an earlier run left must not be taken for this one's.
  await Promise.all(Object.values(collects).map((to) => rm(to, { recursive: true, force: true })));
  const exits = await watchExits(runtime);
  try {
    const start = startContainer(made, {
      subject: { kind: "task", name, options: {} },
      config: {
        labels: { [RUN_LABEL]: session.runId, [NAME_LABEL]: name },
        networks: [network],
        alias: undefined,
        binds,
      },
      runtime,
      exits,
      logFile: join("reports", "logs", `${name}.log`),
      signal,
    });
    // Its container goes with the run when it does not come to run.
    const container = await Promise.race([start.running, start.done.then((ended) => ended.container)]);
    try {
      const result = await taskResult(name, start, timeoutMs).catch((error: unknown) => ({ error }));
      await container.kill().catch(() => {}); // It runs still where it ran out of time.
      signal.throwIfAborted();
      const missing = await collect(container, collects);
      if ("error" in result) throw result.error;
      if (missing.length > 0)
        throw new StackspecError("TASK_FAILED", `expected it to leave ${missing.join(" and ")}, found nothing there`, {
          subject: name,
          evidence: await start.evidence(),
        });
    } finally {
      await container.remove({ force: true, v: true }).catch(() => {}); // The run's end removes what is left.
    }
  } finally {
    exits.close();
  }
}

/** Copies out what there is; returns what there is not. */
async function collect(
  container: Dockerode.Container,
  collects: Readonly<Record<string, string>>,
): Promise<readonly string[]> {
  const missing: string[] = [];
  for (const [from, to] of Object.entries(collects)) if (!(await copyOut(container, from, to))) missing.push(from);
  return missing;
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
