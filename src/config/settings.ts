import * as v from "valibot";
import { usageError } from "../errors.ts";
import { givenIn, oneOf, refusal } from "./check.ts";
import type { ProjectConfig } from "./project-config.ts";

/** What a setting may be: as a config file has it, and in the text of a variable. */
interface Kind<T> {
  readonly value: v.GenericSchema<unknown, T>;
  readonly text: v.GenericSchema<unknown, T>;
}

interface Setting<T> {
  readonly kind: Kind<T>;
  readonly default: T;
  /** The environment variable that goes before the file. */
  readonly variable?: string;
}

/** Settings that may have no value. */
type Without = "defaultStack" | "fallbackStack" | "debianMirror" | "timings" | "publishAddress" | "faultImage";
/** The settings of a project, each with a value. */
export type ProjectSettings = {
  readonly [Name in keyof ProjectConfig]-?: Required<ProjectConfig>[Name] | (Name extends Without ? undefined : never);
};

/** A setting's value, and who said so. */
export interface Sourced {
  readonly name: string;
  readonly value: unknown;
  /** The file's name, the variable's, or `default`. */
  readonly source: string;
}

/** A config file that has been loaded. */
export interface ConfigFile {
  readonly path: string;
  readonly exported: unknown;
}

type Schema<T> = v.GenericSchema<unknown, T>;
const some = v.pipe(v.string("a text"), v.nonEmpty("a text that is not empty"));
const address = v.pipe(
  v.string("an address"),
  v.check((text) => URL.canParse(text), "an address"),
);
const ip = v.pipe(v.string("an IP address"), v.ip("an IP address"));
const list = v.array(some, "a list of texts");
const switched = v.boolean("true or false");

/** The same in the file and in a variable. */
const same = <T>(value: Schema<T>): Kind<T> => ({ value, text: value });

/** One of these words. */
const word = <const Words extends readonly string[]>(...words: Words): Kind<Words[number]> => same(oneOf(...words));

/** True or false; in a variable, these words for them. */
function flag(words: Readonly<Record<string, boolean>>): Kind<boolean> {
  const text = v.pipe(
    oneOf(...Object.keys(words)),
    v.transform((given) => words[given]!),
  );
  return { value: switched, text: text };
}

const onOff = flag({ "0": false, "1": true, true: true, false: false });

/** A whole number. */
function whole(expected = "a whole number", least = 0, most = Number.MAX_SAFE_INTEGER, unit = ""): Kind<number> {
  const value = v.pipe(
    v.number(expected),
    v.check((given) => Number.isInteger(given) && given >= 0, expected),
    v.minValue(least, `at least ${least}${unit}`),
    v.maxValue(most, `at most ${most}${unit}`),
  );
  return { value, text: v.pipe(v.string(), v.regex(/^\d+$/, expected), v.transform(Number), value) };
}

const suite = v.strictObject(
  { needs: v.optional(oneOf("nothing", "engine", "target")), test: v.optional(switched), stacks: v.optional(list) },
  'a suite such as { needs: "engine" }',
);
const suites = v.record(v.string(), suite, "suites by name") as Schema<ProjectSettings["suites"]>;

