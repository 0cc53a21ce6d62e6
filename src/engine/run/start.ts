import { join } from "node:path";
import type { Exports, Stack, Started } from "../../stack/stack.ts";
import { imagesOf } from "../../stack/define-stack.ts";
import { nodeAbout, withContext } from "../container/failure.ts";
import { settleAll } from "../docker/labels.ts";
import { workerSuffix } from "../drivers/worker-suffix.ts";
import { tellKept } from "../kept/addresses.ts";
import { copyLayers } from "../service/copy-layers.ts";
import { stackFactories } from "../plan/factories.ts";
import { faultImage } from "../plan/fault-helper.ts";
import { hasOwnClock, isSized } from "../plan/fault-volumes.ts";
import { faultsOf } from "../faults/faults.ts";
import { aborted, fail, giveUpLater, isReleased, startAgain } from "./failed-start.ts";
import { isTakenOver, planStack, sharedServices } from "../plan/plan.ts";
import type { StackPlan } from "../plan/plan.ts";
import { takeBaseline } from "../reset/reset.ts";
import type { Baseline } from "../reset/reset.ts";
import type { StackContext } from "../plan/stack-context.ts";
import { StackRun } from "../plan/stack-run.ts";
import { startNode } from "../service/start-node.ts";
import { saveState } from "./save-state.ts";
import type { StackStart } from "../plan/stack-start.ts";
import type { StartedStack } from "./started-stack.ts";
import { stopStack } from "./stop.ts";
import { createWorkerDatabases } from "./worker-databases.ts";

/**
 * Starts everything that a stack declares, each part as soon as what it depends on is there.
 * When one part fails, what is still starting is cancelled and everything is released.
 *
 * @throws StackspecError the first failure, with the chain that waited for it and a timeline
 */
export async function startInRun<E extends Exports>(stack: Stack<E>, context: StackContext): Promise<StartedStack<E>> {
  const { start, baseline, stop } = await startRun(stack, context);
  const { plan, run } = start;
  const { close: closeFaults, ...faults } = faultsOf(start);
  let stopping: Promise<void> | undefined;
  return {
    name: stack.name,
    id: plan.id,
    values: await exportsOf(stack, start),
    images: await Promise.all(imagesOf(stack).map((source) => context.resolveImage(source))),
    snapshot: plan.snapshot,
    missing: plan.missing,
    copies: start.copies,
    inContainers: stack.nodes.every((node) => node.kind === "task" || run.containers.has(node)),
    logs: run.logs,
    death: run.death,
    isDying: () => run.isDying,
    unreset: baseline.unreset,
    notices: baseline.notices,
    paused: () => run.paused,
    wasUp: plan.isUp,
    saveState: (file) => saveState(start, file),
    tellKept: async (why) => (plan.reusable ? tellKept(await context.connect(), stack.name, plan.id, why) : []),
    reset: () => baseline.reset(),
    checkpoint: () => baseline.checkpoint(),
    createWorkerDatabases: (workers) => createWorkerDatabases(start, workers),
    ...faults,
    stop: () =>
      (stopping ??= closeFaults()
        .catch(() => {})
        .then(stop)),
  };
}

interface StartedRun {
  readonly start: StackStart;
  readonly baseline: Baseline;
  stop(): Promise<void>;
}

