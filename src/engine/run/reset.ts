import type { GenericContainer } from "testcontainers";
import { StackspecError, messageOf } from "../../errors.ts";
import type { Service, TaskResult, Volume } from "../../stack/stack.ts";
import { settleAll } from "../docker/labels.ts";
import { driverOf } from "../drivers/choose.ts";
import type { Server } from "../drivers/driver.ts";
import { addressOf } from "./address.ts";
import { containersOf } from "./reusable-stack.ts";
import { volumesToReset, writersOf } from "./resources.ts";
import type { StackStart } from "./start-node.ts";
import { takeVolumeBaseline } from "./volume-baseline.ts";
import type { VolumeBaseline, VolumeRecord } from "./volume-baseline.ts";

/** What a stack's tasks have left, and the way back to it. */
export interface Baseline {
  /** Notes for the runs after this one that the stack is up, and what it is reset to. Does nothing where it is not kept. */
  remember(): Promise<void>;
  /**
   * Brings databases and volumes back, and resets the services of this process that can be.
   *
   * @throws StackspecError `RESET_FAILED` naming the service or volume, after everything has been tried
   */
  reset(): Promise<void>;
  /** Closes connections and files, when the stack has been stopped or is left to the next run. */
  close(): Promise<void>;
  /** What keeps its data though nobody has asked for that, a line each. */
  readonly unreset: readonly string[];
}

/** One of the things that are reset. */
interface Part {
  readonly name: string;
  readonly server?: Server;
  readonly volume?: VolumeBaseline;
  reset(): Promise<void> | undefined;
}

/** A service that is not reset, and why. */
interface Unreset {
  readonly name: string;
  readonly why: string;
}

/**
 * Remembers databases and volumes as the tasks have left them, each as soon as nothing but specs will write there.
 *
 * @param options `hasBaselines`: restored services have their baselines with them
 */
export async function takeBaseline(start: StackStart, options: { hasBaselines: boolean }): Promise<Baseline> {
  const { run, plan } = start;
  const { stack, context } = run;
  await run.tasksDone();
  const services = stack.nodes.filter((node) => node.kind === "service");
  const all = await Promise.all([
    ...services.map((service) => servicePart(start, service, options.hasBaselines)),
    ...volumesToReset(stack).map((volume) => volumePart(start, volume)),
  ]);
  const parts = all.filter((part) => part !== undefined && "reset" in part);
  return {
    unreset: all.flatMap((part) =>
      part !== undefined && "why" in part ? [`${part.name} keeps its data between spec files: ${part.why}`] : [],
    ),
    async remember() {
      if (plan.reusable === undefined) return;
      const tasks: Record<string, TaskResult> = {};
      for (const task of stack.nodes)
        if (task.kind === "task") tasks[task.name] = (await run.waitFor(task)) as TaskResult;
      const records: Record<string, VolumeRecord | undefined> = {};
      for (const { name, volume } of parts) if (volume !== undefined) records[name] = volume.record();
      await plan.reusable.remember(await containersOf(await context.connect(), plan.id), records, tasks);
    },
    reset: () => settleAll(parts.map(resetPart)),
    async close() {
      for (const { volume } of parts) volume?.close();
      for (const { server } of parts) await server?.close?.();
    },
  };
}

async function servicePart(
  start: StackStart,
  service: Service,
  hasBaseline: boolean,
): Promise<Part | Unreset | undefined> {
  const { name } = service;
  const reset = service.options.reset as "keep" | ((started: unknown) => Promise<void>) | undefined;
  const started = await start.run.waitFor(service);
  if (reset === "keep") return undefined;
  if (reset !== undefined) return { name, reset: () => reset(started) };
  if (start.run.containers.has(service)) return containerPart(start, service, hasBaseline);
  // An object of this process may know how to reset itself.
  return { name, reset: () => (started as { reset?(): Promise<void> } | undefined)?.reset?.() };
}

async function containerPart(
  start: StackStart,
  service: Service,
  hasBaseline: boolean,
): Promise<Part | Unreset | undefined> {
  const { name } = service;
  const { container } = await start.run.containers.get(service)!.done;
  const driver = driverOf(service, (await start.factories.create(service)) as GenericContainer);
  if (driver === undefined) {
    const { Config } = await container.inspect();
    // What keeps nothing needs no reset.
    if (service.options.data === undefined && Object.keys(Config.Volumes ?? {}).length === 0) return undefined;
    return { name, why: 'set its option reset, to "keep" or to a function' };
  }
  let server: Server;
  try {
    server = await driver.connect(await addressOf(start, service, driver));
  } catch (error) {
    return { name, why: messageOf(error) };
  }
  const { plan, run } = start;
  const isLate = driver.declaredByClients === true;
  if (isLate) await Promise.all(run.stack.nodes.map((node) => run.waitFor(node)));
  const take = (): Promise<void> => server.takeBaseline({ forSnapshot: run.context.toDisk === true });
  // A stack that was up is reset before anything else.
  const restore = (): Promise<void> | undefined => (plan.isUp ? undefined : server.afterRestore?.());
  await (hasBaseline && (!isLate || plan.isUp) ? restore() : take())?.catch(async (cause: unknown) => {
    throw await failure({ name, server }, "what it holds cannot be remembered", cause);
  });
  return { name, server, reset: () => server.reset() };
}

async function volumePart({ run, plan }: StackStart, volume: Volume): Promise<Part> {
  const { name } = volume;
  const writers = writersOf(run.stack, volume);
  // What each of them writes while it starts belongs to what the stack was started with.
  await Promise.all(writers.map((writer) => run.waitFor(writer)));
  const { container } = await run.containers.get(writers[0]!)!.done;
  const { path } = writers[0]!.options.mounts!.find((mount) => mount.volume === volume && mount.mode === "rw")!;
  const { runtime, volumeName } = await run.resources(plan);
  const folder = runtime.local ? (await runtime.docker.getVolume(volumeName(volume)).inspect()).Mountpoint : undefined;
  const baseline = await takeVolumeBaseline({ name, container, path, folder }, plan.reusable?.volume(name), (why) =>
    run.context.onProgress({
      kind: "notice",
      text: `a reset cannot bring back the volume ${name} where specs change or remove files: ${why}`,
    }),
  );
  return { name, volume: baseline, reset: () => baseline.reset() };
}

async function resetPart(part: Part): Promise<void> {
  try {
    await part.reset();
  } catch (cause) {
    throw cause instanceof StackspecError
      ? cause
      : await failure(part, "it cannot be brought back to where the tasks left it", cause);
  }
}

async function failure({ name, server }: Omit<Part, "reset">, what: string, cause: unknown): Promise<StackspecError> {
  const advice = await server?.adviceOn?.(cause).catch(() => undefined);
  return new StackspecError("RESET_FAILED", `${what}: ${messageOf(cause)}`, {
    subject: name,
    hint: advice ?? 'a stack of its own needs no reset: useStack(stack, { scope: "suite" })',
    cause,
  });
}
