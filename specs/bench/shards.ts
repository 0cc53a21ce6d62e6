import { globSync, readFileSync } from "node:fs";
import { dealFiles } from "../../src/sharding/deal.ts";
import { readDurations } from "../../src/sharding/durations.ts";

const FILES = 5_000;
const SHARDS = 50;
const ROUNDS = 50;
/** Below so many durations of this repository's own files they are no distribution. */
const ENOUGH = 30;
/** How much longer or shorter a file takes than the last time: the standard deviation of its logarithm. */
const WAVERS = 0.2;
/** Which part of the files is new. */
const NEW = 0.02;

/** How the slowest shard ended, in each round: as a multiple of all shards on average, or of the longest file where that is longer. */
export interface ShardFigures {
  /** By the durations that the files then take. */
  readonly same: readonly number[];
  /** By those of a run before, from which each file differs, without those of new files. */
  readonly before: readonly number[];
  /** By nothing but their number. */
  readonly number: readonly number[];
  /** In how many rounds one file took longer than the shards on average. */
  readonly longer: number;
}

type Random = () => number;

/** Numbers from 0 to 1, the same each time: https://en.wikipedia.org/wiki/Lehmer_random_number_generator */
function lehmer(seed: number): Random {
  let state = seed;
  return () => (state = (state * 48_271) % 2_147_483_647) / 2_147_483_647;
}

/** Box and Muller's. */
function normal(random: Random): number {
  return Math.sqrt(-2 * Math.log(random())) * Math.cos(2 * Math.PI * random());
}

/** Deals 5,000 files out to 50 machines, as `--shard` does, with durations of several distributions. */
export function simulateShards(): Readonly<Record<string, ShardFigures>> {
  const own = ownDurations();
  const kinds: Readonly<Record<string, (random: Random) => number>> = {
    "log-normal, σ 1": (random) => 1_000 * Math.exp(normal(random)),
    "log-normal, σ 2": (random) => 1_000 * Math.exp(2 * normal(random)),
    "Pareto, α 1.5": (random) => 1_000 / random() ** (1 / 1.5),
    ...(own.length < ENOUGH
      ? {}
      : { [`this repository's ${own.length} files`]: (random: Random) => own[Math.floor(random() * own.length)]! }),
  };
  return Object.fromEntries(Object.entries(kinds).map(([kind, draw]) => [kind, simulate(draw)]));
}

function simulate(draw: (random: Random) => number): ShardFigures {
  const rounds = Array.from({ length: ROUNDS }, (_, index) => {
    const random = lehmer(index + 1);
    // The first numbers of near seeds are near each other.
    for (let skipped = 0; skipped < 10; skipped += 1) random();
    const before = new Map(Array.from({ length: FILES }, (__, file) => [`specs/${file}.spec.ts`, draw(random)]));
    const now = new Map([...before].map(([file, ms]) => [file, ms * Math.exp(WAVERS * normal(random))]));
    const known = new Map([...before].filter(() => random() >= NEW));
    return {
      same: slowest(now, now),
      before: slowest(now, known),
      number: slowest(now, new Map()),
      isLonger: Math.max(...now.values()) > sum([...now.values()]) / SHARDS,
    };
  });
  return {
    same: rounds.map(({ same }) => same),
    before: rounds.map(({ before }) => before),
    number: rounds.map(({ number }) => number),
    longer: rounds.filter(({ isLonger }) => isLonger).length,
  };
}

/** @param times what the files take @param known what they are dealt by */
function slowest(times: ReadonlyMap<string, number>, known: ReadonlyMap<string, number>): number {
  const loads = dealFiles([...times.keys()], known, SHARDS).map(({ files }) =>
    sum(files.map((file) => times.get(file)!)),
  );
  return Math.max(...loads) / Math.max(sum(loads) / SHARDS, ...times.values());
}

/** What the reports that lie here say of this repository's own spec files. */
function ownDurations(): number[] {
  const reports = globSync("reports/*.xml").map((path) => readFileSync(path, "utf8"));
  return [...readDurations(globSync("specs/*/**/*.spec.ts"), reports).values()];
}

function sum(values: readonly number[]): number {
  return values.reduce((all, each) => all + each, 0);
}
