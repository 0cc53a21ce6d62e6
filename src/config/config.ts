import * as v from "valibot";
import { findModule, requireModule } from "../project-module.ts";
import { check, flag, givenIn, httpAddress } from "./check.ts";
import { learnValues, processEnvironment } from "./environment.ts";
import type { SuiteConfig } from "./project-config.ts";
import { SELECTION_VARIABLES, readSelection } from "./selection.ts";
import type { Selection } from "./selection.ts";
import { readProject } from "./settings.ts";
import type { ConfigFile, ProjectSettings, Sourced } from "./settings.ts";

const count = (fallback: string) =>
  v.optional(v.pipe(v.string(), v.regex(/^\d+$/, "a whole number"), v.transform(Number)), fallback);

const Run = v.object({
  id: v.string(),
  reports: v.optional(v.string()),
  stack: v.optional(v.object({ name: v.string(), id: v.string(), workers: v.number(), key: v.optional(v.string()) })),
});

/** What one run is told, and by the environment only. */
const Variables = v.object({
  STACK: v.optional(v.string()),
  URL: v.optional(httpAddress),
  CI: v.optional(
    v.pipe(
      v.string(),
      v.transform((text) => !["", "0", "false"].includes(text)),
    ),
    "",
  ),
  STACKSPEC_PROFILES: v.optional(
    v.pipe(
      v.string(),
      v.transform((text) => text.split(/[\s,]+/).filter((profile) => profile !== "")),
    ),
    "",
  ),
  STACKSPEC_KEEP: flag,
  STACKSPEC_SHARD: v.optional(v.string()),
  ...SELECTION_VARIABLES,
  JUNIT_REPORT_PATH: v.optional(v.string()),
  JENKINS_URL: v.optional(v.string()),
  GITHUB_ACTIONS: flag,
  GITHUB_STEP_SUMMARY: v.optional(v.string()),
  TESTCONTAINERS_HUB_IMAGE_NAME_PREFIX: v.optional(v.string(), ""),
  TESTCONTAINERS_RYUK_DISABLED: flag,
  // Not for users: what the process of a run tells mocha's parallel workers, and what mocha tells them.
  STACKSPEC_RUN: v.optional(v.pipe(v.string(), v.parseJson(), Run)),
  // And what a run tells the runs inside of it.
  STACKSPEC_OUTER_RUNS: v.optional(v.string(), ""),
  MOCHA_WORKER_ID: count("0"),
});

/** Those that people set. */
const PUBLIC = [
  "STACK",
  "URL",
  "CI",
  "STACKSPEC_PROFILES",
  "STACKSPEC_KEEP",
  "STACKSPEC_SHARD",
  "STACKSPEC_SEED",
  "STACKSPEC_REPEAT_EACH",
  "STACKSPEC_LAST_FAILED",
  "JUNIT_REPORT_PATH",
  "TESTCONTAINERS_HUB_IMAGE_NAME_PREFIX",
  "TESTCONTAINERS_RYUK_DISABLED",
] as const;

/** A run that has several processes: its id, its folder of reports, and the stack that is up in the name of all of them. */
export type SharedRun = v.InferOutput<typeof Run>;

