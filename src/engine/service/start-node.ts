import { freemem } from "node:os";
import { join } from "node:path";
import type { GenericContainer, StopOptions } from "testcontainers";
import type Dockerode from "dockerode";
import type { Node, ServiceOptions, Startable, TaskResult } from "../../stack/stack.ts";
import { portsOf } from "../../stack/external.ts";
import { nodeOf } from "../../stack/define-stack.ts";
import { expose } from "../container/configure.ts";
import { imageReferenceOf, isContainer, variablesOf } from "../container/internals.ts";
import { startContainer } from "../container/start-container.ts";
import type { ContainerStart } from "../container/start-container.ts";
import { taskResult } from "../container/task-result.ts";
import type { Runtime } from "../docker/connect.ts";
import { checkProgram, driverOf } from "../drivers/choose.ts";
import { dataOf } from "../drivers/data.ts";
import type { Asked } from "../../stack/driver.ts";
import { toldTo } from "../drivers/variables.ts";
import { COPY_PATH } from "../snapshot/store.ts";
import { addressOf } from "./address.ts";
import { startsAfterCopies } from "./copy-layers.ts";
import { sayIgnoredLimits } from "./ignored-limits.ts";
import { serviceValue, stopWithLog } from "./running-service.ts";
import type { StackRun } from "../plan/stack-run.ts";
import type { StackStart } from "../plan/stack-start.ts";

/** Memory that must be free before a database is kept in it: the data of a small one, ten times over. */
const SPARE_BYTES = 1024 ** 3;

/**
 * Brings one part of a stack to where others can rely on it, and resolves with its value: a
 * service's started value, or a task's result.
 */
export async function startNode(node: Node, start: StackStart): Promise<unknown> {
  const { plan, run, factories } = start;
  const after = node.options.after ?? [];
  const known = plan.results.get(node);
  if (known !== undefined) {
    run.report(node, "restored");
    // What comes after it relies on what the task relied on.
    await Promise.all(after.map((dependency) => run.waitFor(dependency)));
    run.setRunning(node);
    return known;
  }
  if (after.length > 0) run.report(node, "waiting", { waitsFor: after.map((dependency) => nodeOf(dependency).name) });
  let begunMs = 0;
  const gate = async (): Promise<void> => {
    await start.broughtBack.promise;
    await Promise.all(after.map((dependency) => run.waitFor(dependency)));
    if (startsAfterCopies(node, run, plan)) await start.copies.done;
    run.signal.throwIfAborted();
    begunMs = run.elapsedMs();
    run.report(node, "starting");
  };
  const tookMs = (): number => run.elapsedMs() - begunMs;

  // The factory of a task without an image may be the work itself.
  const mayBeWork = node.kind === "task" && node.options.image === undefined;
  if (mayBeWork) await gate();
  const made = await factories.create(node);
  run.signal.throwIfAborted();

  let value: unknown;
  // A container is created while others start; only its own start waits for them.
  if (isContainer(made)) value = await startContainerOf(node, made, mayBeWork ? undefined : gate, start);
  else {
    if (!mayBeWork) await gate();
    run.setRunning(node);
    value = made === undefined ? doneHere(tookMs()) : await startObject(node, made as Startable, run);
  }
  run.report(node, node.kind === "task" ? "completed" : "ready", { tookMs: tookMs() });
  return value;
}

/** The result of a task whose factory was its work. */
function doneHere(durationMs: number): TaskResult {
  return { exitCode: 0, output: "", durationMs };
}

/** A service of this process. */
function startObject(node: Node, made: Startable, run: StackRun): Promise<unknown> {
  const starting = made.start();
  run.addDisposable(node, starting);
  return starting;
}

/** How a container is started in the place of one that was ready, or is started again. */
interface Replacement {
  /** Ports of the host, by the container's: "6379/tcp". */
  readonly hostPorts?: Readonly<Record<string, string>>;
  /** The one that has exited, and is started again, and when it has, in the engine's words. */
  readonly exited?: { readonly id: string; readonly since: string };
  /** Ends the wait. */
  readonly signal: AbortSignal;
}

/**
 * Starts the container of a node, and resolves with its value.
 *
 * @param gate resolves when it may run
 */
