import { setTimeout as sleep } from "node:timers/promises";
import { StackspecError, messageOf } from "../../errors.ts";
import { imageDigest } from "../../images/resolve.ts";
import type { ResolvedImage } from "../../images/resolve.ts";
import type { Node, Stack } from "../../stack/stack.ts";
import { serverLayers, snapshotKey } from "../snapshot/key.ts";
import type { Layer } from "../snapshot/layers.ts";
import { evictSnapshots } from "../snapshot/evict.ts";
import { noteRefusal } from "../snapshot/refused.ts";
import { findSnapshot } from "../snapshot/restore.ts";
import { snapshotReference } from "../snapshot/store.ts";
import type { Retention } from "../snapshot/store.ts";
import { stackFactories } from "../plan/factories.ts";
import { keyContext } from "../plan/find-restored.ts";
import { lockStack } from "../kept/reusable-stack.ts";
import type { StackContext } from "../plan/stack-context.ts";
import type { StartedStack } from "./started-stack.ts";
import { StackRun } from "../plan/stack-run.ts";

const LOOK_EVERY_MS = 200;

/**
 * Writes the snapshots that a start has found missing, from what it has copied: images that nobody could use are not written.
 * Of several runs, one does it. Says in one line which it keeps, or why it keeps none: specs do not need a snapshot, so
 * nothing fails for it.
 *
 * @param waitMs how long to wait for another run that is writing one
 * @returns whether the stack's snapshot is there
 */
export async function keepSnapshot(
  stack: Stack,
  { snapshot, missing, copies }: StartedStack,
  context: StackContext,
  retention: Retention,
  say: (line: string) => void,
  waitMs: number,
): Promise<boolean> {
  let unlock: (() => void) | undefined;
  try {
    await copies.done;
    if (missing.length > 0) {
      await expectKeys(missing, stack, context);
      const until = performance.now() + waitMs;
      do unlock = lockStack(`stackspec-${stack.name}-snapshot`);
      while (unlock === undefined && (await stillWaits(until, context.signal)));
      if (unlock === undefined) throw new Error("another run is making one at this moment");
    }
    for (const layer of missing) await writeLayer(layer);
    const { docker } = await context.connect();
    if (unlock !== undefined) await evictSnapshots(docker, stack.name, retention);
    if (snapshot?.key === undefined) throw new Error(snapshot?.reason);
    return true;
  } catch (error) {
    if (!context.signal.aborted)
      say(
        `No snapshot of ${stack.name} is kept: ${error instanceof StackspecError ? error.sentence : messageOf(error)}`,
      );
    return false;
  } finally {
    unlock?.();
    await copies.discard().catch(() => {});
  }

  async function writeLayer(layer: Layer): Promise<void> {
    const runtime = await context.connect();
    // Another run may have made it since the start.
    if ((await findSnapshot(runtime, stack.name, layer)) !== undefined) return;
    const images = await copies.open(layer, context.signal).catch((error: unknown) => {
      if (error instanceof StackspecError && error.code === "SNAPSHOT_FAILED") noteRefusal(layer.key, error.sentence);
      throw error;
    });
    for (const [service, image] of images) await image.commit(snapshotReference(stack.name, service.name, layer.key));
    if (layer.server === undefined) say(`Keeping a snapshot of the stack ${stack.name}, which the next start restores`);
  }
}

async function stillWaits(until: number, signal: AbortSignal): Promise<boolean> {
  if (performance.now() >= until) return false;
  await sleep(LOOK_EVERY_MS, undefined, { signal });
  return true;
}

/** A snapshot of other content than its key stands for would be restored by whoever has that content again. */
async function expectKeys(layers: readonly Layer[], stack: Stack, context: StackContext): Promise<void> {
  // What waits for another's started value is in no snapshot.
  const made = await stackFactories(new StackRun(stack, context), "").createAll();
  const { imageOf, local } = keyContext(context);
  const { docker } = await context.connect();
  const imageNow = async (node: Node): Promise<ResolvedImage | undefined> => {
    const image = await imageOf(node);
    // A name may have become another image's.
    return image && { ...image, digest: await imageDigest(docker, image.reference) };
  };
  const now = { imageOf: imageNow, local };
  const keys = new Set((await serverLayers(stack, made, now)).map(({ key }) => key));
  const ofStack = await snapshotKey(stack, made, now);
  if (layers.every(({ key }) => keys.has(key) || key === ofStack?.key)) return;
  throw new Error(
    "what it comes from has changed since the start: it was edited, a container writes where it is mounted, or a factory makes another one each time",
  );
}
