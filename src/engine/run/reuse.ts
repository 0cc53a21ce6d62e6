import type { Node } from "../../stack/stack.ts";
import type { Joining } from "./stack-context.ts";
import { containersOf, claimReusableStack } from "./reusable-stack.ts";
import type { StackRun } from "./stack-run.ts";
import { keptNodes, snapshotKey } from "../snapshot/key.ts";
import { findSnapshot, holdersOf, restoreInto } from "../snapshot/restore.ts";

/** The snapshot that belongs to a stack as it is declared now. */
export interface SnapshotUse {
  readonly key: string;
  /** The stack was started from it; otherwise there is none yet. */
  readonly restored: boolean;
}

/** Makes the stack's containers start from its snapshot, where there is one. Undefined when it can have none. */
export async function restoreSnapshot(run: StackRun): Promise<SnapshotUse | undefined> {
  const { stack, made, context } = run;
  const key = context.joins?.key ?? (await keyOf(run, keptNodes(stack, made)));
  // What is up already has long been initialised.
  if (key !== undefined && run.kept?.containers !== undefined) return { key, restored: true };
  if (key === undefined || !context.snapshots.read) return key === undefined ? undefined : { key, restored: false };
  const { runtime } = await run.resources();
  const snapshot = await findSnapshot(runtime, stack, holdersOf(stack, made), key);
  if (snapshot === undefined) return { key, restored: false };
  await restoreInto(snapshot, stack, made);
  run.restoredTasks = snapshot.tasks;
  return { key, restored: true };
}

/** Finds out whether the stack is up already, kept by an earlier run of the very same declaration. */
export async function reuseRunning(run: StackRun): Promise<void> {
  const { stack, context } = run;
  const key = await keyOf(run, stack.nodes);
  if (key === undefined) return;
  run.kept = await claimReusableStack(await context.connect(), stack, key);
  if (run.kept?.containers !== undefined) skipTasks(run);
}

/** Joins the stack that this run's own process has started, and will stop. */
export async function joinStack(run: StackRun, { id, worker, key }: Joining): Promise<void> {
  const { context, stack } = run;
  const containers = await containersOf(await context.connect(), id);
  if (worker === 0) {
    run.kept = { id, owner: context.runId, containers, baselineFile: () => undefined, unlock: () => {} };
    return skipTasks(run);
  }
  const shared = stack.nodes.filter((node) => node.kind === "service" && node.options.shared === true);
  // Without a snapshot the tasks would run, and find their work done.
  for (const { name } of key === undefined ? [] : shared) run.joined.set(name, containers.get(name)!);
}

function skipTasks(run: StackRun): void {
  const done = { exitCode: 0, output: "", durationMs: 0 };
  run.restoredTasks = new Map(run.stack.nodes.filter(({ kind }) => kind === "task").map(({ name }) => [name, done]));
}

function keyOf({ made, context }: StackRun, nodes: readonly Node[]): Promise<string | undefined> {
  return snapshotKey(nodes, made, async ({ options }) =>
    options.image === undefined ? undefined : context.resolveImage(options.image),
  );
}
