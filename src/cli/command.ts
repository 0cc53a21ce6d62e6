import { parseArgs } from "node:util";
import type { ParseArgsOptionsConfig } from "node:util";
import { messageOf, usageError } from "../errors.ts";

/** A switch of several commands: that nothing ran is well. */
export const NO_SPECS = "pass-with-no-specs";
/** A switch of those that run one suite. */
export const KEEP_FAILED = "keep-on-failure";
/** A switch of `up`: in the state that such a run has written. */
export const AS_FAILED = "as-failed";
/** Their option for one of several runs that share the spec files. */
export const SHARD = "shard";

/** Switches and options of commands that run specs: which of them, how often, in which order, and what of those that waver. */
export const SELECTION = {
  flags: ["fail-on-flaky"],
  values: ["order", "seed", "repeat-each", "last-failed"],
} as const;
/** The one that may have a value. */
const OPTIONAL = "--last-failed";

/** One command of `stackspec`: what may follow its name, and what it does. */
export interface Command {
  readonly name: string;
  /** What follows the name, as the help shows it. */
  readonly usage: string;
  readonly summary: string;
  /** Its switches, without their dashes. */
  readonly flags: readonly string[];
  /** Those of them that have a short name, which is that letter. */
  readonly shorts?: Readonly<Record<string, string>>;
  /** Its options that have a value, likewise. Of `last-failed` it may be left out, and is then empty. */
  readonly values?: readonly string[];
  /** How many words that are no options it needs, and how many it takes. */
  readonly words: readonly [least: number, most: number];
  /** All that follows its first word is another program's. */
  readonly handsOn?: boolean;
  /** Whether it hands options on to mocha. */
  readonly mocha: boolean;
  /** Resolves with the exit code, or with nothing when mocha ends the process. */
  run(given: Given): Promise<number | void>;
  /** Releases what it has started, when it has failed. */
  close?(): Promise<void>;
}

/** What followed the command's name. */
export interface Given {
  readonly flags: ReadonlySet<string>;
  readonly values: ReadonlyMap<string, string>;
  readonly words: readonly string[];
  /** Options for mocha, each one word. */
  readonly mocha: readonly string[];
}

/**
 * Reads what followed the name of a command.
 *
 * @returns undefined when its help was asked for
 * @throws StackspecError `USAGE` for what it does not know, for too few words and for too many
 */
export async function readWords(command: Command, args: readonly string[]): Promise<Given | undefined> {
  const switches: ParseArgsOptionsConfig = { help: { type: "boolean", short: "h" } };
  for (const flag of command.flags)
    switches[flag] = { type: "boolean", ...(command.shorts?.[flag] && { short: command.shorts[flag] }) };
  for (const name of command.values ?? []) switches[name] = { type: "string" };
  const refuse = (what: string, cause?: unknown): never => {
    throw usageError(`stackspec ${command.name}`, `expected ${command.usage || "nothing behind it"}${what}`, cause);
  };
  const ofMocha = command.mocha ? await import("./mocha-options.ts") : undefined;
  const own = command.handsOn === true ? args.slice(0, firstWord(args, command.values ?? []) + 1) : args;
  try {
    const {
      values,
      positionals: read,
      tokens,
    } = parseArgs({
      args: withEmptyValues(own),
      options: { ...ofMocha?.mochaOptions(), ...switches },
      allowPositionals: true,
      allowNegative: command.mocha,
      tokens: true,
    });
    if (values["help"] === true) return undefined;
    const positionals = [...read, ...args.slice(own.length)];
    const [least, most] = command.words;
    if (positionals.length < least)
      refuse(positionals.length === 0 ? ", got nothing" : `, got "${positionals.join(" ")}" alone`);
    if (positionals.length > most) refuse(`, got "${positionals[most]}"`);
    const handedOn = tokens.filter((token) => token.kind === "option" && !Object.hasOwn(switches, token.name));
    return {
      flags: new Set(command.flags.filter((flag) => values[flag] === true)),
      values: new Map(
        (command.values ?? []).flatMap((name) => (typeof values[name] === "string" ? [[name, values[name]]] : [])),
      ),
      words: positionals,
      mocha: ofMocha?.mochaWords(handedOn) ?? [],
    };
  } catch (error) {
    if (!String((error as NodeJS.ErrnoException).code).startsWith("ERR_PARSE_ARGS")) throw error;
    // Node's first sentence says what is wrong; the rest is about Node's own ways around it.
    return refuse(`: ${messageOf(error).split(/\.\s|\n/)[0]}`, error);
  }
}

/** An option that may have a value, and has one where a report follows it. */
function withEmptyValues(args: readonly string[]): string[] {
  return args.flatMap((word, index) => {
    const isReport = (at: number): boolean => args[at - 1] === OPTIONAL && /\.(xml|json)$/.test(args[at] ?? "");
    if (word === OPTIONAL) return [`${word}=${isReport(index + 1) ? args[index + 1] : ""}`];
    return isReport(index) ? [] : [word];
  });
}

/** Where the first word is that is neither an option nor the value of one. */
function firstWord(args: readonly string[], values: readonly string[]): number {
  const at = args.findIndex(
    (word, index) => !word.startsWith("-") && !values.some((name) => args[index - 1] === `--${name}`),
  );
  return at < 0 ? args.length : at;
}

/** "stackspec clean [--snapshots] [--caches]" */
export function usageOf({ name, usage }: Pick<Command, "name" | "usage">): string {
  return ["stackspec", name, usage].filter((part) => part !== "").join(" ");
}
