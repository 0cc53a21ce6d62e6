import { isContainer } from "../engine/container/internals.ts";
import { settleAll } from "../engine/docker/labels.ts";
import type { RunningStack } from "../engine/run/started-stack.ts";
import { usageError } from "../errors.ts";
import type { ResolvedImage } from "../images/resolve.ts";
import type { PipelineContext } from "./pipeline-context.ts";
import { openCache } from "./cache.ts";
import type { OpenCache } from "./cache.ts";
import { runToEnd } from "./task-container.ts";
import type { Cache, StageStack, StageTask, Unchecked } from "./pipeline.ts";
import { outcomeOf } from "./outcome.ts";
import type { TaskOutcome } from "./outcome.ts";

/** What the tasks of a stage came to. */
export interface TasksResult {
  readonly outcomes: readonly TaskOutcome[];
  /** The key of each cache that was used. */
  readonly caches: Readonly<Record<string, string>>;
  readonly images: Readonly<Record<string, string>>;
}

/**
 * Runs the tasks of a stage, each as soon as those it comes after have passed. One that fails keeps
 * the others from nothing but what comes after it, so that all reports are there. The stack stops
 * when the last task has ended.
 */
export async function runTasks(tasks: readonly StageTask[], context: PipelineContext): Promise<TasksResult> {
  const caches = new Map<Cache, Promise<OpenCache>>();
  const stacks = new Map<StageStack, Promise<RunningStack>>();
  const images = new Map<string, ResolvedImage>();
  const running = new Map<StageTask, Promise<TaskOutcome>>();

  const once = <K, V>(known: Map<K, Promise<V>>, key: K, make: () => Promise<V>): Promise<V> => {
    const found = known.get(key) ?? make();
    found.catch(() => {}); // Each task that waits for it reports it.
    known.set(key, found);
    return found;
  };

  async function work({ name, create, options }: StageTask): Promise<Unchecked | void> {
    const { image: source, on, caches: mounts = [], collects = {}, timeoutMs } = options;
    // Stack, image and cache come up at the same time.
    const started = on === undefined ? undefined : once(stacks, on, () => context.session.start(on.stack));
    const image = source === undefined ? undefined : await context.session.resolveImage(source);
    if (image !== undefined) images.set(image.name, image);
    const opened = await Promise.all(
      mounts.map(
        async ({ cache, path }) =>
          `${(await once(caches, cache, () => openCache(cache, image!.reference, context))).volume}:${path}:ro`,
      ),
    );
    const stack = await started;
    const made = await create({ image: image?.reference ?? "", stack: stack?.values as never, signal: context.signal });
    if (made === undefined || "unchecked" in made) return made;
    if (!isContainer(made))
      throw usageError(`task "${name}"`, "expected a container, unchecked(reason) or nothing from it");
    await runToEnd(made, { name, network: stack?.id ?? "none", binds: opened, collects, timeoutMs }, context);
  }

  const run = async (task: StageTask): Promise<TaskOutcome> => {
    const { name } = task;
    const before = await Promise.all((task.options.after ?? []).map((other) => running.get(other)!));
    const blocker = before.find(({ verdict }) => verdict !== "passed");
    if (blocker !== undefined) return { name, verdict: "not run", why: `comes after ${blocker.name}`, tookMs: 0 };
    return (await outcomeOf(name, context, () => work(task))).outcome;
  };

  for (const task of tasks) {
    const outcome = run(task);
    outcome.catch(() => {});
    running.set(task, outcome);
  }
  try {
    await settleAll([...running.values()]);
  } finally {
    const up = await Promise.allSettled(stacks.values());
    await settleAll(up.filter((stack) => stack.status === "fulfilled").map(({ value }) => value.stop()));
  }
  const keys = [...caches].map(async ([{ name }, cache]) => [name, (await cache.catch(() => undefined))?.key ?? ""]);
  return {
    outcomes: await Promise.all(running.values()),
    caches: Object.fromEntries(await Promise.all(keys)) as Record<string, string>,
    images: Object.fromEntries([...images].map(([name, { digest }]) => [name, digest])),
  };
}
