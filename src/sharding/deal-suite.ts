import { createHash } from "node:crypto";
import { globSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import type { StoredShard } from "../report/ctrf.ts";
import { dealFiles } from "./deal.ts";
import { readDurations } from "./durations.ts";

/** The part of a suite that one shard runs. */
export interface DealtSuite {
  /** What its results say of it: the files that it runs are in it. */
  readonly stored: StoredShard;
  /** "Shard 2 of 5 (--shard): 12 of 60 spec files, dealt by the durations of 58 of them in .timings" */
  readonly line: string;
  /** How long each shard is expected to take, with what it had to do before, in milliseconds. */
  readonly loads: readonly number[];
}

/** Which part of a suite is asked for. */
export interface ShardRequest extends Pick<StoredShard, "number" | "total"> {
  /** What says so. */
  readonly source: string;
  /** How long each shard is expected to take for other suites, in milliseconds. */
  readonly before: readonly number[];
}

/** A shard of which nothing is known yet but its number. */
export function undealt({ number, total }: Pick<StoredShard, "number" | "total">): StoredShard {
  return { number, total, files: [], own: [], specs: "", durations: "" };
}

/**
 * Deals the spec files of a suite out to its shards.
 *
 * @param files relative to the working directory
 * @param timings a folder of earlier reports, or one such file; one that is not there, as before the first run, has none
 */
export function dealSuite(
  files: readonly string[],
  { number, total, source, before }: ShardRequest,
  timings: string | undefined,
): DealtSuite {
  const times = timings === undefined ? new Map<string, number>() : readDurations(files, reportsIn(timings));
  const shards = dealFiles(files, times, total, before);
  const own = shards[number - 1]!.files;
  const names = files.toSorted();
  const specs = digest(names.flatMap((file) => [file, readFileSync(file, "utf8")]));
  const durations = digest([...before.map(String), ...names.map((file) => `${file} ${times.get(file) ?? "unknown"}`)]);
  const by =
    times.size > 0
      ? `by the durations of ${times.size} of them in ${timings}`
      : `by their number, since ${timings === undefined ? "the setting timings names no earlier reports" : `no report in ${timings} names one of them`}`;
  return {
    stored: { number, total, files: names, own, specs, durations },
    loads: shards.map(({ ms }) => ms),
    line: `Shard ${number} of ${total} (${source}): ${own.length} of ${files.length} spec files, dealt ${by}`,
  };
}

/** The texts of all reports, in the order of their names. */
function reportsIn(timings: string): string[] {
  const stat = statSync(timings, { throwIfNoEntry: false });
  if (stat === undefined) return [];
  const paths = stat.isDirectory()
    ? globSync("**/*.xml", { cwd: timings })
        .toSorted()
        .map((path) => join(timings, path))
    : [timings];
  return paths.map((path) => readFileSync(path, "utf8"));
}

function digest(parts: readonly string[]): string {
  const hash = createHash("sha256");
  for (const part of parts) hash.update(`${Buffer.byteLength(part)}:`).update(part);
  return hash.digest("hex").slice(0, 16);
}
