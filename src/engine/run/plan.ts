import { isBadInput } from "../../errors.ts";
import type { Node, Stack } from "../../stack/stack.ts";
import { keyOfNodes } from "../snapshot/key.ts";
import { findRestored, keyContext } from "./find-restored.ts";
import type { Restored } from "./find-restored.ts";
import type { Factories } from "./factories.ts";
import { volumesToReset } from "./resources.ts";
import type { ResourceIdentity } from "./resources.ts";
import { claimReusableStack, containersOf } from "./reusable-stack.ts";
import type { ReusableStack } from "./reusable-stack.ts";
import type { StackContext } from "./stack-context.ts";

/** What one start of a stack is going to do. Decided before the first container is made, and not changed afterwards. */
export interface StackPlan extends ResourceIdentity, Restored {
  /** What the factories made, but for those that wait for another's started value. */
  readonly made: ReadonlyMap<Node, unknown>;
  /** Ids of containers that run already and are taken over. */
  readonly adopted: ReadonlyMap<Node, string>;
  /** Services that another process of this run has started, and stops. */
  readonly shared: ReadonlySet<Node>;
  /** What is run: all nodes but those tasks. */
  readonly running: readonly Node[];
  /** The stack stays up when this run ends. */
  readonly reusable: ReusableStack | undefined;
}

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
    const found = await findRestored(stack, made, factories, reusable, context);
    return Object.freeze({
      ...(reusable === undefined ? fresh : { id: reusable.id, owner: reusable.owner, isUp }),
      made,
      adopted: new Map(
        stack.nodes
          .filter((node) => (isUp || shared.has(node)) && containers.has(node.name))
          .map((node) => [node, containers.get(node.name)!]),
      ),
      shared,
      ...found,
      running: stack.nodes.filter((node) => !found.results.has(node)),
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
