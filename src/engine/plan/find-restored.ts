import { usageError } from "../../errors.ts";
import type { Node, Service, Stack, TaskResult } from "../../stack/stack.ts";
import { isContainer } from "../container/internals.ts";
import { serverLayers, snapshotKey } from "../snapshot/key.ts";
import type { Key, KeyContext } from "../snapshot/key.ts";
import { holdersOf, stateHoldersOf } from "../snapshot/layers.ts";
import type { Layer } from "../snapshot/layers.ts";
import { refusalOfSnapshot } from "../snapshot/refused.ts";
import { findSnapshot, onImage, runFromSnapshot } from "../snapshot/restore.ts";
import type { SnapshotImage } from "../snapshot/restore.ts";
import type { Factories } from "./factories.ts";
import type { StackContext } from "./stack-context.ts";
import type { TakenOver } from "./take-over.ts";

/** The snapshot that belongs to a stack as it is declared now, or why it can have none; and whether it is started from it. */
export type SnapshotUse = Key & { readonly restored: boolean };

/** What of a stack is not made anew by this start. */
export interface Restored {
  readonly snapshot: SnapshotUse | undefined;
  /** What is restored has its baselines with it. */
  readonly hasBaselines: boolean;
  /** Services whose containers run images of snapshots, by those images. */
  readonly restored: ReadonlyMap<Service, string>;
  /** Those of them whose data is of a machine with other passwords. */
  readonly foreign: ReadonlySet<Service>;
  /** Results of tasks that are not run again. */
  readonly results: ReadonlyMap<Node, TaskResult>;
  /** What was looked for and is not there: for later starts, it is copied in this one. */
  readonly missing: readonly Layer[];
}

/** What a task's result is whose container is not there any more. */
const DONE_BEFORE: TaskResult = { exitCode: 0, output: "", durationMs: 0 };

/**
 * The stack's snapshot, and the results of tasks that are in it; without one, those of its servers before any task has run.
 * Its containers are made anew, to run the snapshots' images. Of what is taken over nothing is restored.
 */
export async function findRestored(
  stack: Stack,
  made: Map<Node, unknown>,
  factories: Factories,
  up: TakenOver,
  context: StackContext,
): Promise<Restored> {
  const done = (result: (node: Node) => TaskResult | undefined): ReadonlyMap<Node, TaskResult> =>
    new Map(
      stack.nodes.flatMap((node) => {
        const found = node.kind === "task" ? result(node) : undefined;
        return found === undefined ? [] : [[node, found] as const];
      }),
    );
  const joined = context.joins?.key;
  const known = keyContext(context);
  const { state } = context;
  const given = state ?? joined;
  const use = given === undefined ? await snapshotKey(stack, made, known) : { key: given };
  const layer =
    use?.key === undefined
      ? undefined
      : { ...layerOf(stack, made, use.key), ...(state && { holders: stateHoldersOf(stack, made) }) };
  const find = async (each: Layer | undefined) => each && findSnapshot(await context.connect(), stack.name, each);
  // Where some of what a snapshot holds is taken over, the rest is not taken from it.
  const isWhole =
    up.stale.size > 0 && [...(layer?.holders ?? []), ...(layer?.tasks ?? [])].every((node) => up.stale.has(node));
  const { read, write } = context.snapshots;
  const missing = new Set<Layer>();
  const restored = new Map<Service, string>();
  const foreign = new Set<Service>();
  const restore = async (each: Layer | undefined): Promise<ReadonlyMap<string, TaskResult> | undefined> => {
    const snapshot = read ? await find(each) : undefined;
    if (each !== undefined && snapshot === undefined && write && refusalOfSnapshot(each.key) === undefined)
      missing.add(each);
    for (const [service, image] of snapshot?.images ?? []) await runSnapshot(service, image);
    return snapshot?.tasks;
  };
  const tasks = isWhole ? await restore(layer) : undefined;
  if (state !== undefined && tasks === undefined)
    throw usageError(
      stack.name,
      "expected a state of the stack as it is declared here, got one of other services or tasks",
    );
  // A stack of which nothing can be kept may have servers that are initialised anew each time all the same.
  if (tasks === undefined && (read || write) && joined === undefined && up.stale.size > 0) {
    const layers = await serverLayers(stack, made, known);
    await Promise.all(layers.filter(({ server }) => up.stale.has(server!)).map(restore));
  }
  if (isWhole)
    return {
      snapshot: use && { ...(tasks === undefined && write ? unlessRefused(use) : use), restored: tasks !== undefined },
      hasBaselines: tasks !== undefined,
      restored,
      foreign,
      results: done(({ name }) => tasks?.get(name)),
      missing: [...missing],
    };
  const found = await find(layer);
  return {
    snapshot: found && { ...use!, restored: true },
    hasBaselines: false,
    restored,
    foreign,
    results: done((node) =>
      up.stale.has(node) ? undefined : (up.results.get(node.name) ?? found?.tasks.get(node.name) ?? DONE_BEFORE),
    ),
    missing: [],
  };

  async function runSnapshot(service: Service, snapshot: SnapshotImage): Promise<void> {
    const current = await known.imageOf(service);
    const { docker } = await context.connect();
    const image = current ? await onImage(docker, snapshot, current, context.runId, context.signal) : snapshot;
    restored.set(service, image.reference);
    // A factory that does not take such an image is asked again when the service starts, which fails with that.
    const container = await factories.recreate(service, image.reference).catch(() => undefined);
    if (isContainer(container) && runFromSnapshot(container, service, image.config)) foreign.add(service);
    made.set(service, container);
  }
}

/** The key, or why there can be no snapshot of it. */
function unlessRefused(use: Key): Key {
  const reason = use.key === undefined ? undefined : refusalOfSnapshot(use.key);
  return reason === undefined ? use : { reason };
}

/** The layer of a stack that has what its tasks leave. */
function layerOf(stack: Stack, made: ReadonlyMap<Node, unknown>, key: string): Layer {
  return { key, holders: holdersOf(stack, made), tasks: stack.nodes.filter((node) => node.kind === "task") };
}

/** What a key needs to know of the run. */
export function keyContext({ connect, resolveImage }: StackContext): KeyContext {
  return {
    imageOf: async ({ options: { image } }) => (image === undefined ? undefined : resolveImage(image)),
    // A stack without containers needs no engine.
    local: async () => (await connect()).local,
  };
}
