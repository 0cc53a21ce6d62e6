import { join } from "node:path";
import type { Config } from "../config/config.ts";
import { readShard } from "../config/shard.ts";
import type { ShardSetting } from "../config/shard.ts";

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
