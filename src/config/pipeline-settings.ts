import * as v from "valibot";
import { usageError } from "../errors.ts";
import { check, flag, givenIn, oneOf } from "./check.ts";
import { processEnvironment } from "./environment.ts";

/** A registry's host, with its port and a path if there are any. What stands before an `@` would be a password. */
const REGISTRY = /^[a-z0-9.-]+(:\d+)?(\/[a-z0-9._-]+)*$/i;

const Settings = v.object({
  PIPELINE: v.optional(v.string()),
  STACKSPEC_REGISTRY: v.optional(
    v.pipe(v.string(), v.regex(REGISTRY, "a registry such as registry.example:5000/team, without a scheme")),
  ),
  STACKSPEC_REGISTRY_USER: v.optional(v.string()),
  STACKSPEC_REGISTRY_PASSWORD: v.optional(v.string()),
  STACKSPEC_TAGS: v.optional(
    v.pipe(
      v.string(),
      v.transform((text) =>
        text
          .split(",")
          .map((tag) => tag.trim())
          .filter((tag) => tag !== ""),
      ),
    ),
    "",
  ),
  STACKSPEC_ALLOW_DIRTY: flag,
  STACKSPEC_DEPLOY_HOOK: v.optional(v.string()),
  STACKSPEC_SPECS: v.optional(oneOf("host", "container"), "host"),
  GITHUB_STEP_SUMMARY: v.optional(v.string()),
});

/** The number of this build, and the branch it is of, as CI systems give them: our own setting goes before. */
const BUILD = ["STACKSPEC_BUILD", "GITHUB_RUN_NUMBER", "CI_PIPELINE_IID", "BUILD_NUMBER", "CIRCLE_BUILD_NUM"];
/** Never the source branch of a pull request: a fork may call its own one main. */
const BRANCH = ["STACKSPEC_BRANCH", "GITHUB_REF_NAME", "CI_COMMIT_BRANCH", "BRANCH_NAME", "CIRCLE_BRANCH"];

/** Every setting of a pipeline's run. */
export interface PipelineSettings {
  /** Which pipeline of `specs/pipelines/`; undefined when there is only one. */
  readonly pipeline: string | undefined;
  /** Host, port and path of the registry to push to. */
  readonly registry: string | undefined;
  /** From the environment; undefined leaves them to the Docker config. */
  readonly credentials: { readonly username: string; readonly password: string } | undefined;
  /** Tags beside those that every image gets. */
  readonly tags: readonly string[];
  readonly build: string | undefined;
  /** Undefined asks git. */
  readonly branch: string | undefined;
  readonly allowDirty: boolean;
  /** An address to POST to, or a command. */
  readonly deployHook: string | undefined;
  /** Acceptance specs run on this machine, or from their own image. */
  readonly specs: "host" | "container";
  /** A file to append the summary to. */
  readonly stepSummary: string | undefined;
}

/**
 * Reads the settings of a pipeline's run.
 *
 * @param environment the environment of this process, unless said otherwise
 * @throws StackspecError `USAGE`; a value that may hold a password is not repeated
 */
export function readPipelineSettings(environment: NodeJS.ProcessEnv = processEnvironment()): PipelineSettings {
  const output = check(Settings, environment);
  const given = givenIn(environment);
  const first = (names: readonly string[]): string | undefined =>
    names.map((name) => given[name]).find((value) => value !== undefined);
  return Object.freeze({
    pipeline: output.PIPELINE,
    registry: output.STACKSPEC_REGISTRY,
    credentials: credentialsOf(output.STACKSPEC_REGISTRY_USER, output.STACKSPEC_REGISTRY_PASSWORD),
    tags: output.STACKSPEC_TAGS,
    build: first(BUILD),
    branch: first(BRANCH),
    allowDirty: output.STACKSPEC_ALLOW_DIRTY,
    deployHook: output.STACKSPEC_DEPLOY_HOOK,
    specs: output.STACKSPEC_SPECS,
    stepSummary: output.GITHUB_STEP_SUMMARY,
  });
}

function credentialsOf(username: string | undefined, password: string | undefined): PipelineSettings["credentials"] {
  if (username === undefined && password === undefined) return undefined;
  if (username !== undefined && password !== undefined) return { username, password };
  throw usageError(
    `STACKSPEC_REGISTRY_${username === undefined ? "USER" : "PASSWORD"}`,
    "expected user and password, got only one of them",
  );
}
