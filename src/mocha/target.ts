import type { Config } from "../config/config.ts";
import { declarationNames, loadDeclaration } from "../declarations.ts";
import type { DeclarationKind } from "../declarations.ts";
import { isNamedEngineMissing, missingEngine } from "../engine/docker/connect.ts";
import { StackspecError, messageOf, usageError } from "../errors.ts";
import type { HttpClient } from "../http/client.ts";
import { findHost } from "../engine/plan/external.ts";
import { imagesOf } from "../stack/define-stack.ts";
import type { Service, Stack } from "../stack/stack.ts";

/** A stack that acceptance specs can talk to: it exports, as `target`, a service that speaks HTTP. */
export type TargetStack = Stack<{ readonly target: Service<{ readonly http: HttpClient }> }>;

/** What acceptance specs talk to. */
export type Target = { readonly url: string } | { readonly stack: TargetStack };

type Folders = Pick<Config, "folders">;

/** Names of the stacks in the project's folder of stacks. */
export function stackNames({ folders }: Folders): Promise<string[]> {
  return declarationNames({ folder: folders.stacks });
}

/**
 * Names of the stacks that acceptance specs run on where none is named: of several, those that export a target. One that
 * cannot be loaded is among them, and its run says why.
 *
 * @param say told which are left out
 */
export async function targetNames(project: Folders, say: (line: string) => void = () => {}): Promise<string[]> {
  const names = await stackNames(project);
  if (names.length < 2) return names;
  const loading = names.map((name) => loadAnyStack(name, project).catch(() => undefined));
  const loaded = await Promise.all(loading);
  const hasTarget = (stack: Stack | undefined): boolean =>
    stack === undefined || stack.exports?.["target"] !== undefined;
  const left = names.filter((_, index) => !hasTarget(loaded[index]));
  if (left.length > 0) say(`No acceptance specs run on ${left.join(", ")}: no target is exported there`);
  return names.filter((name) => !left.includes(name));
}

/**
 * The default export of a stack's file.
 *
 * @param name undefined takes the only one that there is, or that exports a target
 * @throws StackspecError `USAGE` when there is no such stack, or it does not say what its target is
 */
export async function loadStack(name: string | undefined, { folders }: Folders): Promise<TargetStack> {
  const names = name === undefined ? await targetNames({ folders }) : [name];
  if (names.length > 1) throw usageError("STACK", `expected one of ${names.join(", ")}, got nothing`);
  const stacks: DeclarationKind<TargetStack> = {
    folder: folders.stacks,
    setting: "STACK",
    madeBy: "defineStack that exports a target",
    accepts: ({ exports }) => exports?.target !== undefined,
  };
  return loadDeclaration(stacks, names[0]);
}

/** The same of a stack that specs need not talk to. */
export function loadAnyStack(name: string | undefined, { folders }: Folders): Promise<Stack> {
  const stacks: DeclarationKind<Stack> = {
    folder: folders.stacks,
    setting: "STACK",
    madeBy: "defineStack",
    accepts: ({ nodes }) => Array.isArray(nodes),
  };
  return loadDeclaration(stacks, name);
}

/**
 * What acceptance specs talk to: the `URL`, the `STACK`, else the project's default, or, where there is
 * no engine and nobody demands one, its fallback.
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
  if (config.stack !== undefined) return { stack: await loadStack(config.stack, config) };
  if (missing === undefined) return { stack: await loadStack(config.defaultStack, config) };
  const { fallbackStack: fallback } = config;
  if (config.ci || isNamedEngineMissing(missing) || fallback === undefined) {
    // One that declares no image may need no engine. Its start says so where it does.
    const stack = await loadStack(config.defaultStack, config).catch(() => undefined);
    if (stack !== undefined && imagesOf(stack).length === 0) return { stack };
    if (missing instanceof StackspecError) throw missing;
    throw missingEngine(missing, fallback && `STACK=${fallback} runs without one`);
  }
  say(`Running on the ${fallback} stack, without containers: ${messageOf(missing)}`);
  return { stack: await loadStack(fallback, config) };
}

/** The same target, when it can be had: a stack is started later; at an address there is a host. @throws StackspecError */
export async function withHost(target: Target): Promise<Target> {
  if ("url" in target) await findHost(target.url);
  return target;
}

/** The address that paths in specs are relative to: the folder that a target's `URL` is in, as for links on a page. */
export function rootOf(url: string): string {
  try {
    return new URL(".", url.replace(/(?<=[^/:])\/+$/, "")).href;
  } catch (error) {
    throw usageError("URL", messageOf(error));
  }
}
