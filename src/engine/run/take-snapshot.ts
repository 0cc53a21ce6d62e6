import { StackspecError } from "../../errors.ts";
import type { Node, Stack, TaskResult } from "../../stack/stack.ts";
import { imageReferenceOf, isContainer } from "../container/internals.ts";
import { dataOf } from "../drivers/driver.ts";
import type { StackContext } from "./stack-context.ts";
import type { RunningContainer } from "../container/start-container.ts";
import { startRun } from "./start.ts";
import { dataPart, stopCleanly, volumePart, writeSnapshot } from "../snapshot/capture.ts";
import type { Capture } from "../snapshot/capture.ts";
import { keptNodes } from "../snapshot/key.ts";
import { holdersOf } from "../snapshot/restore.ts";

/** How long a database may take to stop by itself. */
const STOP_TIMEOUT_MS = 60_000;

/**
 * Makes the snapshot of a stack: runs its tasks and what they need once more, apart from every spec, stops the
 * databases cleanly and writes what is there as images.
 *
 * @throws StackspecError when a database does not stop by itself; then there is no snapshot
 */
export async function keepSnapshot(stack: Stack, key: string, context: StackContext): Promise<void> {
  const whole = await callFactories(stack, context);
  const kept: Stack = { ...stack, nodes: keptNodes(stack, whole), exports: {} };
  const { start, stop } = await startRun(kept, { ...context, snapshots: { read: false }, toDisk: true });
  try {
    const { run, plan } = start;
    const { runtime } = await run.resources(plan);
    const ran = new Map<Node, RunningContainer>();
    for (const [node, container] of run.containers) ran.set(node, await container.done);
    run.setStopping();

    const captures: Capture[] = [];
    for (const service of holdersOf(stack, whole)) {
      const container = whole.get(service);
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

async function callFactories(stack: Stack, context: StackContext): Promise<Map<Node, unknown>> {
  const made = new Map<Node, unknown>();
  for (const node of stack.nodes) {
    const image = node.options.image === undefined ? "" : (await context.resolveImage(node.options.image)).reference;
    // A container made from another's started value is in no snapshot; it is not asked for here.
    const never = new Promise<never>(() => {});
    made.set(
      node,
      await Promise.race([node.create({ image, started: () => never, database: (name) => name }), Promise.resolve()]),
    );
  }
  return made;
}
