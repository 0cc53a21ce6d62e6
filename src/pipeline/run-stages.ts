import { appendFileSync } from "node:fs";
import { join } from "node:path";
import type { PipelineSettings } from "../config/pipeline-settings.ts";
import { StackspecError, isBadInput, messageOf, usageError } from "../errors.ts";
import { writeAtomically } from "../report/write.ts";
import { mask } from "../secrets.ts";
import type { PipelineContext } from "./pipeline-context.ts";
import type { Pipeline, Stage } from "./pipeline.ts";
import { noRegistry } from "./publish.ts";
import { dropRecords } from "./record.ts";
import { runStage } from "./stages.ts";
import { markdownSummary, textSummary } from "./summary.ts";
import { forbiddenTag } from "./tags.ts";
import type { StageOutcome } from "./outcome.ts";

/**
 * The stages to run: one by its name, or all.
 *
 * @throws StackspecError `USAGE` for an unknown stage, or a setting that a stage will miss
 */
export function chooseStages(
  { stages }: Pipeline,
  name: string | undefined,
  settings: PipelineSettings,
): readonly Stage[] {
  const chosen = name === undefined ? stages : stages.filter((stage) => stage.name === name);
  if (chosen.length === 0)
    throw usageError("stage", `expected one of ${stages.map((stage) => stage.name).join(", ")}, got "${name}"`);
  // Better now than after all the others.
  const bad = settings.tags.map(forbiddenTag).find((problem) => problem !== undefined);
  if (bad !== undefined) throw usageError("STACKSPEC_TAGS", bad);
  if (chosen.some(({ kind }) => kind === "publish") && settings.registry === undefined) throw noRegistry();
  return chosen;
}

/**
 * Runs stages one after the other up to the first that is not green, and writes the summary.
 *
 * @returns the exit code: 0, 1 for a stage that is red, 2 for one that was refused its input
 */
export async function runStages(stages: readonly Stage[], bench: PipelineContext): Promise<number> {
  const outcomes: StageOutcome[] = [];
  let exitCode = 0;
  for (const stage of stages) {
    if (exitCode !== 0) {
      outcomes.push({ name: stage.name, verdict: "not run", why: undefined, tookMs: 0, tasks: [], notes: [] });
      continue;
    }
    bench.say(`\n── ${stage.name} ${"─".repeat(40)}`);
    const outcome = await runOne(stage, bench);
    outcomes.push(outcome);
    exitCode = { passed: 0, failed: 1, refused: 2, cancelled: 1, "not run": 0 }[outcome.verdict];
  }
  const title = `Pipeline ${bench.pipeline.name}`;
  const summary = mask(markdownSummary(title, outcomes));
  writeAtomically(join("reports", "summary.md"), summary);
  if (bench.settings.stepSummary !== undefined) appendFileSync(bench.settings.stepSummary, summary);
  bench.say(`\n${mask(textSummary(outcomes))}`);
  return exitCode;
}

async function runOne(stage: Stage, bench: PipelineContext): Promise<StageOutcome> {
  const { name } = stage;
  const startedAt = performance.now();
  const ended = (): Pick<StageOutcome, "name" | "tookMs"> => ({
    name,
    tookMs: Math.round(performance.now() - startedAt),
  });
  try {
    // What an earlier run handed over is not this one's.
    dropRecords(bench.pipeline.stages.filter((other) => standsOn(other, stage)));
    const { outcomes: tasks, notes } = await runStage(stage, bench);
    bench.signal.throwIfAborted();
    const failed = tasks.filter(({ verdict }) => verdict === "failed").map((task) => task.name);
    return {
      ...ended(),
      verdict: failed.length === 0 ? "passed" : "failed",
      why: failed.length === 0 ? undefined : `${failed.join(", ")} failed`,
      tasks,
      notes,
    };
  } catch (error) {
    if (bench.signal.aborted)
      return { ...ended(), verdict: "cancelled", why: messageOf(bench.signal.reason), tasks: [], notes: [] };
    const refused = isBadInput(error);
    bench.say(
      error instanceof StackspecError
        ? refused
          ? error.sentence
          : error.message
        : String((error as Error).stack ?? error),
    );
    const why = error instanceof StackspecError ? error.sentence : messageOf(error);
    return { ...ended(), verdict: refused ? "refused" : "failed", why, tasks: [], notes: [] };
  }
}

/** True for a stage itself, and for every one that goes on from it. */
function standsOn(stage: Stage | undefined, other: Stage): boolean {
  return stage !== undefined && (stage === other || standsOn(stage.from, other));
}