/** The start behind `startInRun`: what it returns is also what a snapshot is taken from. */
async function startRun(stack: Stack, context: StackContext): Promise<StartedRun> {
  const { id, logs } = context.nameOf(stack);
  const fresh = { id, owner: context.runId, isUp: false };
  const run = new StackRun(stack, context);
  const helpers = stack.nodes.some(hasOwnClock) || stack.volumes.some(isSized) ? [faultImage(context)] : [];
  const images = [...imagesOf(stack), ...helpers].map((source) => context.resolveImage(source));
  const connected = images.length > 0 ? context.connect() : Promise.resolve();
  connected.catch(() => {});
  // A stack with images has containers: its network is made while the images are looked up.
  if (images.length > 0 && context.keep !== true && context.joins?.worker !== 0) run.resources(fresh).catch(() => {});

  let planning: Promise<StackPlan> | undefined;
  let start: StackStart | undefined;
  let stopped: Promise<void> | undefined;
  let remembering: Promise<Baseline> | undefined;
  const release = async (): Promise<void> => {
    const baseline = await remembering?.catch(() => undefined);
    try {
      await settleAll([Promise.resolve(baseline?.close()), Promise.resolve(start?.copies.discard())]);
    } finally {
      start?.plan.reusable?.unlock();
      context.onStopped?.(start?.plan.id ?? id);
    }
  };
  const stopAll = async (): Promise<void> => {
    const stopping = stopStack(run, start?.plan ?? fresh, start?.plan);
    // In this order: what could not be stopped is told before what could not be closed.
    await settleAll([stopping, stopping.catch(() => {}).then(release)]);
  };
  const stop = (): Promise<void> => (stopped ??= stopAll());
  const deadline = new AbortController();
  try {
    await Promise.race([Promise.all(images), aborted(run.signal)]);
    await context.waitForMemory?.(run.signal);
    // The deadline is for starting: a first build of images, the reaper's too, may take as long as it takes.
    const began = (): Promise<void> => giveUpLater(run, context.startTimeoutMs, deadline.signal);
    void connected.then(began, began);
    const suffix = sharedServices(stack, context).size > 0 ? workerSuffix(context.joins!.worker) : "";
    const factories = stackFactories(run, suffix);
    planning = planStack(stack, fresh, factories, context);
    const plan = await Promise.race([planning, aborted(run.signal)]);
    const copies = copyLayers(run, plan, () => start!);
    const broughtBack = Promise.withResolvers<void>();
    broughtBack.promise.catch(() => {});
    const logFolder = join(context.logFolder, logs);
    start = { plan, run, factories, copies, logFolder, databaseSuffix: suffix, broughtBack };
    startNodes(start);
    // A restored database has its baseline with it.
    remembering = takeBaseline(start, { hasBaselines: plan.hasBaselines && plan.shared.size === 0 });
    remembering.catch(() => {});
    const [baseline] = await Promise.all([remembering, ...stack.nodes.map((node) => run.waitFor(node))]);
    await baseline.remember();
    run.setUp();
    return { start, baseline, stop };
  } catch (error) {
    const about = nodeAbout(error, stack);
    run.cancel(withContext(error, about, run));
    // What was up and does not work stays no longer; but that is not for a worker to say that has joined it.
    if (start && about && isTakenOver(about, start.plan) && context.joins === undefined) run.setBroken();
    const isBroken = run.phase === "broken";
    // A plan that comes too late has nothing but a lock to give back.
    if (start === undefined) planning?.then(({ reusable }) => reusable?.unlock()).catch(() => {});
    // The first failure is the one to report. What an engine that hangs does not release is the run's end to remove.
    const anew = (await isReleased(stop())) && start !== undefined ? await startAgain(start, isBroken) : undefined;
    if (anew === undefined) throw run.signal.reason;
    return await startRun(stack, anew);
  } finally {
    deadline.abort();
  }
}

/** Starts all nodes. The first failure cancels the start. */
function startNodes(start: StackStart): void {
  const { run } = start;
  for (const node of run.stack.nodes) {
    startNode(node, start).then(
      (value) => run.setDone(node, value),
      (error: unknown) => fail(run, node, error),
    );
  }
  // What was ready and has exited leaves those that wait behind it waiting for nothing.
  void run.death.then((error) => {
    if (run.phase === "starting") run.cancel(withContext(error, nodeAbout(error, run.stack), run));
  });
}

async function exportsOf<E extends Exports>(stack: Stack<E>, { run, plan }: StackStart): Promise<Started<E>> {
  const entries = Object.entries(stack.exports).map(async ([key, part]) => [
    key,
    part.kind === "volume" ? { name: (await run.resources(plan)).volumeName(part) } : await run.valueOf(part),
  ]);
  return Object.fromEntries(await Promise.all(entries)) as Started<E>;
}
