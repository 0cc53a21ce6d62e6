import { messageOf } from "../../errors.ts";
import { waitsFor } from "../../stack/define-stack.ts";
import type { Service, ServiceOptions } from "../../stack/stack.ts";
import { isContainer } from "../container/internals.ts";
import { settleAll } from "../docker/labels.ts";
import { driverOf } from "../drivers/choose.ts";
import type { Driver, Server, ServiceAddress } from "../../stack/driver.ts";
import { declaredVolumes } from "../service/declared-volumes.ts";
import { addressOf } from "../service/address.ts";
import { takeParts } from "./bring-back.ts";
import { checkpointsOf } from "./checkpoint.ts";
import type { Resettable } from "./checkpoint.ts";
import { isTakenOver } from "../plan/plan.ts";
import { rememberStack } from "./note-stack.ts";
import { recreatedPart } from "./recreate.ts";
import { closeParts, resetFailure, resetPart } from "./reset-part.ts";
import type { Part } from "./reset-part.ts";
import { volumePart } from "./reset-volume.ts";
import { isFilledByClients } from "../plan/stale.ts";
import type { StackStart } from "../plan/stack-start.ts";

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
  const { stack } = start.run;
  const all = await takeParts<Unreset>(start, (services, volumes) =>
    Promise.all([
      ...services.map((service) => servicePartWithCopy(start, service, options.hasBaselines)),
      ...volumes.map((volume) => volumePart(start, volume)),
    ]),
  );
  const parts = all.filter((part) => "reset" in part);
  const unreset = all.filter((part) => "why" in part);
  const checkpoints = checkpointsOf(
    stack.name,
    parts,
    unreset.map(({ name }) => name),
  );
  const remember = (): Promise<void> => rememberStack(start, parts);
  return {
    notices: parts.flatMap(({ notice }) => notice ?? []),
    unreset: unreset.map(({ name, why }) => `${name} keeps its data between spec files: ${why}`),
    remember,
    async reset() {
      await settleAll(parts.map(resetPart));
      // The next run takes over the containers that are there then.
      if (stack.nodes.some((node) => node.kind === "service" && node.options.reset === "recreate")) await remember();
    },
    checkpoint: () => checkpoints.take(),
    async close() {
      await settleAll([closeParts(parts), checkpoints.close()]);
    },
  };
}

/** What a snapshot has of a service is its baseline too, unless that is taken when all of the stack is up. */
async function servicePartWithCopy(
  start: StackStart,
  service: Service,
  hasBaseline: boolean,
): Promise<Part | Unreset | undefined> {
  await start.run.waitFor(service);
  const isLate =
    isFilledByClients(service, start.run.stack) || (await driverOfPart(start, service))?.declaredByClients === true;
  if (isLate) await start.copies.copyData(service);
  const part = await servicePart(start, service, hasBaseline, isLate);
  if (!isLate) await start.copies.copyData(service);
  return part;
}

async function driverOfPart({ factories }: StackStart, service: Service): Promise<Driver | undefined> {
  const made = await factories.create(service);
  return isContainer(made) ? driverOf(service, made) : undefined;
}

async function servicePart(
  start: StackStart,
  service: Service,
  hasBaseline: boolean,
  isLate: boolean,
): Promise<Part | Unreset | undefined> {
  const { name } = service;
  const reset = service.options.reset as ServiceOptions<unknown>["reset"];
  const started = await start.run.waitFor(service);
  if (reset === "keep") return undefined;
  if (reset === "recreate" && isShared(start, service)) return { name, why: "parallel workers share it" };
  if (reset === "recreate") return recreatedPart(start, service);
  if (reset !== undefined) return { name, reset: () => reset(started) };
  if (service.options.external !== undefined)
    return { name, why: 'it is external: set its option reset, to "keep" or to a function' };
  if (start.run.containers.has(service)) return containerPart(start, service, hasBaseline, isLate);
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
  isLate: boolean,
): Promise<Part | Unreset | undefined> {
  const { name } = service;
  const { plan, run } = start;
  const { container } = await run.containers.get(service)!.done;
  const driver = await driverOfPart(start, service);
  if (driver === undefined) {
    // What keeps nothing needs no reset.
    const keeps = service.options.data !== undefined || (await declaredVolumes(start, container)).length > 0;
    if (!keeps) return undefined;
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
  const note = async (): Promise<void> => {
    if (isLate) await Promise.all(run.stack.nodes.map((node) => run.waitFor(node)));
    else if (hasBaseline) await server.afterRestore?.();
    // Passwords that were set anew are not in the baseline of another machine.
    if (!hasBaseline || isLate || plan.foreign.has(service)) await server.takeBaseline();
  };
  // What is taken over has its baseline with it, and has been restored long ago.
  if (!isTakenOver(service, plan))
    await note().catch(async (cause: unknown) => {
      throw await resetFailure({ name, server }, "what it holds cannot be remembered", cause);
    });
  return {
    name,
    server,
    notice: await untestedVersion(name, driver, server),
    reset: () => server.reset(),
    ...(driver.declaredByClients === true && {
      declaredBy: run.stack.nodes.filter((node) => waitsFor(node, service)),
    }),
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
  try {
    await server.takeBaseline();
  } catch (error) {
    // What it cannot close hides nothing of what it cannot note.
    await server.close?.().catch(() => {});
    throw error;
  }
  return { name, server, reset: () => server.reset() };
}

function nothingToReset(name: string): Part {
  return { name, reset: () => undefined, note: async () => nothingToReset(name) };
}
