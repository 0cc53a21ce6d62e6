import { isBadInput } from "../../errors.ts";
import type { Node, Service, Stack, TaskResult } from "../../stack/stack.ts";
import type { ImageCommand } from "../container/configure.ts";
import { isContainer } from "../container/internals.ts";
import { holdersOf, keyOfNodes, snapshotKey } from "../snapshot/key.ts";
import type { Key, KeyContext } from "../snapshot/key.ts";
import { findSnapshot, runFromSnapshot } from "../snapshot/restore.ts";
import type { Factories } from "./factories.ts";
import { volumesToReset } from "./resources.ts";
import type { ResourceIdentity } from "./resources.ts";
import { claimReusableStack, containersOf } from "./reusable-stack.ts";
import type { ReusableStack } from "./reusable-stack.ts";
import type { StackContext } from "./stack-context.ts";

/** The snapshot that belongs to a stack as it is declared now, or why it can have none; and whether it is started from it. */
export type SnapshotUse = Key & { readonly restored: boolean };

/** What one start of a stack is going to do. Decided before the first container is made, and not changed afterwards. */
export interface StackPlan extends ResourceIdentity {
  /** What the factories made, but for those that wait for another's started value. */
  readonly made: ReadonlyMap<Node, unknown>;
  /** Ids of containers that run already and are taken over. */
  readonly adopted: ReadonlyMap<Node, string>;
  /** Services that another process of this run has started, and stops. */
  readonly shared: ReadonlySet<Node>;
  /** Results of tasks that are not run again. */
  readonly results: ReadonlyMap<Node, TaskResult>;
  /** What is run: all nodes but those tasks. */
  readonly running: readonly Node[];
  readonly snapshot: SnapshotUse | undefined;
  /** Services whose containers run the snapshot's images. */
  readonly restored: ReadonlySet<Service>;
  /** The stack stays up when this run ends. */
  readonly reusable: ReusableStack | undefined;
}

/** What a task's result is whose container is not there any more. */
const DONE_BEFORE: TaskResult = { exitCode: 0, output: "", durationMs: 0 };

/**
 * Decides how a stack is started: from nothing, from its snapshot, or by taking over what is up.
 *
 * @param fresh what it is called when it is not taken over
 */
export async function planStack(
  stack: Stack,
  fresh: ResourceIdentity,
  factories: Factories,
  context: StackContext,
): Promise<StackPlan> {
  const made = new Map(await factories.createAll());
  const reusable = await findReusable(stack, made, context);
  try {
    const isUp = reusable?.containers !== undefined;
    const shared = sharedServices(stack, context);
    const containers = reusable?.containers ?? (shared.size > 0 ? await joinedContainers(context) : new Map());
    const { snapshot, restored, results } = await findRestored(stack, made, factories, reusable, context);
    return Object.freeze({
      ...(reusable === undefined ? fresh : { id: reusable.id, owner: reusable.owner, isUp }),
      made,
      adopted: new Map(
        stack.nodes
          .filter((node) => (isUp || shared.has(node)) && containers.has(node.name))
          .map((node) => [node, containers.get(node.name)!]),
      ),
      shared,
      results,
      running: stack.nodes.filter((node) => !results.has(node)),
      snapshot,
      restored,
      reusable,
    });
  } catch (error) {
    reusable?.unlock();
    throw error;
  }
}

/** The services of a parallel worker's stack that the run's own process has started. Without a snapshot each worker has its own. */
export function sharedServices(stack: Stack, { joins }: StackContext): ReadonlySet<Node> {
  // The tasks would run on them, and find their work done.
  if (joins === undefined || joins.worker === 0 || joins.key === undefined) return new Set();
  return new Set(stack.nodes.filter((node) => node.kind === "service" && node.options.shared === true));
}

async function joinedContainers({ connect, joins }: StackContext): Promise<ReadonlyMap<string, string>> {
  return containersOf(await connect(), joins!.id);
}

/** The stack that is up, or is to stay up: kept between runs, or, for the first parallel worker, its run's own. */
async function findReusable(
  stack: Stack,
  made: ReadonlyMap<Node, unknown>,
  context: StackContext,
): Promise<ReusableStack | undefined> {
  const { joins, keep, connect, onProgress, runId } = context;
  if (joins?.worker === 0)
    return {
      id: joins.id,
      owner: runId,
      containers: await joinedContainers(context),
      tasks: undefined,
      volume: () => undefined,
      remember: async () => {},
      unlock: () => {},
    };
  if (keep !== true) return undefined;
  const { key } = await keyOfNodes(stack.nodes, made, await keyContext(context));
  if (key === undefined) return undefined;
  const volumes = volumesToReset(stack).map(({ name }) => name);
  return claimReusableStack(await connect(), stack, key, volumes).catch((error: unknown) => {
    if (!isBadInput(error)) throw error;
    onProgress({ kind: "notice", text: `${stack.name} does not stay up: ${error.sentence}` });
    return undefined;
  });
}

/** The stack's snapshot, and the results of tasks that are in it. Its containers are made anew, to run the snapshot's images. */
async function findRestored(
  stack: Stack,
  made: Map<Node, unknown>,
  factories: Factories,
  reusable: ReusableStack | undefined,
  context: StackContext,
): Promise<Pick<StackPlan, "snapshot" | "restored" | "results">> {
  const done = (result: (node: Node) => TaskResult | undefined): ReadonlyMap<Node, TaskResult> =>
    new Map(
      stack.nodes.flatMap((node) => {
        const found = node.kind === "task" ? result(node) : undefined;
        return found === undefined ? [] : [[node, found] as const];
      }),
    );
  const joined = context.joins?.key;
  const use = joined === undefined ? await snapshotKey(stack, made, await keyContext(context)) : { key: joined };
  const isUp = reusable?.containers !== undefined;
  const find = async () =>
    use?.key === undefined ? undefined : findSnapshot(await context.connect(), stack, holdersOf(stack, made), use.key);
  if (isUp) {
    // What is up already has long been initialised.
    const tasks = new Map(Object.entries(reusable.tasks ?? {}));
    const known = reusable.tasks === undefined ? ((await find())?.tasks ?? tasks) : tasks;
    return {
      snapshot: use && { ...use, restored: true },
      restored: new Set(),
      results: done(({ name }) => known.get(name) ?? DONE_BEFORE),
    };
  }
  const snapshot = context.snapshots.read ? await find() : undefined;
  if (snapshot === undefined)
    return { snapshot: use && { ...use, restored: false }, restored: new Set(), results: new Map() };
  for (const [service, image] of snapshot.images) made.set(service, await restored(service, image));
  return {
    snapshot: { ...use!, restored: true },
    restored: new Set(snapshot.images.keys()),
    results: done(({ name }) => snapshot.tasks.get(name)),
  };

  async function restored(service: Service, { reference, config }: { reference: string; config: ImageCommand }) {
    // A factory that does not take such an image is asked again when the service starts, which fails with that.
    const container = await factories.recreate(service, reference).catch(() => undefined);
    if (isContainer(container)) runFromSnapshot(container, service, config);
    return container;
  }
}

/** What a key needs to know of the run. */
export async function keyContext({ connect, resolveImage }: StackContext): Promise<KeyContext> {
  return {
    imageOf: async ({ options: { image } }) => (image === undefined ? undefined : resolveImage(image)),
    local: (await connect()).local,
  };
}
