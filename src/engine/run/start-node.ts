import { freemem } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import type Dockerode from "dockerode";
import type { GenericContainer } from "testcontainers";
import { StackspecError } from "../../errors.ts";
import { httpClient } from "../../http/client.ts";
import type { Node, Startable, Task, TaskResult } from "../../stack/stack.ts";
import { expose } from "../container/configure.ts";
import { isContainer } from "../container/internals.ts";
import { dataOf } from "../drivers/driver.ts";
import type { Runtime } from "../docker/connect.ts";
import { deathFailure, exitFailure } from "../container/failure.ts";
import type { Launch } from "./stack-run.ts";
import { nodeOf } from "../../stack/define-stack.ts";
import { runContainer } from "../container/start-container.ts";
import type { Passing } from "../container/start-container.ts";

/** Memory that must be free before a database is kept in it: the data of a small one, ten times over. */
const SPARE_BYTES = 1024 ** 3;

/**
 * Brings one part of a stack to where others can rely on it, and resolves with its value: a
 * service's started value, or a task's result.
 */
export async function startNode(node: Node, launch: Launch): Promise<unknown> {
  const restored = launch.restoredTasks?.get(node.name);
  if (node.kind === "task" && restored !== undefined) {
    launch.moments(node).runs.resolve();
    launch.report(node, "restored");
    return restored;
  }
  const after = node.options.after ?? [];
  if (after.length > 0)
    launch.report(node, "waiting", { waitsFor: after.map((dependency) => nodeOf(dependency).name) });
  const made = await launch.make(node);
  launch.signal.throwIfAborted();

  // A container is created while others start; only its own start waits for them.
  let begunMs = 0;
  const gate = async (): Promise<void> => {
    await Promise.all(after.map((dependency) => launch.met(dependency)));
    begunMs = launch.elapsedMs();
    launch.report(node, "starting");
  };
  const tookMs = (): number => launch.elapsedMs() - begunMs;

  const value = isContainer(made)
    ? await startContainer(node, made, gate, launch, tookMs)
    : await startObject(node, made as Startable | undefined, gate, launch, tookMs);
  launch.report(node, node.kind === "task" ? "completed" : "ready", { tookMs: tookMs() });
  return value;
}

async function startContainer(
  node: Node,
  container: GenericContainer,
  gate: () => Promise<void>,
  launch: Launch,
  tookMs: () => number,
) {
  const { runtime, ground, exits } = await launch.ground();
  const http = node.kind === "service" ? node.options.http : undefined;
  if (http !== undefined) expose(container, http.port);
  const joined = launch.joined.get(node.name);
  if (joined !== undefined) await ground.letIn(joined, node.name);
  const passing = runContainer(container, {
    node,
    placement: {
      ...ground.placeFor(node, launch.runningNodes()),
      inMemory: inMemory(node, container, launch, runtime),
      urgent: node.kind === "service" && dataOf(node, container) !== undefined,
    },
    runtime,
    exits,
    gate,
    logFile: join(launch.logFolder, `${node.name}.log`),
    signal: launch.signal,
    adopted: launch.kept?.containers?.get(node.name) ?? joined,
    onRunning: launch.moments(node).runs.resolve,
  });
  launch.passing.set(node, passing);
  if (joined === undefined)
    launch.hold(
      node,
      passing.done.then((run) => run.started),
    );
  if (node.kind === "task") return taskResult(node, passing, launch, tookMs);

  const { started, container: handle, log, exit } = await passing.done;
  launch.logs.set(node.name, log);
  void reportDeath(node, handle, exit, launch);
  if (http === undefined) return started;
  return Object.assign(started, { http: httpClient(`http://${runtime.host}:${started.getMappedPort(http.port)}`) });
}

/** The data directory of a database, where it may be in memory: on this machine, with some to spare. */
function inMemory(node: Node, container: GenericContainer, launch: Launch, runtime: Runtime): string | undefined {
  const data = node.kind === "service" ? dataOf(node, container) : undefined;
  if (data === undefined || data.durable || launch.context.toDisk === true) return undefined;
  return runtime.local && freemem() >= SPARE_BYTES ? data.path : undefined;
}

async function reportDeath(
  node: Node,
  container: Dockerode.Container,
  exit: Promise<number>,
  launch: Launch,
): Promise<void> {
  try {
    const exitCode = await exit;
    if (launch.stopping) return;
    launch.death.resolve(
      launch.isUp
        ? await deathFailure(node.name, container, exitCode)
        : await exitFailure(node.name, container, exitCode, "while others were starting"),
    );
  } catch (error) {
    // The engine is gone, and with it every service.
    if (error instanceof StackspecError) launch.death.resolve(error);
  }
}

async function taskResult(task: Task, passing: Passing, launch: Launch, tookMs: () => number): Promise<TaskResult> {
  const { timeoutMs } = task.options;
  const over = new AbortController();
  try {
    const run = await Promise.race([
      passing.done,
      ...(timeoutMs === undefined ? [] : [timeout(task, passing, timeoutMs, launch, over.signal)]),
    ]);
    const exitCode = await run.exit;
    launch.logs.set(task.name, run.log);
    if (exitCode === 0) return { exitCode, output: run.log.lines.join("\n"), durationMs: tookMs() };
    throw new StackspecError("TASK_FAILED", `exited with code ${exitCode}, expected 0`, {
      subject: task.name,
      hint: "its log says why",
      evidence: await passing.evidence(),
    });
  } finally {
    over.abort();
  }
}

/** Rejects when the task has been running for too long; what it waits for before is not its time. */
async function timeout(
  task: Task,
  passing: Passing,
  timeoutMs: number,
  launch: Launch,
  over: AbortSignal,
): Promise<never> {
  await launch.moments(task).runs.promise;
  await sleep(timeoutMs, undefined, { signal: AbortSignal.any([launch.signal, over]) });
  throw new StackspecError("TASK_TIMEOUT", `still running after ${timeoutMs} ms`, {
    subject: task.name,
    hint: "its log says what it is doing; raise its timeoutMs if that is right",
    evidence: await passing.evidence(),
  });
}

/** A service of this process, or, when the factory returned nothing, a task whose work that factory was. */
async function startObject(
  node: Node,
  made: Startable | undefined,
  gate: () => Promise<void>,
  launch: Launch,
  tookMs: () => number,
) {
  await gate();
  launch.moments(node).runs.resolve();
  if (made === undefined) return { exitCode: 0, output: "", durationMs: tookMs() } satisfies TaskResult;
  launch.signal.throwIfAborted();
  const starting = made.start();
  launch.hold(node, starting);
  return starting;
}
