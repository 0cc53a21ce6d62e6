import type { ParseArgsOptionsConfig, parseArgs } from "node:util";
import { usageError } from "../errors.ts";
import { runOptions } from "./mocha-modules.ts";

/** What mocha can do beside one run of the files that it is given. */
const NOT_FOR_A_RUN = new Set(["list-interfaces", "list-reporters", "spec", "watch", "watch-files", "watch-ignore"]);

type Token = NonNullable<ReturnType<typeof parseArgs>["tokens"]>[number];

/** The options that are handed on to mocha: all that it has for one run, with their aliases. */
export function mochaOptions(): ParseArgsOptionsConfig {
  const { aliases, types } = runOptions();
  const options: ParseArgsOptionsConfig = {};
  for (const [type, names] of Object.entries(types))
    for (const name of names.filter((each) => !NOT_FOR_A_RUN.has(each))) {
      const option = { type: type === "boolean" ? "boolean" : "string", multiple: true } as const;
      const others = aliases[name] ?? [];
      const short = others.find((other) => other.length === 1);
      options[name] = short === undefined ? option : { ...option, short };
      for (const other of others) if (other !== short) options[other] = option;
    }
  return options;
}

/**
 * These options as mocha reads them, each in one word.
 *
 * @throws StackspecError `USAGE` for a number that is none: mocha would take it for one
 */
export function mochaWords(tokens: readonly Token[]): string[] {
  return tokens.flatMap((token) => {
    if (token.kind !== "option") return [];
    const { name, rawName, value } = token;
    // Short switches stay short: mocha knows "-b", and "--no-diff" as it was written.
    if (value === undefined) return [rawName];
    if (runOptions().types.number.includes(name) && !/^\d+$/.test(value))
      throw usageError(`--${name}`, `expected a whole number, got "${value}"`);
    return [`--${name}=${value}`];
  });
}
