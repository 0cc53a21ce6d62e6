import { setTimeout as sleep } from "node:timers/promises";
import { StackspecError } from "../../errors.ts";
import type { ErrorCode } from "../../errors.ts";
import type { Node } from "../../stack/stack.ts";
import { nodeAbout, startFailure, withContext } from "../container/failure.ts";
import { dropSnapshot } from "../snapshot/evict.ts";
import type { StackStart } from "./start-node.ts";
import type { StackRun } from "./stack-run.ts";

/** Failures of a container that what was restored in it has nothing to do with. */
const NOT_OF_SNAPSHOTS = new Set<ErrorCode>(["PORT_TAKEN", "FILE_MISSING", "VOLUME_MISSING"]);

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

/**
 * Drops the snapshot that a failed start had restored when one of the containers that run it is what failed, and says so
 * in one line. Whatever else fails would fail without it too.
 *
 * @returns true when the stack has to be started without it
 */
export async function dropUnusableSnapshot({ plan, run }: StackStart): Promise<boolean> {
  const { stack, context, signal } = run;
  const error: unknown = signal.reason;
  const service = [...plan.restored].find((each) => each === nodeAbout(error, stack));
  if (service === undefined || plan.shared.has(service) || context.signal.aborted) return false;
  if (!(error instanceof StackspecError) || NOT_OF_SNAPSHOTS.has(error.code)) return false;
  const { docker } = await context.connect();
  const dropped = await dropSnapshot(docker, stack.name, plan.snapshot!.key!, plan.restored);
  context.onProgress({
    kind: "notice",
    text: `${stack.name} does not start from its snapshot, which ${dropped ? "is dropped" : "another run uses"}, and starts without: ${error.sentence}`,
  });
  return true;
}
