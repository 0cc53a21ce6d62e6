import { StackspecError, messageOf } from "../../errors.ts";
import type { Service, TaskResult, Volume } from "../../stack/stack.ts";
import { settleAll } from "../docker/labels.ts";
import { resetMySql, takeMySqlBaseline } from "../drivers/mysql.ts";
import { isLockTimeout, isMySql, lockHolders, mySqlServer } from "../drivers/mysql-server.ts";
import type { MySqlServer, StartedMySql } from "../drivers/mysql-server.ts";
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
}

/** One of the things that are reset. */
interface Part {
  readonly name: string;
  readonly server?: MySqlServer;
  readonly volume?: VolumeBaseline;
  reset(): Promise<void> | undefined;
}

/**
 * Remembers databases and volumes as the tasks have left them, each as soon as nothing but specs will write there.
 *
 * @param options `hasDatabases`: a restored server has its databases' baseline with it
 */
export async function takeBaseline(start: StackStart, options: { hasDatabases: boolean }): Promise<Baseline> {
  const { run, plan } = start;
  const { stack, context } = run;
  await run.tasksDone();
  const services = stack.nodes.filter((node) => node.kind === "service");
  const parts = await Promise.all([
    ...services.map((service) => servicePart(start, service, options.hasDatabases)),
    ...volumesToReset(stack).map((volume) => volumePart(start, volume)),
  ]);
  return {
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
      for (const { server } of parts) await server?.close();
    },
  };
}

async function servicePart(start: StackStart, service: Service, hasDatabase: boolean): Promise<Part> {
  const { run, plan, factories, databaseSuffix } = start;
  const { name } = service;
  const started = await run.waitFor(service);
  if (isMySql(await factories.create(service))) {
    const isShared = service.options.shared === true && run.context.joins !== undefined;
    const suffix = plan.shared.has(service) ? databaseSuffix : "";
    const server = mySqlServer(started as StartedMySql, suffix, isShared);
    if (!hasDatabase)
      await takeMySqlBaseline(server).catch(async (cause: unknown) => {
        throw await failure({ name, server }, "its databases cannot be remembered", cause);
      });
    return { name, server, reset: () => resetMySql(server) };
  }
  // An object of this process may know how to reset itself.
  const object = run.containers.has(service) ? undefined : (started as { reset?(): Promise<void> } | undefined);
  return { name, reset: () => object?.reset?.() };
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
  const holders = server !== undefined && isLockTimeout(cause) ? await lockHolders(server).catch(() => []) : [];
  return new StackspecError("RESET_FAILED", `${what}: ${messageOf(cause)}`, {
    subject: name,
    hint:
      holders.length > 0
        ? `end the transaction of a spec that is still open: ${holders.join("; ")}`
        : 'a stack of its own needs no reset: useStack(stack, { scope: "suite" })',
    cause,
  });
}
