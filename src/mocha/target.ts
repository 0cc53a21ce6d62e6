import type { Config } from "../config/config.ts";
import { declarationNames, loadDeclaration } from "../declarations.ts";
import type { DeclarationKind } from "../declarations.ts";
import { isNamedEngineMissing } from "../engine/docker/connect.ts";
import { StackspecError, messageOf, usageError } from "../errors.ts";
import type { HttpClient } from "../http/client.ts";
import type { Service, Stack } from "../stack/stack.ts";

/** A stack that acceptance specs can talk to: it exports, as `target`, a service that speaks HTTP. */
export type TargetStack = Stack<{ readonly target: Service<{ readonly http: HttpClient }> }>;

/** What acceptance specs talk to. */
export type Target = { readonly url: string } | { readonly stack: TargetStack };

const STACKS: DeclarationKind<TargetStack> = {
  folder: "specs/stacks",
  setting: "STACK",
  madeBy: "defineStack that exports a target",
  accepts: ({ exports }) => exports?.target !== undefined,
};
/** The stack that stands for production, and the one that needs no engine. */
const DEFAULT = "release";
const FALLBACK = "embedded";

/** Names of the stacks in `specs/stacks/`. */
export function stackNames(): Promise<string[]> {
  return declarationNames(STACKS);
}

/**
 * The default export of `specs/stacks/<name>.ts`.
 *
 * @throws StackspecError `USAGE` when there is no such stack, or it does not say what its target is
 */
export function loadStack(name: string): Promise<TargetStack> {
  return loadDeclaration(STACKS, name);
}

/**
 * What acceptance specs talk to: the `URL`, the `STACK`, else the release stack, or, where there is
 * no engine and nobody demands one, the embedded stack.
 *
 * @param missing why there is no engine, as the error that an attempt to have one ended with, if there was one
 * @param say told when the choice is not the one a reader would expect
 * @throws StackspecError `USAGE`, or in CI `ENGINE_UNREACHABLE` or what `missing` is
 */
export async function chooseTarget(
  config: Config,
  missing: string | StackspecError | undefined,
  say: (line: string) => void,
): Promise<Target> {
  if (config.url !== undefined) return { url: config.url };
  if (config.stack !== undefined) return { stack: await loadStack(config.stack) };
  if (missing === undefined) return { stack: await loadStack(DEFAULT) };
  if (config.ci || isNamedEngineMissing(missing) || !(await stackNames()).includes(FALLBACK)) {
    if (missing instanceof StackspecError) throw missing;
    throw new StackspecError("ENGINE_UNREACHABLE", `expected a Docker-compatible engine: ${missing}`, {
      subject: "engine",
      hint: `STACK=${FALLBACK} runs without one`,
    });
  }
  say(`Running on the ${FALLBACK} stack, without containers: ${messageOf(missing)}`);
  return { stack: await loadStack(FALLBACK) };
}

/** The address that paths in specs are relative to: the folder that a target's `URL` is in, as for links on a page. */
export function rootOf(url: string): string {
  try {
    return new URL(".", url.replace(/(?<=[^/:])\/+$/, "")).href;
  } catch (error) {
    throw usageError("URL", messageOf(error));
  }
}
