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
import type { StackRun } from "./stack-run.ts";
import { nodeOf } from "../../stack/define-stack.ts";
import { startContainer } from "../container/start-container.ts";
import type { ContainerStart } from "../container/start-container.ts";

/** Memory that must be free before a database is kept in it: the data of a small one, ten times over. */
const SPARE_BYTES = 1024 ** 3;

/**
 * Brings one part of a stack to where others can rely on it, and resolves with its value: a
 * service's started value, or a task's result.
 */
export async function startNode(node: Node, run: StackRun): Promise<unknown> {
  const restored = run.restoredTasks?.get(node.name);
  if (node.kind === "task" && restored !== undefined) {
    run.conditions(node).runs.resolve();
    run.report(node, "restored");
    return restored;
  }
  const after = node.options.after ?? [];
  if (after.length > 0) run.report(node, "waiting", { waitsFor: after.map((dependency) => nodeOf(dependency).name) });
  const made = await run.make(node);
  run.signal.throwIfAborted();

  // A container is created while others start; only its own start waits for them.
  let begunMs = 0;
  const gate = async (): Promise<void> => {
    await Promise.all(after.map((dependency) => run.waitFor(dependency)));
    begunMs = run.elapsedMs();
    run.report(node, "starting");
  };
  const tookMs = (): number => run.elapsedMs() - begunMs;

  const value = isContainer(made)
    ? await startContainerOf(node, made, gate, run, tookMs)
    : await startObject(node, made as Startable | undefined, gate, run, tookMs);
  run.report(node, node.kind === "task" ? "completed" : "ready", { tookMs: tookMs() });
  return value;
}

async function startContainerOf(
  node: Node,
  container: GenericContainer,
  gate: () => Promise<void>,
  run: StackRun,
  tookMs: () => number,
) {
  const { runtime, ground, exits } = await run.resources();
  const http = node.kind === "service" ? node.options.http : undefined;
  if (http !== undefined) expose(container, http.port);
  const joined = run.joined.get(node.name);
  if (joined !== undefined) await ground.connect(joined, node.name);
  const passing = startContainer(container, {
    node,
    placement: {
      ...ground.placeFor(node, run.runningNodes()),
      inMemory: inMemory(node, container, run, runtime),
      urgent: node.kind === "service" && dataOf(node, container) !== undefined,
    },
    runtime,
    exits,
    gate,
    logFile: join(run.logFolder, `${node.name}.log`),
    signal: run.signal,
    adopted: run.kept?.containers?.get(node.name) ?? joined,
    onRunning: run.conditions(node).runs.resolve,
  });
  run.containerStarts.set(node, passing);
  if (joined === undefined)
    run.own(
      node,
      passing.done.then((ran) => ran.started),
    );
  if (node.kind === "task") return taskResult(node, passing, run, tookMs);

  const { started, container: handle, log, exit } = await passing.done;
  run.logs.set(node.name, log);
  void reportDeath(node, handle, exit, run);
  if (http === undefined) return started;
  return Object.assign(started, { http: httpClient(`http://${runtime.host}:${started.getMappedPort(http.port)}`) });
}

/** The data directory of a database, where it may be in memory: on this machine, with some to spare. */
function inMemory(node: Node, container: GenericContainer, run: StackRun, runtime: Runtime): string | undefined {
  const data = node.kind === "service" ? dataOf(node, container) : undefined;
  if (data === undefined || data.durable || run.context.toDisk === true) return undefined;
  return runtime.local && freemem() >= SPARE_BYTES ? data.path : undefined;
}

async function reportDeath(
  node: Node,
  container: Dockerode.Container,
  exit: Promise<number>,
  run: StackRun,
): Promise<void> {
  try {
    const exitCode = await exit;
    if (run.stopping) return;
    run.death.resolve(
      run.isUp
        ? await deathFailure(node.name, container, exitCode)
        : await exitFailure(node.name, container, exitCode, "while others were starting"),
    );
  } catch (error) {
    // The engine is gone, and with it every service.
    if (error instanceof StackspecError) run.death.resolve(error);
  }
}

async function taskResult(
  task: Task,
  passing: ContainerStart,
  run: StackRun,
  tookMs: () => number,
): Promise<TaskResult> {
  const { timeoutMs } = task.options;
  const over = new AbortController();
  try {
    const ran = await Promise.race([
      passing.done,
      ...(timeoutMs === undefined ? [] : [timeout(task, passing, timeoutMs, run, over.signal)]),
    ]);
    const exitCode = await ran.exit;
    run.logs.set(task.name, ran.log);
    if (exitCode === 0) return { exitCode, output: ran.log.lines.join("\n"), durationMs: tookMs() };
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
  passing: ContainerStart,
  timeoutMs: number,
  run: StackRun,
  over: AbortSignal,
): Promise<never> {
  await run.conditions(task).runs.promise;
  await sleep(timeoutMs, undefined, { signal: AbortSignal.any([run.signal, over]) });
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
  run: StackRun,
  tookMs: () => number,
) {
  await gate();
  run.conditions(node).runs.resolve();
  if (made === undefined) return { exitCode: 0, output: "", durationMs: tookMs() } satisfies TaskResult;
  run.signal.throwIfAborted();
  const starting = made.start();
  run.own(node, starting);
  return starting;
}