export async function startContainerOf(
  node: Node,
  container: GenericContainer,
  gate: ((created: Dockerode.Container) => Promise<void>) | undefined,
  stackStart: StackStart,
  replacement?: Replacement,
): Promise<unknown> {
  const { plan, run, copies, logFolder } = stackStart;
  const resources = await run.resources(plan);
  const { runtime, exits } = resources;
  const { ready }: ServiceOptions = node.kind === "service" ? node.options : {};
  for (const port of portsOf(node)) expose(container, port);
  const driver = node.kind === "service" ? driverOf(node, container) : undefined;
  if (node.kind === "service" && node.options.driver) {
    const image = await runtime.docker
      .getImage(imageReferenceOf(container))
      .inspect()
      .catch(() => undefined);
    if (image !== undefined) checkProgram(node, image.Config);
  }
  if (driver !== undefined) expose(container, driver.port);
  const data = node.kind === "service" ? dataOf(node, container) : undefined;
  const adopted = replacement === undefined ? plan.adopted.get(node) : replacement.exited?.id;
  // What is copied for the container that takes its place is read off the disk.
  const isOnDisk = data?.durable === true || (node.kind === "service" && node.options.reset === "recreate");
  if (adopted !== undefined && plan.shared.has(node)) await resources.connect(adopted, node.name);
  let told: Promise<Pick<Asked, "environment" | "command">> | undefined;
  // What its image says too.
  const read = async (): Promise<Pick<Asked, "environment" | "command">> => {
    const { Config } = await (await start.running).inspect();
    const variables = variablesOf(Config.Env);
    return {
      environment: { ...variables, ...toldTo(driver!, variables) },
      command: [Config.Entrypoint ?? [], Config.Cmd ?? []].flat(),
    };
  };
  const start: ContainerStart = startContainer(container, {
    startTimeoutMs: run.context.startTimeoutMs,
    subject: node,
    config: {
      ...resources.configFor(node, plan.running),
      inMemory: data === undefined || isOnDisk || !hasMemory(runtime) ? undefined : data.path,
      urgent: data !== undefined,
      volume:
        (data && run.context.savesState === true) ||
        plan.missing.some(({ holders }) => data && holders.some((holder) => holder === node))
          ? COPY_PATH
          : undefined,
      withoutHealthCheck: driver?.ask !== undefined && ready === undefined,
      adopted,
      restartedAfter: replacement?.exited,
      hostPorts: replacement?.hostPorts,
    },
    runtime,
    exits,
    ...(driver?.ask && {
      askServer: async (port) =>
        driver.ask!({ host: runtime.host, port: port(driver.port), ...(await (told ??= read())) }),
      inSql: driver.sql ?? false,
    }),
    ...(gate && { gate }),
    logFile: join(logFolder, `${node.name}.log`),
    ...run.listeners(node),
    signal: replacement === undefined ? run.signal : AbortSignal.any([run.signal, replacement.signal]),
  });
  run.addContainer(node, start);
  let isStopped = false;
  if (!plan.shared.has(node))
    run.addDisposable(
      node,
      start.done.then((running) => ({
        stop(how?: Partial<StopOptions>) {
          isStopped = true;
          return stopWithLog(running, how);
        },
      })),
    );
  void start.running.then((created) => {
    run.setRunning(node);
    // Where it is gone already, its failure says why.
    if (adopted === undefined) sayIgnoredLimits(node, container, created, run).catch(() => {});
  });
  void start.done.then(
    ({ log }) => run.addLog(node.name, log),
    () => {},
  );
  if (node.kind === "task") return taskResult(node.name, start, node.options);
  const value = await serviceValue(node, start, runtime, run, (id) => isStopped || exits.isExpected(id));
  if (plan.restored.has(node) && replacement?.exited === undefined)
    await driver?.restored?.(await addressOf(stackStart, node, driver));
  if (replacement === undefined) await copies.copyServer(node);
  return value;
}

/** True where a data directory may be in memory: on this machine, with some to spare. */
function hasMemory({ local }: Runtime): boolean {
  return local && freemem() >= SPARE_BYTES;
}