/** Each setting of a project: the one table of what it may be and what it is when nobody says. */
const SETTINGS: { readonly [Name in keyof ProjectSettings]: Setting<ProjectSettings[Name]> } = {
  specs: { kind: same(some), default: "specs" },
  stacks: { kind: same(some), default: "specs/stacks" },
  pipelines: { kind: same(some), default: "specs/pipelines" },
  reports: { kind: same(some), default: "reports" },
  timings: { kind: same(some), default: undefined, variable: "STACKSPEC_TIMINGS" },
  suites: { kind: same(suites), default: {} },
  defaultStack: { kind: same(some), default: undefined },
  fallbackStack: { kind: same(some), default: undefined },
  engine: { kind: word("auto", "none", "install"), default: "auto", variable: "STACKSPEC_ENGINE" },
  publishAddress: { kind: same(ip), default: undefined, variable: "STACKSPEC_PUBLISH_ADDRESS" },
  images: { kind: word("auto", "registry", "debian"), default: "registry", variable: "STACKSPEC_IMAGES" },
  debianMirror: { kind: same(address), default: undefined, variable: "STACKSPEC_DEBIAN_MIRROR" },
  startTimeoutMs: {
    // What Node's timers can wait for: a longer time would be over at once.
    kind: whole("a whole number of milliseconds", 1, 2_147_483_647, " ms"),
    default: 120_000,
    variable: "STACKSPEC_START_TIMEOUT_MS",
  },
  memoryWaitMs: {
    kind: whole("a whole number of milliseconds"),
    default: 600_000,
    variable: "STACKSPEC_MEMORY_WAIT_MS",
  },
  snapshots: { kind: flag({ on: true, off: false }), default: true, variable: "STACKSPEC_SNAPSHOTS" },
  snapshotsKept: { kind: whole(), default: 10, variable: "STACKSPEC_SNAPSHOTS_KEPT" },
  snapshotsDays: { kind: whole(), default: 14, variable: "STACKSPEC_SNAPSHOTS_DAYS" },
  snapshotOnFailure: {
    kind: flag({ "0": false, "1": true, true: true, false: false }),
    default: false,
    variable: "STACKSPEC_SNAPSHOT_ON_FAILURE",
  },
  reportStack: { kind: onOff, default: false, variable: "JUNIT_REPORT_STACK" },
  reaperImage: { kind: same(some), default: "node:24-slim", variable: "STACKSPEC_REAPER_IMAGE" },
  order: { kind: word("declared", "random"), default: "declared", variable: "STACKSPEC_ORDER" },
  failOnFlaky: { kind: onOff, default: false, variable: "STACKSPEC_FAIL_ON_FLAKY" },
  faultImage: { kind: same(some), default: undefined, variable: "STACKSPEC_FAULT_IMAGE" },
  secrets: { kind: same(list), default: [] },
};
const NAMES = Object.keys(SETTINGS) as (keyof ProjectSettings)[];

/**
 * Reads the settings of a project: the environment goes before the file, the file before the default.
 *
 * @returns each with its value and where that comes from
 * @throws StackspecError `USAGE` naming the variable, or the file and the key in it, what was expected and what was found
 */
export function readProject(environment: NodeJS.ProcessEnv, file: ConfigFile | undefined): readonly Sourced[] {
  const given = givenIn(environment);
  const said = file === undefined ? {} : keysOf(file);
  return NAMES.map((name) => {
    const { kind, default: value, variable } = SETTINGS[name] as Setting<unknown>;
    const text = variable === undefined ? undefined : given[variable];
    if (variable !== undefined && text !== undefined)
      return { name, value: parse(kind.text, text, variable, text), source: variable };
    if (file === undefined || said[name] === undefined) return { name, value, source: "default" };
    return { name, value: parse(kind.value, said[name], `${file.path}: ${name}`), source: file.path };
  });
}

/** What the file exports, as long as it is settings by names that are known. */
function keysOf({ path, exported }: ConfigFile): Readonly<Record<string, unknown>> {
  if (typeof exported !== "object" || exported === null)
    throw usageError(path, "expected a default export made by defineConfig");
  const unknown = Object.keys(exported).find((name) => !Object.hasOwn(SETTINGS, name));
  if (unknown !== undefined) throw usageError(path, `expected one of ${NAMES.join(", ")}, got "${unknown}"`);
  return exported as Record<string, unknown>;
}

/** @param shown what a refusal shows, if not the part that is not as expected */
function parse(schema: Schema<unknown>, value: unknown, subject: string, shown?: string): unknown {
  const { success, output, issues } = v.safeParse(schema, value);
  if (success) return output;
  throw refusal(subject, shown === undefined ? issues[0] : { ...issues[0], input: shown });
}
