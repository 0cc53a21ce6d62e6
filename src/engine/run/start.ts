import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { StackspecError } from "../../errors.ts";
import type { ResolvedImage } from "../../images/resolve.ts";
import type { Exports, Node, Stack, Started } from "../../stack/stack.ts";
import type { ImageSource } from "../../stack/image.ts";
import { nodeAbout, startFailure, withContext } from "../container/failure.ts";
import type { Log } from "../docker/log.ts";
import { Launch } from "./stack-run.ts";
import type { StackContext } from "./stack-context.ts";
import { resetStack, takeDatabaseBaselines, takeVolumeBaselines } from "./reset.ts";
import type { VolumeBaseline } from "./volume-baseline.ts";
import { divideServers } from "./worker-databases.ts";
import { startNode } from "./start-node.ts";
import { stopStack } from "./stop.ts";
import { joinStack, restoreSnapshot, takeOverKept } from "./reuse.ts";
import type { SnapshotUse } from "./reuse.ts";

/** A started stack. */
export interface RunningStack<E extends Exports = Exports> {
  readonly name: string;
  /** Its name on the engine: of its network, and in its label. */
  readonly id: string;
  readonly values: Started<E>;
  /** The images that it runs, in the order of the declaration. */
  readonly images: readonly ResolvedImage[];
  /** Its snapshot; undefined when it has nothing that a snapshot could hold. */
  readonly snapshot: SnapshotUse | undefined;
  /** Every service of it is a container, which another process can take over. */
  readonly inContainers: boolean;
  /** The logs of its containers, by name. */
  readonly logs: ReadonlyMap<string, Log>;
  /** Resolves with the failure of the first service that exits, though it was ready and nobody stopped it. */
  readonly death: Promise<StackspecError>;
  /**
   * Brings its databases and volumes back to where the tasks left them, and calls `reset()` of services that are objects
   * of this process and have one. Databases: those of `MySqlContainer`.
   *
   * @throws StackspecError `RESET_FAILED`
   */
  reset(): Promise<void>;
  /** Gives parallel workers, from 1 to `workers` - 1, databases of their own on its shared servers: copies of what is there. */
  divide(workers: number): Promise<void>;
  /** Stops and removes everything. A second call waits for the first. */
  stop(): Promise<void>;
}

/** Counts the stacks of this process, so that two of one name are two. */
let stackCount = 0;

/**
 * Starts everything that a stack declares, each part as soon as what it depends on is there.
 * When one part fails, what is still starting is cancelled and everything is released.
 *
 * @throws StackspecError the first failure, with the chain that waited for it and a timeline
 */
export async function startStack<E extends Exports>(stack: Stack<E>, context: StackContext): Promise<RunningStack<E>> {
  const { launch, snapshot, volumes, stop } = await launchStack(stack, context);
  if (launch.kept?.containers !== undefined) await resetStack(launch, volumes);
  return {
    name: stack.name,
    id: launch.id,
    values: await exportsOf(stack, launch),
    images: await Promise.all(imagesOf(stack).map((source) => context.resolveImage(source))),
    snapshot,
    inContainers: stack.nodes.every((node) => node.kind === "task" || launch.passing.has(node)),
    logs: launch.logs,
    death: launch.death.promise,
    reset: () => resetStack(launch, volumes),
    divide: (workers) => divideServers(launch, workers),
    stop,
  };
}

interface Launched {
  readonly launch: Launch;
  readonly snapshot: SnapshotUse | undefined;
  readonly volumes: readonly VolumeBaseline[];
  stop(): Promise<void>;
}

