import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Results } from "../results.ts";
import { waysChart, workloadsChart } from "./chart.ts";
import { driverRows } from "./drivers.ts";
import { exampleRows } from "./examples.ts";
import { goalRows } from "./goals.ts";
import { shardRows } from "./shards.ts";
import { markdownTable, serviceRows, startRows, wayRows } from "./table.ts";
import { workloadRows } from "./workloads.ts";

const FOLDER = "reports/bench";

/** Writes `results.json`, the tables and the charts of what was measured. Returns the tables. */
export function writeReport(results: Results): string {
  const { workloads, requests, drivers, shards, examples, ways, services, resetMs } = results;
  const failures = Object.entries({ ...workloads, ...drivers, ...examples, ...ways, ...services }).flatMap(
    ([name, { failures: found }]) => found.map((failure) => `- ${name}: ${failure.split("\n")[0]}`),
  );
  const rounds = (measured: Readonly<Record<string, { samples: readonly unknown[] }>>): number =>
    Math.max(0, ...Object.values(measured).map(({ samples }) => samples.length));
  const has = (measured: object): boolean => Object.keys(measured).length > 0;
  const tables = [
    "# Bench",
    `Medians of ${rounds(workloads)} rounds of workloads and ${rounds(ways)} of starts, all in turn in each round; ratios are taken round by round, with their least and most.`,
    Object.entries(results.machine)
      .map(([name, value]) => `${name}: ${value}`)
      .join("; "),
    ...(has(workloads) || requests.ours.length > 0 ? [markdownTable(workloadRows(results))] : []),
    ...(has(workloads) ? ["![seconds of each workload](workloads.svg)"] : []),
    ...(has(drivers) ? ["## Drivers", markdownTable(driverRows(drivers))] : []),
    ...(has(shards)
      ? ["## 5,000 spec files on 50 machines: slowest shard to the average", markdownTable(shardRows(shards))]
      : []),
    ...(has(examples) ? ["## The examples, whole commands", markdownTable(exampleRows(examples))] : []),
    ...(has(ways) || resetMs.length > 0
      ? ["## What a start consists of", markdownTable(goalRows(results)), "![seconds of each way](ways.svg)"]
      : []),
    ...(has(ways) ? [markdownTable(wayRows(results)), markdownTable(startRows(results))] : []),
    ...(has(services) ? ["## Services that only sleep", markdownTable(serviceRows(results))] : []),
    ...(failures.length === 0 ? [] : ["## What failed", failures.join("\n")]),
  ].join("\n\n");
  mkdirSync(FOLDER, { recursive: true });
  writeFileSync(join(FOLDER, "results.json"), `${JSON.stringify(results, undefined, 2)}\n`);
  writeFileSync(join(FOLDER, "table.md"), `${tables}\n`);
  if (has(workloads)) writeFileSync(join(FOLDER, "workloads.svg"), workloadsChart(results));
  if (has(ways)) writeFileSync(join(FOLDER, "ways.svg"), waysChart(results));
  return tables;
}
