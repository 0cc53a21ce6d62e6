import { setTimeout as sleep } from "node:timers/promises";
import { StackspecError, messageOf } from "../../errors.ts";
import { imageDigest } from "../../images/resolve.ts";
import type { ResolvedImage } from "../../images/resolve.ts";
import type { Node, Stack, TaskResult } from "../../stack/stack.ts";
import { imageReferenceOf, isContainer } from "../container/internals.ts";
import type { RunningContainer } from "../container/start-container.ts";
import { dataOf } from "../drivers/data.ts";
import { dataPart, stopCleanly, volumePart, writeSnapshot } from "../snapshot/capture.ts";
import type { Capture } from "../snapshot/capture.ts";
import { holdersOf, keptNodes, snapshotKey } from "../snapshot/key.ts";
import { evictSnapshots } from "../snapshot/evict.ts";
import { findSnapshot } from "../snapshot/restore.ts";
import type { Retention } from "../snapshot/store.ts";
import { stackFactories } from "./factories.ts";
import { keyContext } from "./plan.ts";
import type { SnapshotUse } from "./plan.ts";
import { lockStack } from "./reusable-stack.ts";
import type { StackContext } from "./stack-context.ts";
import { StackRun } from "./stack-run.ts";
import { startRun } from "./start.ts";

const LOOK_EVERY_MS = 200;
/** How long a database may take to stop by itself. */
const STOP_TIMEOUT_MS = 60_000;

/**
 * Makes the snapshot of a stack that was started without one, unless it can have none, or what it comes from is not what
 * it was at its start; of several runs, one makes it. Says which of it, and why, in one line: specs do not need a
 * snapshot, so nothing fails for it.
 *
 * @param stopAll stops what runs, once it is clear that there will be a snapshot
 * @param waitMs how long to wait for another run that is making one
 * @returns true when it was called
 */
export async function keepSnapshot(
  stack: Stack,
  { key, reason }: SnapshotUse,
  context: StackContext,
  retention: Retention,
  say: (line: string) => void,
  stopAll: () => Promise<void>,
  waitMs: number,
): Promise<boolean> {
  let stopped = false;
  let unlock: (() => void) | undefined;
  try {
    if (key === undefined) throw new Error(reason);
    // What waits for another's started value is in no snapshot.
    const made = await stackFactories(new StackRun(stack, context), "").createAll();
    await expectKey(key, stack, made, context);
    const runtime = await context.connect();
    const until = performance.now() + waitMs;
    do unlock = lockStack(`stackspec-${stack.name}-snapshot`);
    while (unlock === undefined && (await stillWaits(until, context.signal)));
    if (unlock === undefined) throw new Error("another run is making one at this moment");
    if ((await findSnapshot(runtime, stack, holdersOf(stack, made), key)) !== undefined) {
      // Another run has made it since the start.
      stopped = true;
      await stopAll();
      return stopped;
    }
    say(`Keeping a snapshot of the stack ${stack.name}, which the next start restores`);
    stopped = true;
    await stopAll();
    await takeSnapshot(stack, key, made, context);
    await evictSnapshots(runtime.docker, stack.name, retention);
  } catch (error) {
    say(`No snapshot of ${stack.name} is kept: ${error instanceof StackspecError ? error.sentence : messageOf(error)}`);
  } finally {
    unlock?.();
  }
  return stopped;
}

async function stillWaits(until: number, signal: AbortSignal): Promise<boolean> {
  if (performance.now() >= until) return false;
  await sleep(LOOK_EVERY_MS, undefined, { signal });
  return true;
}

/** A snapshot of other content than its key stands for would be restored by whoever has that content again. */
async function expectKey(
  key: string,
  stack: Stack,
  made: ReadonlyMap<Node, unknown>,
  context: StackContext,
): Promise<void> {
  const { imageOf, local } = await keyContext(context);
  const { docker } = await context.connect();
  const imageNow = async (node: Node): Promise<ResolvedImage | undefined> => {
    const image = await imageOf(node);
    // A name may have become another image's.
    return image && { ...image, digest: await imageDigest(docker, image.reference) };
  };
  const now = await snapshotKey(stack, made, { imageOf: imageNow, local });
  if (now?.key === key) return;
  throw new Error(
    "what it comes from has changed since the start: it was edited, a container writes where it is mounted, or a factory makes another one each time",
  );
}

/**
 * Runs the tasks of a stack and what they need once more, apart from every spec, stops the databases cleanly and
 * writes what is there as images.
 *
 * @throws StackspecError when a database does not stop by itself; then there is no snapshot
 */
async function takeSnapshot(
  stack: Stack,
  key: string,
  made: ReadonlyMap<Node, unknown>,
  context: StackContext,
): Promise<void> {
  const kept: Stack = { ...stack, nodes: keptNodes(stack, made), exports: {} };
  const { start, stop } = await startRun(kept, { ...context, snapshots: { read: false }, toDisk: true });
  try {
    const { run, plan } = start;
    const { runtime } = await run.resources(plan);
    const ran = new Map<Node, RunningContainer>();
    for (const [node, container] of run.containers) ran.set(node, await container.done);
    run.setStopping();

    const captures: Capture[] = [];
    for (const service of holdersOf(stack, made)) {
      const container = made.get(service);
      if (!isContainer(container))
        throw new StackspecError("RELEASE_FAILED", "expected a container", { subject: service.name });
      const parts = volumePartsOf(service, kept, ran, stack);
      const data = dataOf(service, container);
      if (data !== undefined) {
        const { container: running } = ran.get(service)!;
        await stopCleanly(service.name, running, STOP_TIMEOUT_MS);
        parts.push(dataPart(running, data.path));
      }
      captures.push({ service, image: imageReferenceOf(container), parts });
    }
    const tasks = new Map<string, TaskResult>();
    for (const node of kept.nodes)
      if (node.kind === "task") tasks.set(node.name, (await run.waitFor(node)) as TaskResult);
    // What is edited while the tasks run counts too.
    await expectKey(key, stack, made, context);
    await writeSnapshot(runtime.docker, stack.name, key, context.runId, captures, tasks);
  } finally {
    await stop();
  }
}

/** The content of each volume that `holder` is the first service to mount, as the last of those that ran has it. */
function volumePartsOf(holder: Node, kept: Stack, ran: ReadonlyMap<Node, RunningContainer>, stack: Stack) {
  return (holder.options.mounts ?? []).flatMap((mount) => {
    const mountsIt = ({ options }: Node): boolean =>
      options.mounts?.some(({ volume }) => volume === mount.volume) ?? false;
    const first = stack.nodes.find((node) => node.kind === "service" && mountsIt(node));
    const writer = kept.nodes.findLast((node) => mountsIt(node));
    if (first !== holder || writer === undefined) return [];
    const path = writer.options.mounts!.find(({ volume }) => volume === mount.volume)!.path;
    return [{ ...volumePart(ran.get(writer)!.container, path), to: mount.path }];
  });
}