/** The start behind `startStack`: what it returns is also what a snapshot is taken from. */
export async function launchStack(stack: Stack, context: StackContext): Promise<Launched> {
  stackCount += 1;
  const id = `stackspec-${stack.name}${context.suffix ?? ""}-${context.runId}-${stackCount}`;
  const images = imagesOf(stack).map((source) => context.resolveImage(source));
  const instance = context.instanceOf(stack.name);
  const launch = new Launch(stack, id, join(context.logFolder, instance), context);
  // A stack with images has containers: its network is made while the images are looked up.
  if (images.length > 0 && context.keep !== true && context.joins?.worker !== 0) launch.ground().catch(() => {});

  let stopped: Promise<void> | undefined;
  const stop = (): Promise<void> => (stopped ??= stopStack(launch).finally(() => context.onStopped?.(launch.id)));
  const deadline = new AbortController();
  let snapshot: SnapshotUse | undefined;
  try {
    // The deadline is for starting: a first build of images may take as long as it takes.
    await Promise.race([Promise.all(images), aborted(launch.signal)]);
    void giveUpLater(launch, context.startTimeoutMs, deadline.signal);
    if (images.length > 0) {
      if (context.joins !== undefined) await joinStack(launch, context.joins);
      await Promise.race([launch.makeAll(), aborted(launch.signal)]);
      if (context.keep === true) await takeOverKept(launch);
      snapshot = await restoreSnapshot(launch);
    }
    for (const node of stack.nodes) {
      startNode(node, launch).then(
        (value) => launch.moments(node).done.resolve(value),
        (error: unknown) => fail(launch, node, error),
      );
    }
    // What was ready and has exited leaves those that wait behind it waiting for nothing.
    void launch.death.promise.then((error) => {
      if (!launch.isUp) launch.cancel(withContext(error, nodeAbout(error, stack), launch));
    });
    const databases = snapshot?.restored === true && !launch.sharesServers ? undefined : takeDatabaseBaselines(launch);
    databases?.catch(() => {});
    const remembered = takeVolumeBaselines(launch);
    remembered.catch(() => {});
    await Promise.all(stack.nodes.map((node) => launch.moments(node).done.promise));
    await databases;
    const volumes = await remembered;
    launch.isUp = true;
    return { launch, snapshot, volumes, stop };
  } catch (error) {
    if (!launch.signal.aborted) launch.cancel(withContext(error, nodeAbout(error, stack), launch));
    await stop().catch(() => {}); // The first failure is the one to report.
    throw launch.signal.reason;
  } finally {
    deadline.abort();
  }
}

function aborted(signal: AbortSignal): Promise<never> {
  return new Promise((_, reject) => {
    if (signal.aborted) reject(signal.reason as Error);
    signal.addEventListener("abort", () => reject(signal.reason as Error), { once: true });
  });
}

/** Every image that a stack names, once. */
export function imagesOf(stack: Stack): ImageSource[] {
  return [...new Set(stack.nodes.map(({ options }) => options.image).filter((image) => image !== undefined))];
}

/** The first failure cancels the rest; what fails because of that only joins it. */
function fail(launch: Launch, node: Node, error: unknown): void {
  if (launch.signal.aborted) return;
  launch.report(node, "failed");
  launch.cancel(withContext(error instanceof StackspecError ? error : startFailure(node, error), node, launch));
}

/** When the deadline is over, blames the first part that runs and is not ready: the others wait for it. */
async function giveUpLater(launch: Launch, timeoutMs: number, signal: AbortSignal): Promise<void> {
  try {
    await sleep(timeoutMs, undefined, { signal });
  } catch {
    return;
  }
  const node = launch.stack.nodes.find((candidate) => launch.state(candidate) === "starting");
  const passing = node === undefined ? undefined : launch.passing.get(node);
  const what =
    node?.kind === "task"
      ? `still running after ${timeoutMs} ms, the time for the whole start`
      : `not ready after ${timeoutMs} ms`;
  const error =
    (await passing?.overdue(what)) ??
    new StackspecError("START_TIMEOUT", what, {
      subject: node?.name ?? launch.stack.name,
      hint: "the timeline says what took long; or set STACKSPEC_START_TIMEOUT_MS",
    });
  if (launch.signal.aborted) return;
  if (node !== undefined) launch.report(node, "failed");
  launch.cancel(withContext(error, node, launch));
}

async function exportsOf<E extends Exports>(stack: Stack<E>, launch: Launch): Promise<Started<E>> {
  const entries = Object.entries(stack.exports).map(async ([key, part]) => [
    key,
    part.kind === "volume"
      ? { name: (await launch.ground()).ground.volumeName(part) }
      : await launch.moments(part).done.promise,
  ]);
  return Object.fromEntries(await Promise.all(entries)) as Started<E>;
}
