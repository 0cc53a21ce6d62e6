import { setTimeout as sleep } from "node:timers/promises";
import { StackspecError } from "../../errors.ts";
import type { Node } from "../../stack/stack.ts";
import { startFailure, withContext } from "../container/failure.ts";
import type { StackRun } from "./stack-run.ts";

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
