import type { GenericContainer } from "testcontainers";
import { messageOf, usageError } from "../../errors.ts";
import type { Service, ServiceOptions, TaskResult, Volume } from "../../stack/stack.ts";
import { settleAll } from "../docker/labels.ts";
import { driverOf } from "../drivers/choose.ts";
import type { Driver, Server, ServiceAddress } from "../drivers/driver.ts";
import { addressOf } from "./address.ts";
import { checkpointsOf } from "./checkpoint.ts";
import type { Resettable } from "./checkpoint.ts";
import { recreatedPart } from "./recreate.ts";
import { closeParts, resetFailure, resetPart } from "./reset-part.ts";
import type { Part } from "./reset-part.ts";
import { containersOf } from "./reusable-stack.ts";
import { volumesToReset, writersOf } from "./resources.ts";
import type { StackStart } from "./start-node.ts";
import { takeVolumeBaseline } from "./volume-baseline.ts";
import type { Kept, VolumeRecord } from "./volume-baseline.ts";

/** What a stack's tasks have left, and the way back to it. */
export interface Baseline extends Resettable {
  /** Notes for the runs after this one that the stack is up, and what it is reset to. Does nothing where it is not kept. */
  remember(): Promise<void>;
  /** Closes connections and files, when the stack has been stopped or is left to the next run. */
  close(): Promise<void>;
  /** What keeps its data though nobody has asked for that, a line each. */
  readonly unreset: readonly string[];
  /** What else is to be said before the first spec, a line each. */
  readonly notices: readonly string[];
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
  const unreset = all.filter((part) => part !== undefined && "why" in part);
  const checkpoints = checkpointsOf(
    stack.name,
    parts,
    unreset.map(({ name }) => name),
  );
  const remember = async (): Promise<void> => {
    if (plan.reusable === undefined) return;
    const tasks: Record<string, TaskResult> = {};
    for (const task of stack.nodes)
      if (task.kind === "task") tasks[task.name] = (await run.waitFor(task)) as TaskResult;
    const records: Record<string, VolumeRecord | undefined> = {};
    for (const { name, volume } of parts) if (volume !== undefined) records[name] = volume.record();
    await plan.reusable.remember(await containersOf(await context.connect(), plan.id), records, tasks);
  };
  return {
    notices: parts.flatMap(({ notice }) => notice ?? []),
    unreset: unreset.map(({ name, why }) => `${name} keeps its data between spec files: ${why}`),
    remember,
    async reset() {
      await settleAll(parts.map(resetPart));
      // The next run takes over the containers that are there then.
      if (services.some((service) => service.options.reset === "recreate")) await remember();
    },
    checkpoint: () => checkpoints.take(),
    async close() {
      await closeParts(parts);
      await checkpoints.close();
    },
  };
}

async function servicePart(
  start: StackStart,
  service: Service,
  hasBaseline: boolean,
): Promise<Part | Unreset | undefined> {
  const { name } = service;
  const reset = service.options.reset as ServiceOptions<unknown>["reset"];
  const started = await start.run.waitFor(service);
  if (reset === "keep") return undefined;
  if (reset === "recreate" && isShared(start, service)) return { name, why: "parallel workers share it" };
  if (reset === "recreate") return recreatedPart(start, service);
  if (reset !== undefined) return { name, reset: () => reset(started) };
  if (start.run.containers.has(service)) return containerPart(start, service, hasBaseline);
  // An object of this process may know how to reset itself.
  const own = started as { reset?(): Promise<void> } | undefined;
  return own?.reset === undefined ? nothingToReset(name) : { name, reset: () => own.reset!() };
}

/** Other workers use it at the same time. */
const isShared = ({ run }: StackStart, { options }: Service): boolean =>
  options.shared === true && run.context.joins?.key !== undefined;

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
    return { name, why: 'set its option reset, to "keep", "recreate" or a function' };
  }
  const address = await addressOf(start, service, driver);
  if (address.shared && driver.share === undefined) return { name, why: "parallel workers share it" };
  let server: Server;
  try {
    server = await driver.connect(address);
  } catch (error) {
    return { name, why: messageOf(error) };
  }
  const notice = await untestedVersion(name, driver, server);
  const { plan, run } = start;
  const isLate = driver.declaredByClients === true;
  if (isLate) await Promise.all(run.stack.nodes.map((node) => run.waitFor(node)));
  const take = (): Promise<void> => server.takeBaseline({ forSnapshot: run.context.toDisk === true });
  // A stack that was up is reset before anything else.
  const restore = (): Promise<void> | undefined => (plan.isUp ? undefined : server.afterRestore?.());
  await (hasBaseline && (!isLate || plan.isUp) ? restore() : take())?.catch(async (cause: unknown) => {
    throw await resetFailure({ name, server }, "what it holds cannot be remembered", cause);
  });
  return {
    name,
    server,
    notice,
    reset: () => server.reset(),
    ...(driver.checkpoints === true && {
      note: (baseline: string) => noteBeside(name, driver, { ...address, baseline }),
    }),
  };
}

/** What is to be said of a server's version. One that does not tell it will fail in what comes next, and say why. */
async function untestedVersion(name: string, { title, tested }: Driver, server: Server): Promise<string | undefined> {
  const version = tested && (await server.version?.().catch(() => undefined));
  if (version === undefined || tested!.some((each) => `${version}.`.startsWith(`${each}.`))) return undefined;
  return `${name} runs ${title} ${version}, and its driver was tested with ${tested!.join(", ")}`;
}

/** A second baseline of a server. */
async function noteBeside(name: string, driver: Driver, address: ServiceAddress): Promise<Part> {
  const server = await driver.connect(address);
  await server.takeBaseline({ forSnapshot: false }).catch(async (cause: unknown) => {
    await server.close?.();
    throw await resetFailure({ name, server }, "what it holds cannot be noted", cause);
  });
  return { name, server, reset: () => server.reset() };
}

function nothingToReset(name: string): Part {
  return { name, reset: () => undefined, note: async () => nothingToReset(name) };
}

async function volumePart({ run, plan }: StackStart, volume: Volume): Promise<Part> {
  const { name } = volume;
  const writers = writersOf(run.stack, volume);
  // What each of them writes while it starts belongs to what the stack was started with.
  await Promise.all(writers.map((writer) => run.waitFor(writer)));
  const writer = writers.find(({ options }) => options.reset !== "recreate");
  if (writer === undefined)
    throw usageError(writers[0]!.name, `reset: "recreate": expected another service that writes to the volume ${name}`);
  const { container } = await run.containers.get(writer)!.done;
  const { path } = writer.options.mounts!.find((mount) => mount.volume === volume && mount.mode === "rw")!;
  const { runtime, volumeName } = await run.resources(plan);
  const folder = runtime.local ? (await runtime.docker.getVolume(volumeName(volume)).inspect()).Mountpoint : undefined;
  const note = async (kept?: Kept): Promise<Part> => {
    const baseline = await takeVolumeBaseline({ name, container, path, folder }, kept, (why) =>
      run.context.onProgress({
        kind: "notice",
        text: `a reset cannot bring back the volume ${name} where specs change or remove files: ${why}`,
      }),
    );
    return { name, volume: baseline, reset: () => baseline.reset() };
  };
  return { ...(await note(plan.reusable?.volume(name))), note: () => note() };
}
