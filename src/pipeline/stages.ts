import { rm } from "node:fs/promises";
import { usageError } from "../errors.ts";
import { digestOf } from "../images/digest.ts";
import type { PipelineContext } from "./pipeline-context.ts";
import { cacheKey } from "./cache.ts";
import type { BuildStage, Stage, TestStage } from "./pipeline.ts";
import { readRevision } from "./git.ts";
import type { StageResult, TaskOutcome } from "./outcome.ts";
import { publish } from "./publish.ts";
import { checksums, readRecord, writeRecord } from "./record.ts";
import type { TestRecord } from "./record.ts";
import { release } from "./release.ts";
import { runTasks } from "./tasks.ts";

/**
 * Runs one stage, which reads what the one before it handed over and writes what it hands over.
 *
 * @throws StackspecError `USAGE` when the stage before has not run or its output has changed
 */
export function runStage(stage: Stage, context: PipelineContext): Promise<StageResult> {
  switch (stage.kind) {
    case "test":
      return test(stage, context);
    case "build":
      return build(stage, context);
    case "release":
      return release(stage, context);
    case "publish":
      return publish(stage, context);
  }
}

async function test(stage: TestStage, context: PipelineContext): Promise<StageResult> {
  // Of the sources as they are now: what is edited while the tests run has not been tested.
  const sources = await digestOf([], stage.sources);
  const { outcomes, caches } = await runTasks(stage.tasks, context);
  if (isGreen(outcomes)) writeRecord(stage, { sources, caches });
  return { outcomes, notes: [] };
}

async function build(stage: BuildStage, context: PipelineContext): Promise<StageResult> {
  const { name, from, options, tasks } = stage;
  const tested = readRecord(from);
  await checkTested(stage, tested);
  const revision = await readRevision(context.settings.branch);
  await rm(options.artefact, { recursive: true, force: true });

  const { outcomes, images } = await runTasks(tasks, context);
  if (!isGreen(outcomes)) return { outcomes, notes: [] };
  const files = await checksums(options.artefact);
  if (files["Dockerfile"] === undefined)
    throw usageError(`stage "${name}"`, `expected a Dockerfile in ${options.artefact} after its tasks, found none`);
  writeRecord(stage, {
    ...tested,
    name: context.pipeline.name,
    version: await options.version(),
    versions: (await options.versions?.()) ?? {},
    revision: revision.hash,
    dirty: revision.dirty.length > 0,
    created: new Date().toISOString(),
    images,
    files,
  });
  return { outcomes, notes: [`${options.artefact}: ${Object.keys(files).length} files of revision ${revision.short}`] };
}

/** What is built is what was tested: the same sources, and the same content of every cache. */
async function checkTested({ from, tasks }: BuildStage, tested: TestRecord): Promise<void> {
  const again = `test again (npx stackspec stage ${from.name})`;
  if ((await digestOf([], from.sources)) !== tested.sources)
    throw usageError(
      from.sources.join(", "),
      `expected the sources that "${from.name}" has tested, they have changed since: ${again}`,
    );
  for (const { cache } of tasks.flatMap(({ options }) => options.caches ?? [])) {
    if ((await cacheKey(cache)) !== tested.caches[cache.name])
      throw usageError(
        cache.name,
        `expected the ${cache.name} that "${from.name}" ran with, ${cache.keyedBy.join(" or ")} has changed since: ${again}`,
      );
  }
}

function isGreen(outcomes: readonly TaskOutcome[]): boolean {
  return outcomes.every(({ verdict }) => verdict === "passed" || verdict === "not checked");
}
