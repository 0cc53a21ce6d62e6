import { nodeOf } from "../../stack/define-stack.ts";
import type { Node, Service, Stack, Task } from "../../stack/stack.ts";
import type { Mount, Volume } from "../../stack/volume.ts";
import { isContainer } from "../container/internals.ts";
import { dataOf } from "../drivers/data.ts";

/** What is kept and found again by one key: what is in `holders`, when `tasks` are done. */
export interface Layer {
  readonly key: string;
  /** The services whose data, or volumes, are in it. */
  readonly holders: readonly Service[];
  readonly tasks: readonly Task[];
  /** The one service that has just been initialised; undefined for the stack's, which has what its tasks leave. */
  readonly server?: Service;
}

/** What is made once and kept: the tasks of a stack, the services they need, and every data directory. */
export function keptNodes(stack: Stack, made: ReadonlyMap<Node, unknown>): Node[] {
  return neededBy(
    stack.nodes.filter((node) => node.kind === "task" || hasData(node, made)),
    stack,
  );
}

/**
 * The services that hold a snapshot: those with a data directory, and of each volume that a task may write
 * the first service that mounts it. Their images are what a restored stack runs.
 */
export function holdersOf(stack: Stack, made: ReadonlyMap<Node, unknown>): Service[] {
  const services = stack.nodes.filter((node) => node.kind === "service");
  return services.filter((service) => hasData(service, made) || heldMounts(service, stack, made).length > 0);
}

/** The mounts of a holder whose volumes are in the snapshot by it. */
export function heldMounts(holder: Service, stack: Stack, made: ReadonlyMap<Node, unknown>): Mount[] {
  const kept = keptNodes(stack, made);
  return (holder.options.mounts ?? []).filter(({ volume }) => {
    const mountsIt = (node: Node): boolean => doesMount(node, volume);
    return kept.some(mountsIt) && stack.nodes.find((node) => node.kind === "service" && mountsIt(node)) === holder;
  });
}

/** The services that hold the state of a stack that is in use: those with a data directory, and of each volume the first that mounts it. */
export function stateHoldersOf(stack: Stack, made: ReadonlyMap<Node, unknown>): Service[] {
  const services = stack.nodes.filter((node) => node.kind === "service");
  return services.filter((service) => hasData(service, made) || stateMounts(service, stack).length > 0);
}

/** The mounts of such a holder whose volumes are in the state by it. */
export function stateMounts(holder: Service, { nodes }: Stack): Mount[] {
  return (holder.options.mounts ?? []).filter(
    ({ volume }) => nodes.find((node) => node.kind === "service" && doesMount(node, volume)) === holder,
  );
}

/** Whether a node mounts a volume. */
export const doesMount = ({ options }: Node, volume: Volume): boolean =>
  options.mounts?.some((mount) => mount.volume === volume) ?? false;

/** True for a service with a data directory; of others a snapshot holds volumes only. */
export function hasData(service: Service, made: ReadonlyMap<Node, unknown>): boolean {
  const container = made.get(service);
  return isContainer(container) && dataOf(service, container) !== undefined;
}

/** These nodes and all that they come after, in the order of the stack. */
export function neededBy(nodes: readonly Node[], stack: Stack): Node[] {
  const needed = new Set(nodes);
  // From the last to the first: a node is declared after all that it depends on.
  for (const node of stack.nodes.toReversed())
    if (needed.has(node)) node.options.after?.forEach((dependency) => needed.add(nodeOf(dependency)));
  return stack.nodes.filter((node) => needed.has(node));
}
