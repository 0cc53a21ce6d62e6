import * as v from "valibot";
import { check, flag, oneOf } from "./check.ts";
import { processEnvironment } from "./environment.ts";

const timeoutMs = (fallback: string) =>
  v.optional(
    v.pipe(
      v.string(),
      v.regex(/^\d+$/, "a whole number of milliseconds"),
      v.transform(Number),
      v.minValue(1, "at least 1 ms"),
      // What Node's timers can wait for: a larger one would be over at once.
      v.maxValue(2_147_483_647, "at most 2147483647 ms"),
    ),
    fallback,
  );

const count = (fallback: string) =>
  v.optional(v.pipe(v.string(), v.regex(/^\d+$/, "a whole number"), v.transform(Number)), fallback);

const Run = v.object({
  id: v.string(),
  stack: v.optional(v.object({ name: v.string(), id: v.string(), workers: v.number(), key: v.optional(v.string()) })),
});

const Settings = v.object({
  STACK: v.optional(v.string()),
  URL: v.optional(v.pipe(v.string(), v.check(isHttpUrl, "an http or https address such as https://host/todos"))),
  CI: v.optional(
    v.pipe(
      v.string(),
      v.transform((text) => !["", "0", "false"].includes(text)),
    ),
    "",
  ),
  STACKSPEC_ENGINE: v.optional(oneOf("auto", "none"), "auto"),
  STACKSPEC_IMAGES: v.optional(oneOf("auto", "registry", "debian"), "auto"),
  STACKSPEC_START_TIMEOUT_MS: timeoutMs("120000"),
  STACKSPEC_DEBIAN_MIRROR: v.optional(
    v.pipe(
      v.string(),
      v.check((text) => URL.canParse(text), "an address"),
    ),
  ),
  STACKSPEC_PROFILES: v.optional(
    v.pipe(
      v.string(),
      v.transform((text) => text.split(/[\s,]+/).filter((profile) => profile !== "")),
    ),
    "",
  ),
  STACKSPEC_KEEP: flag,
  STACKSPEC_SNAPSHOTS: v.optional(oneOf("on", "off"), "on"),
  STACKSPEC_SNAPSHOTS_KEPT: count("10"),
  STACKSPEC_SNAPSHOTS_DAYS: count("14"),
  JUNIT_REPORT_PATH: v.optional(v.string()),
  JUNIT_REPORT_STACK: flag,
  JENKINS_URL: v.optional(v.string()),
  TESTCONTAINERS_HUB_IMAGE_NAME_PREFIX: v.optional(v.string(), ""),
  TESTCONTAINERS_RYUK_DISABLED: flag,
  STACKSPEC_REAPER_IMAGE: v.optional(v.string(), "node:24-slim"),
  // Not for users: what the process of a run tells mocha's parallel workers, and what mocha tells them.
  STACKSPEC_RUN: v.optional(v.pipe(v.string(), v.parseJson(), Run)),
  // And what a run tells the runs inside of it.
  STACKSPEC_OUTER_RUNS: v.optional(v.string(), ""),
  MOCHA_WORKER_ID: count("0"),
});

/** A run that has several processes: its id, and the stack that is up in the name of all of them. */
export type SharedRun = v.InferOutput<typeof Run>;

/** Every setting, read once and frozen. The README's table says what each means. */
export interface Config {
  /** The stack that `useTarget()` talks to; undefined leaves the choice to what the machine has. */
  readonly stack: string | undefined;
  /** A target that is there already. Nothing is started. */
  readonly url: string | undefined;
  readonly ci: boolean;
  /** `none`: use and install no engine. */
  readonly engine: "auto" | "none";
  /** Where images come from: whatever works, registries only, or the distribution's packages only. */
  readonly images: "auto" | "registry" | "debian";
  readonly startTimeoutMs: number;
  /** The Debian mirror for substitute images; undefined: the one this machine's apt uses. */
  readonly debianMirror: string | undefined;
  /** What is started beside what always is. */
  readonly profiles: readonly string[];
  /** Leave the shared stacks up at the end, and take over those that are. */
  readonly keep: boolean;
  /** Snapshots of stacks: whether they are used, how many are kept, and for how many days. */
  readonly snapshots: { readonly off: boolean; readonly count: number; readonly days: number };
  /** A file, or a folder for a file named after the suite. */
  readonly reportPath: string | undefined;
  /** Stack traces in the report's failures. */
  readonly reportStack: boolean;
  /** Runs under Jenkins, which sets `JENKINS_URL`. */
  readonly jenkins: boolean;
  /** Goes before the name of each image of Docker Hub: a private registry's address. */
  readonly hubPrefix: string;
  readonly reaper: { readonly disabled: boolean; readonly image: string };
  /** This process is a parallel worker of mocha's: which one, counted from 0, and the run that it belongs to. */
  readonly worker: { readonly number: number; readonly run: SharedRun } | undefined;
  /** The processes of the runs that this one is part of: `stackspec test` is one of each of its suites. */
  readonly outerRuns: readonly number[];
}

/**
 * Reads the settings.
 *
 * @param environment the environment of this process, unless said otherwise
 * @throws StackspecError `USAGE` naming the setting, what was expected and what was found
 */
export function readConfig(environment: NodeJS.ProcessEnv = processEnvironment()): Config {
  const output = check(Settings, environment);
  return Object.freeze({
    stack: output.STACK,
    url: output.URL,
    ci: output.CI,
    engine: output.STACKSPEC_ENGINE,
    images: output.STACKSPEC_IMAGES,
    startTimeoutMs: output.STACKSPEC_START_TIMEOUT_MS,
    debianMirror: output.STACKSPEC_DEBIAN_MIRROR,
    profiles: output.STACKSPEC_PROFILES,
    keep: output.STACKSPEC_KEEP,
    snapshots: {
      off: output.STACKSPEC_SNAPSHOTS === "off",
      count: output.STACKSPEC_SNAPSHOTS_KEPT,
      days: output.STACKSPEC_SNAPSHOTS_DAYS,
    },
    reportPath: output.JUNIT_REPORT_PATH,
    reportStack: output.JUNIT_REPORT_STACK,
    jenkins: output.JENKINS_URL !== undefined,
    hubPrefix: output.TESTCONTAINERS_HUB_IMAGE_NAME_PREFIX,
    reaper: { disabled: output.TESTCONTAINERS_RYUK_DISABLED, image: output.STACKSPEC_REAPER_IMAGE },
    worker: output.STACKSPEC_RUN && { number: output.MOCHA_WORKER_ID, run: output.STACKSPEC_RUN },
    outerRuns: (output.STACKSPEC_OUTER_RUNS.match(/\d+/g) ?? []).map(Number),
  });
}

/**
 * Tells mocha's parallel workers which run they belong to. The environment is the only way to reach them: mocha forks
 * them itself, and what it hands them has no place for anything of ours.
 */
export function tellWorkers(run: SharedRun): void {
  process.env["STACKSPEC_RUN"] = JSON.stringify(run);
}

/** Tells the runs that this process starts, and those that its specs start, that they are part of its own. */
export function tellInnerRuns({ outerRuns }: Config): void {
  process.env["STACKSPEC_OUTER_RUNS"] = [...outerRuns, process.pid].join(" ");
}

function isHttpUrl(text: string): boolean {
  return URL.canParse(text) && ["http:", "https:"].includes(new URL(text).protocol);
}
