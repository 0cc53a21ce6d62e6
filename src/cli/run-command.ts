import { existsSync } from "node:fs";
import { readConfig } from "../config/config.ts";
import { usageError } from "../errors.ts";
import type { Command } from "./command.ts";
import { runSuite } from "./run-suite.ts";
import { targetSuite } from "./suites.ts";

/** That nothing ran is well. */
export const NO_SPECS = "pass-with-no-specs";

export const startCommand: Command = {
  name: "start",
  usage: "[--keep] [--pass-with-no-specs] [spec files] [mocha options]",
  summary: "the suite that needs a target, against the stack, which stays up afterwards if told to",
  flags: ["keep", NO_SPECS],
  words: [0, Infinity],
  mocha: true,
  async run({ flags, words, mocha }) {
    const config = readConfig();
    const passWithNoSpecs = flags.has(NO_SPECS);
    if (!passWithNoSpecs) expectFiles("start", words);
    const keep = config.keep || flags.has("keep");
    await runSuite({ ...config, keep }, { suite: targetSuite(config), files: words, mocha, passWithNoSpecs });
  },
};

export const runCommand: Command = {
  name: "run",
  usage: "<suite> [--pass-with-no-specs] [spec files] [mocha options]",
  summary: "one suite: the spec files of its folder under specs/",
  flags: [NO_SPECS],
  words: [1, Infinity],
  mocha: true,
  async run({ flags, words: [suite = "", ...files], mocha }) {
    if (/^\.|[/\\]/.test(suite))
      throw usageError("stackspec run", `expected the name of a folder under specs/, got "${suite}"`);
    const passWithNoSpecs = flags.has(NO_SPECS);
    if (!passWithNoSpecs) expectFiles("run", files);
    await runSuite(readConfig(), { suite, files, mocha, passWithNoSpecs });
  },
};

function expectFiles(command: string, files: readonly string[]): void {
  const missing = files.find((file) => !existsSync(file));
  if (missing !== undefined) throw usageError(`stackspec ${command}`, `expected spec files, got "${missing}"`);
}
