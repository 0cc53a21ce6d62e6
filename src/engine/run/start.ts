import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { StackspecError } from "../../errors.ts";
import type { ResolvedImage } from "../../images/resolve.ts";
import type { Exports, Node, Stack, Started } from "../../stack/stack.ts";
import type { ImageSource } from "../../stack/image.ts";
import { nodeAbout, startFailure, withContext } from "../container/failure.ts";
import type { Log } from "../docker/log.ts";
import { StackRun } from "./stack-run.ts";
import type { StackContext } from "./stack-context.ts";
import { resetStack, takeDatabaseBaselines, takeVolumeBaselines } from "./reset.ts";
import type { VolumeBaseline } from "./volume-baseline.ts";
import { createWorkerDatabases } from "./worker-databases.ts";
import { startNode } from "./start-node.ts";
import { stopStack } from "./stop.ts";
import { joinStack, restoreSnapshot, reuseRunning } from "./reuse.ts";
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
  const { run, snapshot, volumes, stop } = await startRun(stack, context);
  if (run.kept?.containers !== undefined) await resetStack(run, volumes);
  return {
    name: stack.name,
    id: run.id,
    values: await exportsOf(stack, run),
    images: await Promise.all(imagesOf(stack).map((source) => context.resolveImage(source))),
    snapshot,
    inContainers: stack.nodes.every((node) => node.kind === "task" || run.containerStarts.has(node)),
    logs: run.logs,
    death: run.death.promise,
    reset: () => resetStack(run, volumes),
    divide: (workers) => createWorkerDatabases(run, workers),
    stop,
  };
}

interface StartedRun {
  readonly run: StackRun;
  readonly snapshot: SnapshotUse | undefined;
  readonly volumes: readonly VolumeBaseline[];
  stop(): Promise<void>;
}

/** The start behind `startStack`: what it returns is also what a snapshot is taken from. */
export async function startRun(stack: Stack, context: StackContext): Promise<StartedRun> {
  stackCount += 1;
  const id = `stackspec-${stack.name}${context.suffix ?? ""}-${context.runId}-${stackCount}`;
  const images = imagesOf(stack).map((source) => context.resolveImage(source));
  const instance = context.instanceOf(stack.name);
  const run = new StackRun(stack, id, join(context.logFolder, instance), context);
  // A stack with images has containers: its network is made while the images are looked up.
  if (images.length > 0 && context.keep !== true && context.joins?.worker !== 0) run.resources().catch(() => {});

  let stopped: Promise<void> | undefined;
  const stop = (): Promise<void> => (stopped ??= stopStack(run).finally(() => context.onStopped?.(run.id)));
  const deadline = new AbortController();
  let snapshot: SnapshotUse | undefined;
  try {
    // The deadline is for starting: a first build of images may take as long as it takes.
    await Promise.race([Promise.all(images), aborted(run.signal)]);
    void giveUpLater(run, context.startTimeoutMs, deadline.signal);
    if (images.length > 0) {
      if (context.joins !== undefined) await joinStack(run, context.joins);
      await Promise.race([run.callFactories(), aborted(run.signal)]);
      if (context.keep === true) await reuseRunning(run);
      snapshot = await restoreSnapshot(run);
    }
    for (const node of stack.nodes) {
      startNode(node, run).then(
        (value) => run.conditions(node).done.resolve(value),
        (error: unknown) => fail(run, node, error),
      );
    }
    // What was ready and has exited leaves those that wait behind it waiting for nothing.
    void run.death.promise.then((error) => {
      if (!run.isUp) run.cancel(withContext(error, nodeAbout(error, stack), run));
    });
    const databases = snapshot?.restored === true && !run.sharesServers ? undefined : takeDatabaseBaselines(run);
    databases?.catch(() => {});
    const remembered = takeVolumeBaselines(run);
    remembered.catch(() => {});
    await Promise.all(stack.nodes.map((node) => run.conditions(node).done.promise));
    await databases;
    const volumes = await remembered;
    run.isUp = true;
    return { run, snapshot, volumes, stop };
  } catch (error) {
    if (!run.signal.aborted) run.cancel(withContext(error, nodeAbout(error, stack), run));
    await stop().catch(() => {}); // The first failure is the one to report.
    throw run.signal.reason;
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
function fail(run: StackRun, node: Node, error: unknown): void {
  if (run.signal.aborted) return;
  run.report(node, "failed");
  run.cancel(withContext(error instanceof StackspecError ? error : startFailure(node, error), node, run));
}

/** When the deadline is over, blames the first part that runs and is not ready: the others wait for it. */
async function giveUpLater(run: StackRun, timeoutMs: number, signal: AbortSignal): Promise<void> {
  try {
    await sleep(timeoutMs, undefined, { signal });
  } catch {
    return;
  }
  const node = run.stack.nodes.find((candidate) => run.state(candidate) === "starting");
  const passing = node === undefined ? undefined : run.containerStarts.get(node);
  const what =
    node?.kind === "task"
      ? `still running after ${timeoutMs} ms, the time for the whole start`
      : `not ready after ${timeoutMs} ms`;
  const error =
    (await passing?.overdue(what)) ??
    new StackspecError("START_TIMEOUT", what, {
      subject: node?.name ?? run.stack.name,
      hint: "the timeline says what took long; or set STACKSPEC_START_TIMEOUT_MS",
    });
  if (run.signal.aborted) return;
  if (node !== undefined) run.report(node, "failed");
  run.cancel(withContext(error, node, run));
}

async function exportsOf<E extends Exports>(stack: Stack<E>, run: StackRun): Promise<Started<E>> {
  const entries = Object.entries(stack.exports).map(async ([key, part]) => [
    key,
    part.kind === "volume"
      ? { name: (await run.resources()).ground.volumeName(part) }
      : await run.conditions(part).done.promise,
  ]);
  return Object.fromEntries(await Promise.all(entries)) as Started<E>;
}
