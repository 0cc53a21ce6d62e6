import { digestOf } from "../../images/digest.ts";
import type { Node, Stack, TaskResult } from "../../stack/stack.ts";
import type { Volume } from "../../stack/volume.ts";
import { declarationOf } from "../container/declaration.ts";
import { isContainer } from "../container/internals.ts";
import { STACK_LABEL, removeResources } from "../docker/labels.ts";
import type { Runtime } from "../docker/connect.ts";
import { keyOfNodes } from "../snapshot/key.ts";
import type { Key, KeyContext } from "../snapshot/key.ts";
import { forgetReusableStack } from "../kept/kept-note.ts";
import type { Note } from "../kept/kept-note.ts";
import { listedFolder, volumesToReset, writersOf } from "./resources.ts";
import type { ReusableStack } from "../kept/reusable-stack.ts";
import { findStale } from "./stale.ts";
import type { Stale } from "./stale.ts";
import type { VolumeRecord } from "../volumes/volume-baseline.ts";
import { takeVolumeBaseline } from "../volumes/volume-baseline.ts";

/** What of a stack is up already when a start begins. */
export interface TakenOver {
  /** Its networks are there, and some of its parts. */
  readonly isUp: boolean;
  /** Ids of containers that run and are taken over. */
  readonly containers: ReadonlyMap<Node, string>;
  /** What is started anew. */
  readonly stale: ReadonlySet<Node>;
  /** What tasks said when they ran, by name, where that is known. */
  readonly results: ReadonlyMap<string, TaskResult | undefined>;
}

export const nothingUp = (stack: Stack): TakenOver => ({
  isUp: false,
  containers: new Map(),
  stale: new Set(stack.nodes),
  results: new Map(),
});

/**
 * What each part of a stack comes from; passwords too, which a server that stays up knows and others are told. The reason, where
 * one of them cannot be known.
 */
export async function keysOf(
  stack: Stack,
  made: ReadonlyMap<Node, unknown>,
  context: KeyContext,
): Promise<Key | ReadonlyMap<Node, string>> {
  const keys = new Map<Node, string>();
  for (const [node, known] of await Promise.all(
    stack.nodes.map(async (each) => [each, await keyOfNodes([each], made, context)] as const),
  )) {
    if (known.key === undefined) return known;
    const container = made.get(node);
    const { http, reset, ownClock } = { http: undefined, reset: undefined, ownClock: undefined, ...node.options };
    const told = isContainer(container) ? declarationOf(container).told : undefined;
    keys.set(node, await digestOf([known.key, JSON.stringify([told, http, String(reset), ownClock])], []));
  }
  return keys;
}

/**
 * Decides what of a kept stack is taken over, and removes the rest of it. What runs on is as the run before has left it, but for
 * volumes that services write to which are removed: those are reset while somebody has them.
 */
export async function takeOver(
  stack: Stack,
  made: ReadonlyMap<Node, unknown>,
  keys: ReadonlyMap<Node, string>,
  reusable: ReusableStack,
  runtime: Runtime,
): Promise<TakenOver> {
  const { id, noted } = reusable;
  if (noted === undefined) return nothingUp(stack);
  const { stale, records } = await resetVolumes(stack, made, keys, noted, reusable, runtime);
  const left = stack.nodes.filter((node) => !stale.nodes.has(node));
  if (left.length === 0) {
    await removeResources(runtime, `${STACK_LABEL}=${id}`);
    await forgetReusableStack(id);
    return nothingUp(stack);
  }
  const of = Object.fromEntries(left.map(({ name }) => [name, noted.nodes[name]!]));
  if (left.length < Object.keys(noted.nodes).length || stale.nodes.size > 0)
    await reusable.retain(
      { ...noted, nodes: of, volumes: records },
      Array.from(stale.volumes, ({ name }) => `${id}-${name}`),
    );
  return {
    isUp: true,
    containers: new Map(
      left.flatMap((node) => {
        const container = of[node.name]!.container;
        return container === undefined ? [] : [[node, container] as const];
      }),
    ),
    stale: stale.nodes,
    results: new Map(left.map(({ name }) => [name, of[name]!.result])),
  };
}

/** Resets the volumes that stay while a service that writes there does not: before it is gone. One that cannot be is stale too. */
async function resetVolumes(
  stack: Stack,
  made: ReadonlyMap<Node, unknown>,
  keys: ReadonlyMap<Node, string>,
  noted: Note,
  reusable: ReusableStack,
  runtime: Runtime,
): Promise<{ readonly stale: Stale; readonly records: Note["volumes"] }> {
  const stale = findStale(stack, made, keys, noted);
  const records: Record<string, VolumeRecord | undefined> = {};
  const failed = new Set<string>();
  for (const volume of volumesToReset(stack)) {
    if (stale.volumes.has(volume)) continue;
    const { name } = volume;
    const stays = writersOf(stack, volume).every((writer) => !stale.nodes.has(writer));
    const record = stays ? noted.volumes[name] : await resetVolume(stack, volume, noted, reusable, runtime);
    if (record === undefined) failed.add(name);
    records[name] = record;
  }
  if (failed.size === 0) return { stale, records };
  const others = Object.entries(noted.volumes).filter(([name]) => !failed.has(name));
  const rest = { ...noted, volumes: Object.fromEntries(others) };
  return resetVolumes(stack, made, keys, rest, reusable, runtime);
}

/** @returns what it is now; undefined when it could not be reset */
async function resetVolume(
  stack: Stack,
  volume: Volume,
  noted: Note,
  { id, volume: keptOf }: ReusableStack,
  runtime: Runtime,
): Promise<VolumeRecord | undefined> {
  const { name } = volume;
  const Name = `${id}-${name}`;
  const writers = writersOf(stack, volume).flatMap((writer) => noted.nodes[writer.name]?.container ?? []);
  // The start of the last one has failed: no spec has run since the reset before it.
  if (writers.length === 0) return noted.volumes[name];
  try {
    for (const writer of writers) {
      const container = runtime.docker.getContainer(writer);
      const mounts = (await container.inspect().catch(() => undefined))?.Mounts ?? [];
      const mount = mounts.find((each) => each.Name === Name && each.RW);
      if (mount === undefined) continue;
      const folder = await listedFolder(runtime, Name);
      const baseline = await takeVolumeBaseline(
        { name, container, path: mount.Destination, folder },
        keptOf(name),
        () => {},
      );
      try {
        await baseline.reset();
        return baseline.record();
      } finally {
        baseline.close();
      }
    }
  } catch {
    // Then it is emptied.
  }
  return undefined;
}
