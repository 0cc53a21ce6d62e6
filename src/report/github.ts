import { appendFileSync } from "node:fs";
import { nameOf } from "./ctrf.ts";
import type { Ctrf, CtrfTest, StoredResults } from "./ctrf.ts";

/** GitHub shows so many annotations of a step. */
const ANNOTATIONS = 10;
/** So many failures are listed in a job's summary, which may have 1 MiB. */
const LISTED = 50;
const MESSAGE_LENGTH = 1_000;

/**
 * Commands that GitHub Actions takes for annotations, for the first failures that have a cause of their own: at the spec's line.
 * https://docs.github.com/en/actions/reference/workflows-and-actions/workflow-commands
 */
export function annotationsOf({ results }: Ctrf): string[] {
  return ownFailures(results.tests)
    .slice(0, ANNOTATIONS)
    .map((test) => {
      const { filePath, line, message = test.rawStatus } = test;
      const properties = [
        ...(filePath === undefined ? [] : [`file=${property(filePath)}`]),
        ...(line === undefined ? [] : [`line=${line}`]),
        `title=${property(titleOf(test))}`,
      ];
      return `::error ${properties.join(",")}::${data(message.slice(0, MESSAGE_LENGTH))}`;
    });
}

/** The summary of a job, in Markdown: the numbers of each suite, and what failed. */
function jobSummary(all: readonly StoredResults[]): string {
  const rows = all.map((stored) => {
    const { summary } = stored.results;
    const failed = summary.failed + summary.other;
    const cells = [
      summary.passed,
      failed,
      summary.skipped,
      summary.flaky,
      `${(summary.duration / 1_000).toFixed(1)} s`,
    ];
    return `| ${failed > 0 ? "❌" : "✅"} ${text(nameOf(stored))} | ${cells.join(" | ")} |`;
  });
  const failures = all.flatMap(({ results }) => ownFailures(results.tests));
  const listed = failures.slice(0, LISTED).map((test) => {
    const [first = ""] = (test.message ?? test.rawStatus).split("\n");
    return `- **${text(titleOf(test))}** ${text(first.slice(0, MESSAGE_LENGTH))}`;
  });
  const more = failures.length > LISTED ? [`- and ${failures.length - LISTED} more`] : [];
  const head = ["| suite | passed | failed | skipped | flaky | time |", "| --- | ---: | ---: | ---: | ---: | ---: |"];
  return [...head, ...rows, "", ...listed, ...more, ""].join("\n");
}

/** Adds to the summary of the job, which other steps write too. A summary is no reason to fail. */
export function appendSummary(path: string, all: readonly StoredResults[]): void {
  try {
    appendFileSync(path, `${jobSummary(all)}\n`);
  } catch {
    // The report has it all.
  }
}

/** What failed by itself: no hook has kept it from running, and its message is another one than those before. */
function ownFailures(tests: readonly CtrfTest[]): CtrfTest[] {
  const told = new Set<string>();
  return tests.filter(({ status, message = "", extra }) => {
    if ((status !== "failed" && status !== "other") || extra?.blocked === true) return false;
    const isNew = message === "" || !told.has(message);
    told.add(message);
    return isNew;
  });
}

function titleOf({ suite = [], name }: CtrfTest): string {
  return [...suite, name].join(" › ");
}

function data(value: string): string {
  return value.replaceAll("%", "%25").replaceAll("\r", "%0D").replaceAll("\n", "%0A");
}

function property(value: string): string {
  return data(value).replaceAll(":", "%3A").replaceAll(",", "%2C");
}

/** Text that Markdown leaves as it is. */
function text(value: string): string {
  return value
    .replaceAll(/[\\`*_{}[\]<>()#+!|&~-]/g, (character) => `&#${character.codePointAt(0)};`)
    .replaceAll(/\s+/g, " ");
}
