import { setTimeout as sleep } from "node:timers/promises";
import { StackspecError } from "../../errors.ts";
import type { ErrorCode } from "../../errors.ts";
import type { Node } from "../../stack/stack.ts";
import { nodeAbout, startFailure, withContext } from "../container/failure.ts";
import { dropSnapshot } from "../snapshot/evict.ts";
import type { StackStart } from "../plan/stack-start.ts";
import type { StackContext } from "../plan/stack-context.ts";
import type { StackRun } from "../plan/stack-run.ts";

/** How long what a failed start has made may take to be released before the failure is told, in milliseconds. */
const RELEASED_WITHIN_MS = 30_000;

/** Failures of a container that what was restored in it has nothing to do with. */
const NOT_OF_SNAPSHOTS = new Set<ErrorCode>(["PORT_TAKEN", "NETWORK_EXHAUSTED", "FILE_MISSING", "VOLUME_MISSING"]);

/** The first failure cancels the rest; what fails because of that only joins it. */
export function fail(run: StackRun, node: Node, error: unknown): void {
  if (run.signal.aborted) return;
  run.report(node, "failed");
  run.cancel(withContext(error instanceof StackspecError ? error : startFailure(node, error), node, run));
}

/** When the deadline is over, blames the first part that runs and is not ready: the others wait for it. */
export async function giveUpLater(run: StackRun, timeoutMs: number, signal: AbortSignal): Promise<void> {
  try {
    await sleep(timeoutMs, undefined, { signal });
  } catch {
    return;
  }
  const node = run.stack.nodes.find((candidate) => run.state(candidate) === "starting");
  const what =
    node?.kind === "task"
      ? `still running after ${timeoutMs} ms, the time for the whole start`
      : `not ready after ${timeoutMs} ms`;
  const error =
    (await (node && run.containers.get(node))?.overdue(what)) ??
    new StackspecError("START_TIMEOUT", what, {
      subject: node?.name ?? run.stack.name,
      hint: "the timeline says what took long; or set STACKSPEC_START_TIMEOUT_MS",
    });
  if (run.signal.aborted) return;
  if (node !== undefined) run.report(node, "failed");
  run.cancel(withContext(error, node, run));
}

/** Resolves with true when what a failed start has made is released, with false when that fails or takes too long. */
export async function isReleased(stopping: Promise<void>): Promise<boolean> {
  const late = sleep(RELEASED_WITHIN_MS, false, { ref: false });
  const released = stopping.then(() => true);
  return Promise.race([released.catch(() => false), late]);
}

/**
 * What a stack whose start has failed is started with again; undefined when that is of no use. What was up and cannot be brought
 * back to where the tasks left it is started anew, and what its snapshot is the cause of without that.
 */
export async function startAgain(start: StackStart, isBroken: boolean): Promise<StackContext | undefined> {
  const { context, signal } = start.run;
  const isReset = signal.reason instanceof StackspecError && signal.reason.code === "RESET_FAILED";
  return isBroken && isReset && !context.signal.aborted ? context : withoutSnapshot(start);
}

/**
 * Drops the snapshot that a failed start had restored when one of the containers that run it is what failed, and says so
 * in one line. Whatever else fails would fail without it too.
 *
 * @returns what the stack is to be started with again, without it; undefined when that is of no use
 */
async function withoutSnapshot({ plan, run }: StackStart): Promise<StackContext | undefined> {
  const { stack, context, signal } = run;
  const error: unknown = signal.reason;
  const service = [...plan.restored.keys()].find((each) => each === nodeAbout(error, stack));
  const isOver = context.signal.aborted || context.state !== undefined;
  if (service === undefined || plan.shared.has(service) || isOver) return undefined;
  if (!(error instanceof StackspecError) || NOT_OF_SNAPSHOTS.has(error.code)) return undefined;
  const { docker } = await context.connect();
  const dropped = await dropSnapshot(docker, plan.restored.values());
  context.onProgress({
    kind: "notice",
    text: `${stack.name} does not start from its snapshot, which ${dropped ? "is dropped" : "another run uses"}, and starts without: ${error.sentence}`,
  });
  // Shared servers hold what the snapshot's tasks have done: a worker that runs them again has servers of its own.
  return {
    ...context,
    snapshots: { ...context.snapshots, read: false },
    joins: context.joins && { ...context.joins, key: undefined },
  };
}

/** Rejects with the signal's reason when that aborts. */
export function aborted(signal: AbortSignal): Promise<never> {
  return new Promise((_, reject) => {
    if (signal.aborted) reject(signal.reason as Error);
    signal.addEventListener("abort", () => reject(signal.reason as Error), { once: true });
  });
}
