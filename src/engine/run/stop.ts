import { setTimeout as sleep } from "node:timers/promises";
import { StackspecError, messageOf } from "../../errors.ts";
import type { Node, Stoppable } from "../../stack/stack.ts";
import { nodeOf } from "../../stack/define-stack.ts";
import { isNotFound } from "../docker/connect.ts";
import { removeAll } from "../cleanup/remove-all.ts";
import { STACK_LABEL, removeResources } from "../docker/labels.ts";
import { isTakenOver } from "../plan/plan.ts";
import type { StackPlan } from "../plan/plan.ts";
import { removeContainersBut } from "../kept/reusable-stack.ts";
import type { ResourceIdentity } from "../plan/resources.ts";
import type { StackRun } from "../plan/stack-run.ts";

/** How long a start that was cut off may take to let go, in milliseconds. Testcontainers looks for ports for 10 s. */
const LET_GO_MS = 12_000;
/** How long the start of an object of this process that was cut off is waited for, in milliseconds. */
const START_ENDS_WITHIN_MS = 2_000;

/**
 * Stops a stack and removes all that it made, also when its start was cut off half way.
 * What depends on another stops before it. One failure does not keep the rest from being released.
 *
 * @param plan undefined when the start did not come to one
 * @throws StackspecError `RELEASE_FAILED` after everything has been tried
 */
export async function stopStack(run: StackRun, { id }: ResourceIdentity, plan: StackPlan | undefined): Promise<void> {
  const { phase } = run;
  const wasUp = phase === "up";
  run.setStopping();
  // A reusable stack that came up stays up; of one that did not what was up before.
  const isKept = plan?.reusable !== undefined && phase !== "broken";
  if (isKept && wasUp) {
    (await run.openedResources)?.exits.close();
    return;
  }
  const staysUp = (node: Node): boolean => isKept && isTakenOver(node, plan);
  const problems: unknown[] = [];
  const attempt = (work: Promise<unknown>): Promise<unknown> => work.catch((error: unknown) => problems.push(error));
  const stopped = new Map<Node, Promise<unknown>>();

  for (const node of run.stack.nodes.toReversed()) {
    if (staysUp(node)) continue;
    const dependents = run.stack.nodes.filter((other) => !staysUp(other) && dependsOn(other, node));
    // Nothing is lost when containers are killed together; only who stops with grace is waited for.
    const first = dependents
      .filter((dependent) => graceful(dependent, run))
      .map((dependent) => stopped.get(dependent)!);
    stopped.set(
      node,
      Promise.all(first).then(() => attempt(stopNode(node, run))),
    );
  }
  await Promise.all(stopped.values());

  const opening = run.openedResources;
  const opened = await opening?.catch(() => undefined);
  opened?.exits.close();
  const shared = [...(plan?.shared ?? [])].flatMap((node) => plan?.adopted.get(node) ?? []);
  if (opened !== undefined) await Promise.allSettled(shared.map((container) => opened.disconnect(container)));
  // The end of the run removes the networks and volumes of all its stacks together.
  const withRun = wasUp && run.context.signal.aborted;
  const runtime = opened?.runtime ?? (opening && (await run.context.connect().catch(() => undefined)));
  if (runtime !== undefined && !withRun) {
    const label = `${STACK_LABEL}=${id}`;
    const kept = isKept && plan.isUp ? new Set(plan.adopted.values()) : undefined;
    const removeStack = (): Promise<unknown> =>
      kept === undefined ? removeAll(runtime, label) : removeContainersBut(runtime, id, kept);
    // The first sweep takes what runs, and with it the networks of what still starts; the second what came after.
    const cutOff = run.signal.aborted;
    const sweep = kept === undefined ? () => removeResources(runtime, label) : removeStack;
    await attempt(cutOff ? sweep().catch(() => {}) : removeStack());
    if (cutOff) {
      const settled = Promise.all([...run.containers.values()].map((start) => start.settled));
      await Promise.race([settled, sleep(LET_GO_MS, undefined, { ref: false })]);
      await attempt(removeStack());
    }
  }
  if (problems.length > 0)
    throw new StackspecError(
      "RELEASE_FAILED",
      `not everything could be stopped: ${problems.map(messageOf).join("; ")}`,
      {
        subject: run.stack.name,
        hint: "npx stackspec clean removes what is left",
        cause: problems[0],
      },
    );
}

async function stopNode(node: Node, run: StackRun): Promise<void> {
  const value = await arrived(run.disposables.get(node), run);
  if (value === undefined) return;
  try {
    await value.stop({ timeout: node.kind === "service" ? (node.options.stopTimeoutMs ?? 0) : 0 });
  } catch (error) {
    // A container that the engine did not remove is removed with all the rest, or named when that fails too.
    if (!isNotFound(error) && !run.containers.has(node)) throw error;
  }
  run.report(node, "stopped");
}

/** What a start came to. One that was cut off may never end: then it is not waited for any longer, and stopped should it come. */
async function arrived(start: Promise<Stoppable> | undefined, run: StackRun): Promise<Stoppable | undefined> {
  const quiet = start?.catch(() => undefined);
  if (!run.signal.aborted) return quiet;
  const over = new AbortController();
  const late = sleep(START_ENDS_WITHIN_MS, undefined, { signal: over.signal }).then(
    () => void quiet?.then((value) => value?.stop()).catch(() => {}),
    () => undefined,
  );
  return Promise.race([quiet, late]).finally(() => over.abort());
}

/** True for what must not be cut off: objects of this process, containers with a stop timeout, and what those depend on. */
function graceful(node: Node, run: StackRun): boolean {
  if (!run.disposables.has(node)) return false;
  if (!run.containers.has(node)) return true;
  if (node.kind === "service" && (node.options.stopTimeoutMs ?? 0) > 0) return true;
  return run.stack.nodes.some((other) => dependsOn(other, node) && graceful(other, run));
}

function dependsOn({ options }: Node, node: Node): boolean {
  return options.after?.some((dependency) => nodeOf(dependency) === node) ?? false;
}
