import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Results } from "../results.ts";
import { chart } from "./chart.ts";
import { goalRows } from "./goals.ts";
import { markdownTable, serviceRows, startRows, wayRows } from "./table.ts";

const FOLDER = "reports/bench";

/** Writes `results.json`, the tables and the chart. Returns the tables. */
export function writeReport(results: Results): string {
  const failures = Object.entries({ ...results.ways, ...results.services }).flatMap(([name, { failures: found }]) =>
    found.map((failure) => `- ${name}: ${failure.split("\n")[0]}`),
  );
  const rounds = Math.max(0, ...Object.values(results.ways).map(({ samples }) => samples.length));
  const tables = [
    "# Bench",
    `Medians of ${rounds} rounds after a warm-up, all ways in turn in each round; ratios are taken round by round, with their least and most.`,
    Object.entries(results.machine)
      .map(([name, value]) => `${name}: ${value}`)
      .join("; "),
    "## Goals",
    markdownTable(goalRows(results)),
    "## The whole stack",
    "![seconds of each way](chart.svg)",
    markdownTable(wayRows(results)),
    markdownTable(startRows(results)),
    "## Services that only sleep",
    markdownTable(serviceRows(results)),
    ...(failures.length === 0 ? [] : ["## What failed", failures.join("\n")]),
  ].join("\n\n");
  mkdirSync(FOLDER, { recursive: true });
  writeFileSync(join(FOLDER, "results.json"), `${JSON.stringify(results, undefined, 2)}\n`);
  writeFileSync(join(FOLDER, "table.md"), `${tables}\n`);
  writeFileSync(join(FOLDER, "chart.svg"), chart(results));
  return tables;
}
