import { mask } from "../secrets.ts";
import type { StageOutcome } from "./outcome.ts";

type Row = readonly [name: string, verdict: string, took: string, why: string];

/** The summary as a table of Markdown, for `summary.md` beside the reports and a CI system's page, with secrets masked. */
export function markdownSummary(title: string, stages: readonly StageOutcome[]): string {
  const cell = (text: string): string => mask(text).replaceAll("|", "\\|").replaceAll("\n", " ");
  const lines = rows(stages).map((row) => `| ${row.map(cell).join(" | ")} |`);
  return [`## ${title}`, "", "| stage | result | seconds | |", "|---|---|---:|---|", ...lines, ""].join("\n");
}

/** The same for a terminal. */
export function textSummary(stages: readonly StageOutcome[]): string {
  const all = rows(stages).map(([name, ...rest]): Row => [name.replaceAll("&nbsp;", " "), ...rest]);
  const width = (column: 0 | 1 | 2): number => Math.max(...all.map((row) => row[column].length));
  return all
    .map(([name, verdict, took, why]) =>
      `${name.padEnd(width(0))}  ${verdict.padEnd(width(1))}  ${took.padStart(width(2))}  ${why}`.trimEnd(),
    )
    .join("\n");
}

function rows(stages: readonly StageOutcome[]): Row[] {
  const total = stages.reduce((sum, { tookMs }) => sum + tookMs, 0);
  return [
    ...stages.flatMap(({ name, verdict, why, tookMs, tasks, notes }) => [
      [name, verdict, seconds(tookMs, verdict), [...(why === undefined ? [] : [why]), ...notes].join("; ")] as const,
      ...tasks.map(
        (task) =>
          [`&nbsp;&nbsp;${task.name}`, task.verdict, seconds(task.tookMs, task.verdict), task.why ?? ""] as const,
      ),
    ]),
    ["total", "", seconds(total), ""],
  ];
}

function seconds(ms: number, verdict?: string): string {
  return verdict === "not run" ? "" : (ms / 1000).toFixed(1);
}
