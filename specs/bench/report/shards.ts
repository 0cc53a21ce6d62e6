import type { ShardFigures } from "../shards.ts";
import { figureOf } from "../statistics.ts";
import { number } from "./table.ts";

/** By how much the slowest shard may exceed the average. */
const GOAL = 1.1;

/** How the slowest of 50 shards ended, by how their 5,000 files were dealt. */
export function shardRows(shards: Readonly<Record<string, ShardFigures>>): string[][] {
  const rows = Object.entries(shards).map(([kind, { same, before, number: byNumber, longer }]) => [
    kind,
    ...[same, before, byNumber].map(range),
    `${longer} of ${same.length}`,
    Math.max(...same) <= GOAL ? "yes" : "**no**",
  ]);
  const head = ["durations of files", "by these durations", "by those of the run before", "by number"];
  return [[...head, "one file longer than a shard", `slowest ≤ ${GOAL}`], ...rows];
}

function range(values: readonly number[]): string {
  const figure = figureOf(values);
  return figure === undefined
    ? ""
    : [figure.least, figure.median, figure.most].map((each) => number(each, 3)).join(" – ");
}
