import { join } from "node:path";
import type { Config } from "../config/config.ts";
import { readShard, shardWord } from "../config/shard.ts";
import type { ShardSetting } from "../config/shard.ts";
import { dealSuite } from "../sharding/deal-suite.ts";
import { SHARD } from "./command.ts";
import { specFiles } from "./suites.ts";

/**
 * Which shard of its suites a run is. A shard has a folder for its reports and logs, `reports/shard-2-of-5/`: those of all shards
 * can lie side by side, on one machine and where their artefacts are put together.
 *
 * @param word what stands behind `--shard`
 * @param files spec files that the command names: then the CI system's variables do not count, for they are dealt out already
 * @throws StackspecError `USAGE`
 */
export function chooseShard(
  config: Config,
  word: string | undefined,
  files: readonly string[] = [],
): { config: Config; shard: ShardSetting | undefined } {
  const shard = readShard(word, files.length === 0);
  if (shard === undefined) return { config, shard };
  const reports = join(config.folders.reports, `shard-${shard.number}-of-${shard.total}`);
  const isUsual = config.reportPath === `${config.folders.reports}/`;
  const reportPath = isUsual ? `${reports}/` : config.reportPath;
  return { config: { ...config, folders: { ...config.folders, reports }, reportPath }, shard };
}

/**
 * Deals the suites of `stackspec test` one after the other: a shard that has more to do in one has less in the next. What it
 * returns gives each suite the words that tell it which shard it is.
 */
export function dealSuites(
  config: Config,
  shard: ShardSetting | undefined,
): (suite: string) => Promise<readonly string[]> {
  let before: readonly number[] = Array.from({ length: shard?.total ?? 0 }, () => 0);
  return async (suite) => {
    if (shard === undefined) return [];
    const word = shardWord(shard, before);
    before = dealSuite(await specFiles(config, suite, true), { ...shard, before }, config.timings).loads;
    return [`--${SHARD}=${word}`];
  };
}
