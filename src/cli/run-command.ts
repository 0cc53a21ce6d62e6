import { existsSync } from "node:fs";
import { readConfig } from "../config/config.ts";
import { usageError } from "../errors.ts";
import type { Command } from "./command.ts";
import { runSuite } from "./run-suite.ts";
import { TARGET_SUITE } from "./suites.ts";

export const startCommand: Command = {
  name: "start",
  usage: "[--keep] [spec files] [mocha options]",
  summary: "the acceptance specs against the stack, which stays up afterwards if told to",
  flags: ["keep"],
  words: [0, Infinity],
  mocha: true,
  async run({ flags, words, mocha }) {
    const config = readConfig();
    expectFiles("start", words);
    await runSuite({ ...config, keep: config.keep || flags.has("keep") }, { suite: TARGET_SUITE, files: words, mocha });
  },
};

export const runCommand: Command = {
  name: "run",
  usage: "<suite> [spec files] [mocha options]",
  summary: "one suite: the spec files of a folder under specs/",
  flags: [],
  words: [1, Infinity],
  mocha: true,
  async run({ words: [suite = "", ...files], mocha }) {
    if (/^\.|[/\\]/.test(suite))
      throw usageError("stackspec run", `expected the name of a folder under specs/, got "${suite}"`);
    expectFiles("run", files);
    await runSuite(readConfig(), { suite, files, mocha });
  },
};

function expectFiles(command: string, files: readonly string[]): void {
  const missing = files.find((file) => !existsSync(file));
  if (missing !== undefined) throw usageError(`stackspec ${command}`, `expected spec files, got "${missing}"`);
}
