import { isBadInput } from "../../errors.ts";
import type { Node, Stack } from "../../stack/stack.ts";
import { findRestored, keyContext } from "./find-restored.ts";
import type { Restored } from "./find-restored.ts";
import type { Factories } from "./factories.ts";
import { isSized } from "./fault-volumes.ts";
import type { ResourceIdentity } from "./resources.ts";
import { claimReusableStack, containersOf } from "../kept/reusable-stack.ts";
import type { ReusableStack } from "../kept/reusable-stack.ts";
import type { StackContext } from "./stack-context.ts";
import { keysOf, nothingUp, takeOver } from "./take-over.ts";
import type { TakenOver } from "./take-over.ts";

/** What one start of a stack is going to do. Decided before the first container is made, and not changed afterwards. */
export interface StackPlan extends ResourceIdentity, Restored {
  /** What the factories made, but for those that wait for another's started value. */
  readonly made: ReadonlyMap<Node, unknown>;
  /** Ids of containers that run already and are taken over: of a stack that is up, and those that are shared. */
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
  const { reusable, up } = await findReusable(stack, made, context);
  try {
    const shared = sharedServices(stack, context);
    const joined = shared.size > 0 ? await joinedContainers(context) : new Map<string, string>();
    const found = await findRestored(stack, made, factories, up, context);
    return Object.freeze({
      ...(reusable === undefined ? fresh : { id: reusable.id, owner: reusable.owner, isUp: up.isUp }),
      made,
      adopted: new Map([
        ...up.containers,
        ...[...shared].filter(({ name }) => joined.has(name)).map((node) => [node, joined.get(node.name)!] as const),
      ]),
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

/** True for a part of a stack that was up before this start, whose data has yet to be brought back. */
export function isTakenOver(node: Node, { isUp, adopted }: StackPlan): boolean {
  return isUp && adopted.has(node);
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

interface Found {
  readonly reusable: ReusableStack | undefined;
  readonly up: TakenOver;
}

/** The stack that is up, or is to stay up: kept between runs, or, for the first parallel worker, its run's own. */
async function findReusable(stack: Stack, made: ReadonlyMap<Node, unknown>, context: StackContext): Promise<Found> {
  const { joins, keep, connect } = context;
  const none = { reusable: undefined, up: nothingUp(stack) };
  if (joins?.worker === 0) return joinAll(stack, context);
  if (keep !== true) return none;
  const refuse = (why: string): Found => {
    context.onProgress({ kind: "notice", text: `${stack.name} does not stay up: ${why}` });
    return none;
  };
  const inMemory = stack.volumes.find(isSized);
  if (inMemory !== undefined) return refuse(`its volume ${inMemory.name} is in memory`);
  const keys = await keysOf(stack, made, keyContext(context));
  if (!(keys instanceof Map)) return refuse((keys as { reason: string }).reason);
  const byName = new Map(Array.from(keys as ReadonlyMap<Node, string>, ([{ name }, key]) => [name, key]));
  const runtime = await connect();
  let reusable: ReusableStack | undefined;
  try {
    reusable = await claimReusableStack(runtime, stack, byName);
    if (reusable === undefined) return refuse("another run uses the one that was kept");
    const isUsable = context.state === undefined && (context.asItIs === true || reusable.noted?.hasState !== true);
    const now = isUsable ? keys : new Map(stack.nodes.map((node) => [node, "another one"]));
    return { reusable, up: await takeOver(stack, made, now, reusable, runtime) };
  } catch (error) {
    reusable?.unlock();
    if (!isBadInput(error)) throw error;
    return refuse(error.sentence);
  }
}

/** The first parallel worker takes over all that its run has started. */
async function joinAll(stack: Stack, context: StackContext): Promise<Found> {
  const { id } = context.joins!;
  const containers = await joinedContainers(context);
  const nodes = stack.nodes.filter(({ name }) => containers.has(name));
  return {
    reusable: {
      id,
      owner: context.runId,
      noted: undefined,
      volume: () => undefined,
      retain: async () => {},
      remember: async () => {},
      unlock: () => {},
    },
    up: {
      isUp: true,
      containers: new Map(nodes.map((node) => [node, containers.get(node.name)!])),
      stale: new Set(),
      results: new Map(),
    },
  };
}
