import { existsSync } from "node:fs";
import { readConfig } from "../config/config.ts";
import { usageError } from "../errors.ts";
import { KEEP_FAILED, NO_SPECS, SHARD } from "./command.ts";
import type { Given } from "./command.ts";
import { runSuite } from "./run-suite.ts";
import { withSelection } from "./selection-words.ts";
import { chooseShard } from "./shard-runs.ts";
import { targetSuite } from "./suites.ts";

/** `stackspec start`. */
export async function startTarget(given: Given): Promise<void> {
  const { flags, values, words, mocha } = given;
  const { config, shard } = chooseShard(withSelection(readConfig(), given), values.get(SHARD), words);
  const passWithNoSpecs = flags.has(NO_SPECS);
  if (!passWithNoSpecs) expectFiles("start", words);
  const keep = config.keep || flags.has("keep");
  const onFailure = { ...config.onFailure, keeps: flags.has(KEEP_FAILED) };
  await runSuite(
    { ...config, keep, onFailure },
    { suite: targetSuite(config), files: words, mocha, passWithNoSpecs, shard },
  );
}

/** `stackspec run`. */
export async function runOne(given: Given): Promise<void> {
  const { flags, values, mocha } = given;
  const [suite = "", ...files] = given.words;
  if (/^$|^\.|[/\\]/.test(suite))
    throw usageError("stackspec run", `expected the name of a folder under specs/, got "${suite}"`);
  const { config, shard } = chooseShard(withSelection(readConfig(), given), values.get(SHARD), files);
  const passWithNoSpecs = flags.has(NO_SPECS);
  if (!passWithNoSpecs) expectFiles("run", files);
  const onFailure = { ...config.onFailure, keeps: flags.has(KEEP_FAILED) };
  await runSuite({ ...config, onFailure }, { suite, files, mocha, passWithNoSpecs, shard });
}

function expectFiles(command: string, files: readonly string[]): void {
  const missing = files.find((file) => !existsSync(file));
  if (missing !== undefined) throw usageError(`stackspec ${command}`, `expected spec files, got "${missing}"`);
}
