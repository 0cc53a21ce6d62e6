import type { GenericContainer } from "testcontainers";
import { digestOf } from "../../images/digest.ts";
import type { ResolvedImage } from "../../images/resolve.ts";
import type { Node, Stack } from "../../stack/stack.ts";
import { declarationOf, isContainer, sourcesOf } from "../container/internals.ts";
import { dataOf } from "../drivers/driver.ts";
import { nodeOf } from "../../stack/define-stack.ts";

/** Raised when what a snapshot holds, or how it is taken, changes: older ones are then not found. */
const FORMAT = "1";

/** What is made once and kept: the tasks of a stack, the services they need, and every data directory. */
export function keptNodes(stack: Stack, made: ReadonlyMap<Node, unknown>): Node[] {
  const kept = new Set<Node>();
  const keep = (node: Node): void => {
    if (kept.has(node)) return;
    kept.add(node);
    for (const dependency of node.options.after ?? []) keep(nodeOf(dependency));
  };
  for (const node of stack.nodes) {
    const container = made.get(node);
    const hasData = node.kind === "service" && isContainer(container) && dataOf(node, container) !== undefined;
    if (node.kind === "task" || hasData) keep(node);
  }
  return stack.nodes.filter((node) => kept.has(node));
}

/**
 * A digest of everything that the tasks and the databases of a stack come from: images, environment,
 * commands, mounts, dependencies, the content of copied files. Undefined when that cannot be known before
 * they run: work in this process, a container made from another's started value, an archive to copy.
 */
export async function snapshotKey(
  nodes: readonly Node[],
  made: ReadonlyMap<Node, unknown>,
  imageOf: (node: Node) => Promise<ResolvedImage | undefined>,
): Promise<string | undefined> {
  if (nodes.length === 0) return undefined;
  const texts = [FORMAT];
  const files: string[] = [];
  for (const node of nodes) {
    const container = made.get(node);
    if (!isContainer(container) || hasArchives(container)) return undefined;
    const { after = [], mounts = [], networks = [] } = node.options;
    texts.push(
      JSON.stringify({
        kind: node.kind,
        name: node.name,
        image: (await imageOf(node))?.digest,
        after: after.map((dependency) => nodeOf(dependency).name),
        mounts: mounts.map(({ volume, path, mode }) => [volume.name, path, mode]),
        networks: networks.map(({ name }) => name),
        data: node.kind === "service" ? dataOf(node, container) : undefined,
        container: declarationOf(container),
      }),
    );
    files.push(...sourcesOf(container).copied);
  }
  return digestOf(texts, files);
}

function hasArchives(container: GenericContainer): boolean {
  return (container as unknown as { archivesToCopy?: unknown[] }).archivesToCopy?.length !== 0;
}
