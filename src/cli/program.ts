import { readFileSync } from "node:fs";
import { processEnvironment } from "../config/environment.ts";
import { withCode } from "../engine/docker/answers.ts";
import { StackspecError, isBadInput, messageOf, usageError } from "../errors.ts";
import { complain, guardOutput, say } from "../terminal.ts";
import { readWords, usageOf } from "./command.ts";
import type { Command } from "./command.ts";
import { COMMANDS } from "./commands.ts";

/** Runs the command that these words name. @returns the exit code; nothing when mocha ends the process */
async function main([name = "--help", ...words]: readonly string[]): Promise<number | void> {
  const found = COMMANDS.find((each) => each.name === name);
  if (found === undefined) return answer(name, words);
  const given = await readWords(found, words);
  if (given === undefined) return say(helpOf(found));
  try {
    return await found.run(given);
  } catch (caught) {
    return fail(caught, found);
  }
}

/** Says why it ends here, and has the command that has begun close what it has opened. */
async function fail(caught: unknown, begun?: Command): Promise<never> {
  const error = withCode(caught);
  complain(isBadInput(error) ? error.sentence : error instanceof StackspecError ? error.message : error);
  await begun?.close?.().catch((left: unknown) => complain(messageOf(left)));
  // 2 is the reader's input, as for most commands of a shell; 1 is a finding.
  process.exit(isBadInput(error) ? 2 : 1);
}

/** What is asked about the program itself. */
function answer(name: string, words: readonly string[]): void {
  const answers: Record<string, () => string> = { help, "--help": help, "-h": help, "--version": version };
  const found = Object.hasOwn(answers, name) ? answers[name] : undefined;
  const names = COMMANDS.map((each) => each.name).join(", ");
  if (found === undefined) throw usageError("stackspec", `expected one of ${names}, --help, --version, got "${name}"`);
  if (words.length > 0) throw usageError(`stackspec ${name}`, `expected nothing behind it, got "${words[0]}"`);
  say(found());
}

function help(): string {
  const selection =
    "Selection is --last-failed [report], --repeat-each N, --order random, --seed N and --fail-on-flaky.";
  const options = "Mocha options are those of mocha's own command for one run, such as --grep and --parallel.";
  return `${COMMANDS.map(helpOf).join("\n")}\n\n${selection}\n${options}\nstackspec config shows the settings; docs/settings.md says what they mean.`;
}

function helpOf(command: Command): string {
  return `${usageOf(command)}\n    ${command.summary}`;
}

function version(): string {
  return (JSON.parse(readFileSync(new URL("../../package.json", import.meta.url), "utf8")) as { version: string })
    .version;
}

// What it has learnt from the environment is masked from the first line on.
processEnvironment();
guardOutput();
try {
  const exitCode = await main(process.argv.slice(2));
  if (exitCode !== undefined) process.exitCode = exitCode;
} catch (caught) {
  await fail(caught);
}
