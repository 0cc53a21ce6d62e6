import type { Node } from "../../stack/stack.ts";
import type { Joining } from "./stack-context.ts";
import { containersOf, takeKeptStack } from "./reusable-stack.ts";
import type { Launch } from "./stack-run.ts";
import { keptNodes, snapshotKey } from "../snapshot/key.ts";
import { findSnapshot, holdersOf, restoreInto } from "../snapshot/restore.ts";

/** The snapshot that belongs to a stack as it is declared now. */
export interface SnapshotUse {
  readonly key: string;
  /** The stack was started from it; otherwise there is none yet. */
  readonly restored: boolean;
}

/** Makes the stack's containers start from its snapshot, where there is one. Undefined when it can have none. */
export async function restoreSnapshot(launch: Launch): Promise<SnapshotUse | undefined> {
  const { stack, made, context } = launch;
  const key = context.joins?.key ?? (await keyOf(launch, keptNodes(stack, made)));
  // What is up already has long been initialised.
  if (key !== undefined && launch.kept?.containers !== undefined) return { key, restored: true };
  if (key === undefined || !context.snapshots.read) return key === undefined ? undefined : { key, restored: false };
  const { runtime } = await launch.ground();
  const snapshot = await findSnapshot(runtime, stack, holdersOf(stack, made), key);
  if (snapshot === undefined) return { key, restored: false };
  await restoreInto(snapshot, stack, made);
  launch.restoredTasks = snapshot.tasks;
  return { key, restored: true };
}

/** Finds out whether the stack is up already, kept by an earlier run of the very same declaration. */
export async function takeOverKept(launch: Launch): Promise<void> {
  const { stack, context } = launch;
  const key = await keyOf(launch, stack.nodes);
  if (key === undefined) return;
  launch.kept = await takeKeptStack(await context.connect(), stack, key);
  if (launch.kept?.containers !== undefined) skipTasks(launch);
}

/** Joins the stack that this run's own process has started, and will stop. */
export async function joinStack(launch: Launch, { id, worker, key }: Joining): Promise<void> {
  const { context, stack } = launch;
  const containers = await containersOf(await context.connect(), id);
  if (worker === 0) {
    launch.kept = { id, owner: context.runId, containers, baselineFile: () => undefined, unlock: () => {} };
    return skipTasks(launch);
  }
  const shared = stack.nodes.filter((node) => node.kind === "service" && node.options.shared === true);
  // Without a snapshot the tasks would run, and find their work done.
  for (const { name } of key === undefined ? [] : shared) launch.joined.set(name, containers.get(name)!);
}

function skipTasks(launch: Launch): void {
  const done = { exitCode: 0, output: "", durationMs: 0 };
  launch.restoredTasks = new Map(
    launch.stack.nodes.filter(({ kind }) => kind === "task").map(({ name }) => [name, done]),
  );
}

function keyOf({ made, context }: Launch, nodes: readonly Node[]): Promise<string | undefined> {
  return snapshotKey(nodes, made, async ({ options }) =>
    options.image === undefined ? undefined : context.resolveImage(options.image),
  );
}
