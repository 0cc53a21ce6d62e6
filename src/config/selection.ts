import * as v from "valibot";
import { oneOf, refusal } from "./check.ts";

/** A seed that nobody has chosen is below this: short enough to be typed. */
const SEEDS = 100_000;

/** A number of times, in the text of a variable or an option. */
const times = v.pipe(
  v.string(),
  v.regex(/^[1-9]\d*$/, "a whole number from 1"),
  v.transform(Number),
  v.maxValue(10_000, "at most 10000"),
);
/** The seed of a random order. */
const seed = v.pipe(
  v.string(),
  v.regex(/^\d+$/, "a whole number"),
  v.transform(Number),
  v.safeInteger("a smaller number"),
);
const order = oneOf("declared", "random");

/** Which specs of a suite run, how often, in which order, and what is made of those that waver. */
export interface Selection {
  readonly order: "declared" | "random";
  /** What the random order comes from. Undefined when there is none. */
  readonly seed: number | undefined;
  readonly repeatEach: number;
  /** The report whose failed specs alone are run: a path; "" is the suite's own. Undefined: all specs are. */
  readonly lastFailed: string | undefined;
  /** Specs that pass only when they are tried again fail the run. */
  readonly failOnFlaky: boolean;
}

/** Not for users. */
const FOR_WORKERS = "STACKSPEC_SELECTION";
/** What JSON leaves out. */
const NOTHING = { seed: undefined, lastFailed: undefined };

/** What a command has for it: options without their dashes. */
const OPTIONS = { order, seed, "repeat-each": times, times, runs: times } as const;

/**
 * The value of such an option; undefined when it is not there.
 *
 * @throws StackspecError `USAGE` naming the option, what was expected and what was found
 */
export function readOption<Name extends keyof typeof OPTIONS>(
  name: Name,
  text: string | undefined,
): v.InferOutput<(typeof OPTIONS)[Name]> | undefined {
  if (text === undefined) return undefined;
  const { success, output, issues } = v.safeParse<(typeof OPTIONS)[Name]>(OPTIONS[name], text);
  if (success) return output;
  throw refusal(`--${name}`, { ...issues[0], input: text });
}

/** What one run is told of it by the environment. */
export const SELECTION_VARIABLES = {
  STACKSPEC_SEED: v.optional(seed),
  STACKSPEC_REPEAT_EACH: v.optional(times, "1"),
  STACKSPEC_LAST_FAILED: v.optional(v.string()),
};

const Variables = v.object(SELECTION_VARIABLES);

/** The selection by the environment and by the project's settings. */
export function readSelection(
  { STACKSPEC_SEED, STACKSPEC_REPEAT_EACH, STACKSPEC_LAST_FAILED }: v.InferOutput<typeof Variables>,
  { order: ofProject, failOnFlaky }: Pick<Selection, "order" | "failOnFlaky">,
): Selection {
  const isOwn = STACKSPEC_LAST_FAILED !== undefined && /^(1|true)$/.test(STACKSPEC_LAST_FAILED);
  return withSeed({
    order: ofProject,
    failOnFlaky,
    seed: STACKSPEC_SEED,
    repeatEach: STACKSPEC_REPEAT_EACH,
    lastFailed: isOwn ? "" : STACKSPEC_LAST_FAILED,
  });
}

/** A random order has a seed, also when nobody has chosen one; and who chooses one wants that order. */
export function withSeed(selection: Selection): Selection {
  if (selection.seed !== undefined) return { ...selection, order: "random" };
  return selection.order === "random" ? { ...selection, seed: Math.floor(Math.random() * SEEDS) } : selection;
}

/** Tells mocha's parallel workers, whom only the environment reaches. */
export function tellWorkersSelection(selection: Selection): void {
  process.env[FOR_WORKERS] = JSON.stringify(selection);
}

/** What a parallel worker was told, once: the runs that its specs may start have selections of their own. Undefined elsewhere. */
export function takeWorkersSelection(): Selection | undefined {
  const told = process.env[FOR_WORKERS];
  delete process.env[FOR_WORKERS];
  return told === undefined ? undefined : { ...NOTHING, ...(JSON.parse(told) as Selection) };
}
