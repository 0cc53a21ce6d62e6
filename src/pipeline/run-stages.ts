import { appendFileSync } from "node:fs";
import { join } from "node:path";
import type { PipelineSettings } from "../config/pipeline-settings.ts";
import { StackspecError, isBadInput, messageOf, usageError } from "../errors.ts";
import { writeAtomically } from "../report/write.ts";
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
export async function runStages(stages: readonly Stage[], context: PipelineContext): Promise<number> {
  const outcomes: StageOutcome[] = [];
  let exitCode = 0;
  for (const stage of stages) {
    if (exitCode !== 0) {
      outcomes.push({ ...NOTHING, name: stage.name, verdict: "not run", why: undefined, tookMs: 0 });
      continue;
    }
    context.say(`\n── ${stage.name} ${"─".repeat(40)}`);
    const outcome = await runOne(stage, context);
    outcomes.push(outcome);
    exitCode = { passed: 0, failed: 1, refused: 2, cancelled: 1, "not run": 0 }[outcome.verdict];
  }
  const title = `Pipeline ${context.pipeline.name}`;
  const summary = markdownSummary(title, outcomes);
  writeAtomically(join(context.config.folders.reports, "summary.md"), summary);
  if (context.settings.stepSummary !== undefined) appendFileSync(context.settings.stepSummary, summary);
  context.say(`\n${textSummary(outcomes)}`);
  return exitCode;
}

/** What a stage came to that came to no end. */
const NOTHING = { tasks: [], notes: [] };

async function runOne(stage: Stage, context: PipelineContext): Promise<StageOutcome> {
  const startedAt = performance.now();
  const ended = (
    verdict: StageOutcome["verdict"],
    why: string | undefined,
    result: Pick<StageOutcome, "tasks" | "notes"> = NOTHING,
  ): StageOutcome => ({ name: stage.name, verdict, why, tookMs: Math.round(performance.now() - startedAt), ...result });
  try {
    // What an earlier run handed over is not this one's.
    dropRecords(context.pipeline.stages.filter((other) => standsOn(other, stage)));
    const { outcomes: tasks, notes } = await runStage(stage, context);
    context.signal.throwIfAborted();
    const failed = tasks.filter(({ verdict }) => verdict === "failed").map(({ name }) => name);
    return failed.length === 0
      ? ended("passed", undefined, { tasks, notes })
      : ended("failed", `${failed.join(", ")} failed`, { tasks, notes });
  } catch (error) {
    if (context.signal.aborted) return ended("cancelled", messageOf(context.signal.reason));
    if (!(error instanceof StackspecError)) {
      context.say(String((error as Error).stack ?? error));
      return ended("failed", messageOf(error));
    }
    const refused = isBadInput(error);
    context.say(refused ? error.sentence : error.message);
    return ended(refused ? "refused" : "failed", error.sentence);
  }
}

/** True for a stage itself, and for every one that goes on from it. */
function standsOn(stage: Stage | undefined, other: Stage): boolean {
  return stage !== undefined && (stage === other || standsOn(stage.from, other));
}