/** Every setting, read once and frozen. `docs/settings.md` says what each means. */
export interface Config {
  /** Folders: of suites, of stacks, of pipelines, and for reports and logs. */
  readonly folders: {
    readonly specs: string;
    readonly stacks: string;
    readonly pipelines: string;
    readonly reports: string;
  };
  /** A file or folder of earlier reports, by whose durations spec files are dealt out to shards. */
  readonly timings: string | undefined;
  /** What the project says of its suites. */
  readonly suites: Readonly<Record<string, SuiteConfig>>;
  /** The stack that `useTarget()` talks to; undefined leaves the choice to the next two, and to what the machine has. */
  readonly stack: string | undefined;
  /** Where none is named (undefined: the only one that there is), and where there is no engine. */
  readonly defaultStack: string | undefined;
  readonly fallbackStack: string | undefined;
  /** A target that is there already. Nothing is started. */
  readonly url: string | undefined;
  readonly ci: boolean;
  /** `none`: use no engine; `install`: have one where there is none. */
  readonly engine: "auto" | "none" | "install";
  /** The address on which ports are published; undefined: loopback, where the engine is on this machine. */
  readonly publishAddress: string | undefined;
  /** Where images come from: whatever works, registries only, or the distribution's packages only. */
  readonly images: "auto" | "registry" | "debian";
  readonly startTimeoutMs: number;
  readonly memoryWaitMs: number;
  /** The Debian mirror for substitute images; undefined: the one this machine's apt uses. */
  readonly debianMirror: string | undefined;
  /** What is started beside what always is. */
  readonly profiles: readonly string[];
  /** Leave the shared stacks up at the end, and take over those that are. */
  readonly keep: boolean;
  /** When a spec fails: leave the shared stacks up as they are, and run no other; write their state beside the report. */
  readonly onFailure: { readonly keeps: boolean; readonly saves: boolean };
  /** Which specs run, how often, and in which order. */
  readonly selection: Selection;
  /** Snapshots of stacks: whether they are used, how many are kept, and for how many days. */
  readonly snapshots: { readonly off: boolean; readonly count: number; readonly days: number };
  /** A file, or a folder for a file named after the suite. */
  readonly reportPath: string;
  /** Stack traces in the report's failures. */
  readonly reportStack: boolean;
  /** Runs under Jenkins, which sets `JENKINS_URL`; in GitHub Actions, which show annotations, and the file of the job's summary. */
  readonly jenkins: boolean;
  readonly github: { readonly annotates: boolean; readonly summary: string | undefined };
  /** Goes before the name of each image of Docker Hub: a private registry's address. */
  readonly hubPrefix: string;
  readonly faultImage: string | undefined;
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
 * @param file the config file of the working directory, unless said otherwise
 * @throws StackspecError `USAGE` naming the setting, what was expected and what was found
 */
export function readConfig(
  environment: NodeJS.ProcessEnv = processEnvironment(),
  file: ConfigFile | undefined = configFile(),
): Config {
  const output = check(Variables, environment);
  const project = Object.fromEntries(
    readProject(environment, file).map(({ name, value }) => [name, value]),
  ) as unknown as ProjectSettings;
  const { specs, stacks, pipelines, reports } = project;
  learnValues(project.secrets.map((name) => environment[name]));
  return Object.freeze({
    folders: { specs, stacks, pipelines, reports: output.STACKSPEC_RUN?.reports ?? reports },
    timings: project.timings,
    suites: project.suites,
    stack: output.STACK,
    defaultStack: project.defaultStack,
    fallbackStack: project.fallbackStack,
    url: output.URL,
    ci: output.CI,
    engine: project.engine,
    publishAddress: project.publishAddress,
    images: project.images,
    startTimeoutMs: project.startTimeoutMs,
    memoryWaitMs: project.memoryWaitMs,
    debianMirror: project.debianMirror,
    profiles: output.STACKSPEC_PROFILES,
    keep: output.STACKSPEC_KEEP,
    onFailure: { keeps: false, saves: project.snapshotOnFailure },
    selection: readSelection(output, project),
    snapshots: { off: !project.snapshots, count: project.snapshotsKept, days: project.snapshotsDays },
    reportPath: output.JUNIT_REPORT_PATH ?? `${project.reports}/`,
    reportStack: project.reportStack,
    jenkins: output.JENKINS_URL !== undefined,
    github: { annotates: output.GITHUB_ACTIONS, summary: output.GITHUB_STEP_SUMMARY },
    hubPrefix: output.TESTCONTAINERS_HUB_IMAGE_NAME_PREFIX,
    faultImage: project.faultImage,
    reaper: { disabled: output.TESTCONTAINERS_RYUK_DISABLED, image: project.reaperImage },
    worker: output.STACKSPEC_RUN && { number: output.MOCHA_WORKER_ID, run: output.STACKSPEC_RUN },
    outerRuns: (output.STACKSPEC_OUTER_RUNS.match(/\d+/g) ?? []).map(Number),
  });
}

/** The config file of the working directory; undefined when there is none. @throws StackspecError `USAGE` when it cannot be loaded */
function configFile(): ConfigFile | undefined {
  const path = findModule("stackspec.config");
  return path === undefined ? undefined : { path, exported: requireModule(path).default };
}

/**
 * Each setting that people make, with its value and where that comes from.
 *
 * @throws StackspecError `USAGE`, as `readConfig`
 */
export function listSettings(environment = processEnvironment(), file = configFile()): readonly Sourced[] {
  const output = check(Variables, environment);
  const given = givenIn(environment);
  const ofRun = PUBLIC.map((name) => ({
    name,
    value: output[name],
    source: given[name] === undefined ? "default" : "environment",
  }));
  return [...readProject(environment, file), ...ofRun];
}
