import type { Node, Service, Stack, TaskResult } from "../../stack/stack.ts";
import { imageReferenceOf, isContainer } from "../container/internals.ts";
import type { ImageCommand } from "../container/configure.ts";
import { keptNodes, snapshotKey } from "../snapshot/key.ts";
import { findSnapshot, holdersOf, runFromSnapshot } from "../snapshot/restore.ts";
import type { Factories } from "./factories.ts";
import type { ResourceIdentity } from "./resources.ts";
import { claimReusableStack, containersOf } from "./reusable-stack.ts";
import type { ReusableStack } from "./reusable-stack.ts";
import type { StackContext } from "./stack-context.ts";

/** The snapshot that belongs to a stack as it is declared now. */
export interface SnapshotUse {
  readonly key: string;
  /** The stack is started from it; otherwise there is none yet. */
  readonly restored: boolean;
}

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
    const { snapshot, results } = await findRestored(stack, made, factories, isUp, context);
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
  const { joins, keep, connect, runId } = context;
  if (joins?.worker === 0)
    return {
      id: joins.id,
      owner: runId,
      containers: await joinedContainers(context),
      baselineFile: () => undefined,
      unlock: () => {},
    };
  if (keep !== true) return undefined;
  const key = await keyOf(stack.nodes, made, context);
  return key === undefined ? undefined : claimReusableStack(await connect(), stack, key);
}

/** The stack's snapshot, and the results of tasks that are in it. Its containers are made anew, to run the snapshot's images. */
async function findRestored(
  stack: Stack,
  made: Map<Node, unknown>,
  factories: Factories,
  isUp: boolean,
  context: StackContext,
): Promise<Pick<StackPlan, "snapshot" | "results">> {
  const done = (result: (node: Node) => TaskResult | undefined): ReadonlyMap<Node, TaskResult> =>
    new Map(
      stack.nodes.flatMap((node) => {
        const found = node.kind === "task" ? result(node) : undefined;
        return found === undefined ? [] : [[node, found] as const];
      }),
    );
  const key = context.joins?.key ?? (await keyOf(keptNodes(stack, made), made, context));
  // What is up already has long been initialised.
  if (isUp)
    return { snapshot: key === undefined ? undefined : { key, restored: true }, results: done(() => DONE_BEFORE) };
  const holders = holdersOf(stack, made);
  if (key === undefined || !(await canRestore(holders, made, context)))
    return { snapshot: undefined, results: new Map() };
  const snapshot = context.snapshots.read
    ? await findSnapshot(await context.connect(), stack, holders, key)
    : undefined;
  if (snapshot === undefined) return { snapshot: { key, restored: false }, results: new Map() };
  for (const [service, image] of snapshot.images) made.set(service, await restored(service, image));
  return { snapshot: { key, restored: true }, results: done(({ name }) => snapshot.tasks.get(name)) };

  async function restored(service: Service, { reference, config }: { reference: string; config: ImageCommand }) {
    const container = await factories.recreate(service, reference);
    if (isContainer(container)) runFromSnapshot(container, service, config);
    return container;
  }
}

/** A snapshot's image takes the place of what the factory is given as `image`: one that runs another cannot be restored. */
async function canRestore(
  holders: readonly Service[],
  made: ReadonlyMap<Node, unknown>,
  { resolveImage, onProgress }: StackContext,
): Promise<boolean> {
  for (const service of holders) {
    const container = made.get(service);
    const { image } = service.options;
    const given = image === undefined ? undefined : (await resolveImage(image)).reference;
    if (isContainer(container) && imageReferenceOf(container) === given) continue;
    const text = `${service.name}: no snapshot is kept, for its factory does not run the image that it is given: set the option image, and use it`;
    onProgress({ kind: "notice", text });
    return false;
  }
  return true;
}

function keyOf(
  nodes: readonly Node[],
  made: ReadonlyMap<Node, unknown>,
  context: StackContext,
): Promise<string | undefined> {
  return snapshotKey(nodes, made, async ({ options }) =>
    options.image === undefined ? undefined : context.resolveImage(options.image),
  );
}
