import { usageError } from "../errors.ts";
import { givenIn } from "./check.ts";
import { processEnvironment } from "./environment.ts";

/** One of several runs that share the spec files of a suite. */
export interface Shard {
  /** From 1. */
  readonly number: number;
  readonly total: number;
}

/** A shard, and what says so. */
export interface ShardSetting extends Shard {
  readonly source: string;
  /** What each shard has to do before, in milliseconds: what `stackspec test` tells its suites. Empty: nothing. */
  readonly before: readonly number[];
}

/** Stands before what shards have to do for other suites. It is no word for people. */
const BEFORE = " after ";
/** What sets it by itself, whatever a CI system says. */
const OWN = "STACKSPEC_SHARD";
/** How CI systems number the jobs that they run at the same time: the first number is 1 with some, 0 with others. */
const SYSTEMS = [
  { index: "CI_NODE_INDEX", total: "CI_NODE_TOTAL", first: 1 },
  { index: "CIRCLE_NODE_INDEX", total: "CIRCLE_NODE_TOTAL", first: 0 },
  { index: "BUILDKITE_PARALLEL_JOB", total: "BUILDKITE_PARALLEL_JOB_COUNT", first: 0 },
] as const;

/**
 * Which shard this run is: as the command says, else `STACKSPEC_SHARD`, else the variables of GitLab, CircleCI and Buildkite.
 * `off` in one of the first two makes it a whole run.
 *
 * @param word what stands behind `--shard`
 * @param fromSystem whether the variables of a CI system count @default true
 * @returns undefined for a whole run
 * @throws StackspecError `USAGE` naming the option or variable, what was expected and what was found
 */
export function readShard(
  word: string | undefined,
  fromSystem = true,
  environment: NodeJS.ProcessEnv = processEnvironment(),
): ShardSetting | undefined {
  if (word !== undefined) return parse(word, "--shard");
  const given = givenIn(environment);
  const own = given[OWN];
  if (own !== undefined) return parse(own, OWN);
  const found = SYSTEMS.find(({ total }) => given[total] !== undefined && given[total] !== "1");
  if (found === undefined || !fromSystem) return undefined;
  const total = whole(given[found.total], found.total, 1, Infinity);
  const index = whole(given[found.index], found.index, found.first, total - 1 + found.first);
  return { number: index - found.first + 1, total, source: `${found.index} and ${found.total}`, before: [] };
}

function parse(text: string, source: string): ShardSetting | undefined {
  if (text === "off") return undefined;
  const [shard, before = ""] = text.split(BEFORE) as [string, string?];
  const [, number, total] = (/^(\d{1,6})\/(\d{1,6})$/.exec(shard) ?? []).map(Number);
  if (number === undefined || total === undefined || number < 1 || number > total)
    throw usageError(source, `expected a shard and how many there are, such as 2/5, or off, got "${text}"`);
  return { number, total, source, before: before.split(" ").filter(Boolean).map(Number) };
}

/** A shard as the word behind `--shard`, for a suite that comes after others. */
export function shardWord({ number, total }: Shard, before: readonly number[]): string {
  return `${number}/${total}${BEFORE}${before.join(" ")}`;
}

function whole(text: string | undefined, source: string, least: number, most: number): number {
  const value = /^\d{1,6}$/.test(text ?? "") ? Number(text) : Number.NaN;
  if (value >= least && value <= most) return value;
  const range = most === Infinity ? `from ${least}` : `from ${least} to ${most}`;
  throw usageError(source, `expected a whole number ${range}, got ${text === undefined ? "none" : `"${text}"`}`);
}
