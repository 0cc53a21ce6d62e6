/** What a suite is: its name is that of a folder in the folder of specs. */
export interface SuiteConfig {
  /**
   * What has to be there before its first spec: a Docker-compatible engine; or the stack, or `URL`, that `useTarget()` talks to.
   *
   * @default `"target"` for `acceptance`, `"engine"` for `integration`, else `"nothing"`
   */
  readonly needs?: "nothing" | "engine" | "target";
  /**
   * Whether `stackspec test` runs it.
   *
   * @default true
   */
  readonly test?: boolean;
  /**
   * The stacks that `stackspec test` runs it against, one after the other, if it needs a target.
   *
   * @default `defaultStack`, else all that export a target
   */
  readonly stacks?: readonly string[];
}

/** What `stackspec.config.ts` may say. The environment goes before it. */
export interface ProjectConfig {
  /**
   * The folder that has a folder for each suite.
   *
   * @default "specs"
   */
  readonly specs?: string;
  /**
   * The folder of stacks, each a file named as the stack.
   *
   * @default "specs/stacks"
   */
  readonly stacks?: string;
  /**
   * The folder of pipelines.
   *
   * @default "specs/pipelines"
   */
  readonly pipelines?: string;
  /**
   * The folder that reports and logs are written to. `JUNIT_REPORT_PATH` goes before it.
   *
   * @default "reports"
   */
  readonly reports?: string;
  /**
   * A folder of earlier JUnit reports, of ours or of another tool, or one such file: `--shard` deals spec files out by their
   * durations. It has to be the same on each machine. `STACKSPEC_TIMINGS` goes before it.
   *
   * @default none: spec files are dealt out by their number
   */
  readonly timings?: string;
  /** Suites by name. A folder with spec files that is not named here is a suite too, and needs nothing. */
  readonly suites?: Readonly<Record<string, SuiteConfig>>;
  /**
   * The stack that `useTarget()` talks to when `STACK` names none.
   *
   * @default the only one that there is
   */
  readonly defaultStack?: string;
  /** The stack that takes its place where there is no engine. In CI none does. */
  readonly fallbackStack?: string;
  /**
   * `"auto"`: use the Docker-compatible engine that answers; `"none"`: use none; `"install"`: where none answers and this is
   * root on Debian or Ubuntu, install `docker.io` and start it. `STACKSPEC_ENGINE` goes before it.
   *
   * @default "auto"
   */
  readonly engine?: "auto" | "none" | "install";
  /**
   * The IP address, of the engine's machine, on which ports are published. `STACKSPEC_PUBLISH_ADDRESS` goes before it.
   *
   * @default 127.0.0.1 for an engine on this machine; else all addresses, of which one line warns
   */
  readonly publishAddress?: string;
  /**
   * `"registry"`: images come from registries; `"auto"`: where none answers, substitutes for known images are built from
   * Debian's packages; `"debian"`: they always are. `STACKSPEC_IMAGES` goes before it.
   *
   * @default "registry"
   */
  readonly images?: "registry" | "auto" | "debian";
  /**
   * The Debian mirror that substitutes come from, over http. `STACKSPEC_DEBIAN_MIRROR` goes before it.
   *
   * @default the one that this machine's apt uses
   */
  readonly debianMirror?: string;
  /**
   * How long a stack may take to be ready once its images are there, in milliseconds. `STACKSPEC_START_TIMEOUT_MS` goes before it.
   *
   * @default 120_000
   */
  readonly startTimeoutMs?: number;
  /**
   * How long a stack waits for memory that other runs on this machine hold, in milliseconds; 0: not at all.
   * `STACKSPEC_MEMORY_WAIT_MS` goes before it.
   *
   * @default 600_000
   */
  readonly memoryWaitMs?: number;
  /**
   * Whether stacks start from snapshots, and such are made. `STACKSPEC_SNAPSHOTS` goes before it.
   *
   * @default true
   */
  readonly snapshots?: boolean;
  /**
   * How many snapshots of a stack of one name are kept on the engine. `STACKSPEC_SNAPSHOTS_KEPT` goes before it.
   *
   * @default 10
   */
  readonly snapshotsKept?: number;
  /**
   * For how many days they are kept. `STACKSPEC_SNAPSHOTS_DAYS` goes before it.
   *
   * @default 14
   */
  readonly snapshotsDays?: number;
  /**
   * Whether the state in which the first spec of a run has failed, its databases and volumes, is written below the folder of
   * reports: `stackspec up --as-failed` opens it on any machine. `STACKSPEC_SNAPSHOT_ON_FAILURE` goes before it.
   *
   * @default false
   */
  readonly snapshotOnFailure?: boolean;
  /**
   * Whether failures in reports have their stack traces. `JUNIT_REPORT_STACK` goes before it.
   *
   * @default false
   */
  readonly reportStack?: boolean;
  /**
   * The image of the reaper: any with Node in it. `STACKSPEC_REAPER_IMAGE` goes before it.
   *
   * @default "node:24-slim"
   */
  readonly reaperImage?: string;
  /**
   * The order of spec files, of the suites in them and of the specs in those: as they stand there, or at random. `STACKSPEC_ORDER`
   * goes before it.
   *
   * @default "declared"
   */
  readonly order?: "declared" | "random";
  /**
   * Whether specs that pass only when they are tried again fail the run. `STACKSPEC_FAIL_ON_FLAKY` goes before it.
   *
   * @default false
   */
  readonly failOnFlaky?: boolean;
  /**
   * The image that faults are made with: any with what `containers/faults/Dockerfile` puts into it. `STACKSPEC_FAULT_IMAGE`
   * goes before it.
   *
   * @default it is built from Debian's packages when it is first needed
   */
  readonly faultImage?: string;
  /** Environment variables whose values are masked though their names do not look like those of secrets. */
  readonly secrets?: readonly string[];
}

/**
 * Types what `stackspec.config.ts` exports.
 *
 * @example
 * ```ts
 * import { defineConfig } from "stackspec";
 *
 * export default defineConfig({ defaultStack: "shop", startTimeoutMs: 60_000 });
 * ```
 */
export function defineConfig(config: ProjectConfig): ProjectConfig {
  return config;
}
