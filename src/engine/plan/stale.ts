import { waitsFor } from "../../stack/define-stack.ts";
import type { Node, Service, Stack } from "../../stack/stack.ts";
import type { Volume } from "../../stack/volume.ts";
import { isContainer } from "../container/internals.ts";
import { driverOf } from "../drivers/choose.ts";
import { doesMount, hasData } from "../snapshot/layers.ts";
import type { Note } from "../kept/kept-note.ts";
import { volumesToReset } from "./resources.ts";

/** What of a kept stack is started anew; all else is taken over. */
export interface Stale {
  readonly nodes: ReadonlySet<Node>;
  /** They are empty again. */
  readonly volumes: ReadonlySet<Volume>;
}

/**
 * What has changed since a stack was kept, and what has to be made anew with it, so that nobody can tell it from a first start:
 *
 * - what comes after it;
 * - of a task, the services that it comes after, and the volumes that it writes: it expects them as they were before it. A
 *   server is started from its layer of the snapshot then, or from nothing where there is none;
 * - of a service, the servers that it and its like fill while they start, for no task does;
 * - of a volume, all that mount it.
 *
 * A volume that a service writes to stays, with what the service before it has written there while it started.
 *
 * @param keys what each part comes from now
 */
export function findStale(
  stack: Stack,
  made: ReadonlyMap<Node, unknown>,
  keys: ReadonlyMap<Node, string>,
  noted: Note,
): Stale {
  const nodes = new Set(stack.nodes.filter((node) => noted.nodes[node.name]?.key !== keys.get(node)));
  const volumes = new Set(volumesToReset(stack).filter(({ name }) => noted.volumes[name] === undefined));

  const isEmptied = (volume: Volume): boolean => {
    const mounting = stack.nodes.filter((node) => doesMount(node, volume));
    return mounting.some((node, index) => nodes.has(node) && (index === 0 || (isTask(node) && writes(node, volume))));
  };
  const isRestarted = (node: Node): boolean =>
    [...volumes].some((volume) => doesMount(node, volume)) ||
    [...nodes].some((other) => waitsFor(node, other)) ||
    (node.kind === "service" && [...nodes].some((other) => waitsFor(other, node) && fills(other, node)));
  const fills = (other: Node, server: Service): boolean =>
    isTask(other) || (isFilledByClients(server, stack) && keepsState(server, made));

  for (let size = -1; size !== nodes.size + volumes.size;) {
    size = nodes.size + volumes.size;
    for (const volume of stack.volumes) if (isEmptied(volume)) volumes.add(volume);
    for (const node of stack.nodes) if (isRestarted(node)) nodes.add(node);
  }
  return { nodes, volumes };
}

const isTask = (node: Node): boolean => node.kind === "task";

const writes = ({ options }: Node, volume: Volume): boolean =>
  options.mounts?.some((mount) => mount.volume === volume && mount.mode === "rw") ?? false;

/** No task fills it: what it holds when the stack is up was stored there by services that have it as a dependency. */
export function isFilledByClients(service: Service, stack: Stack): boolean {
  return !stack.nodes.some((node) => node.kind === "task" && waitsFor(node, service));
}

/** What clients declare there they declare again, and their messages are purged: only other servers have to be emptied. */
function keepsState(service: Service, made: ReadonlyMap<Node, unknown>): boolean {
  if (typeof service.options.reset === "function" || service.options.reset === "keep") return false;
  const container = made.get(service);
  const driver = isContainer(container) ? driverOf(service, container) : undefined;
  return driver === undefined ? hasData(service, made) : driver.declaredByClients !== true;
}
