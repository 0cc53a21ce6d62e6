import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { basename, dirname, resolve } from "node:path";
import { usageError } from "../errors.ts";
import { findModule } from "../project-module.ts";
import { say } from "../terminal.ts";
import type { Given } from "./command.ts";
import { CI_FILES } from "./init-ci.ts";
import { isSharded, newFiles } from "./init-files.ts";
import type { Choices } from "./init-files.ts";
import { install, lineToInstall, missingOf } from "./init-install.ts";
import { KNOWN_SERVICES, recipeOf } from "./init-services.ts";
import type { KnownService } from "./init-services.ts";

interface Manifest {
  name?: string;
  type?: string;
  scripts?: Record<string, string>;
  dependencies?: Record<string, string>;
  devDependencies?: Record<string, string>;
  [field: string]: unknown;
}

const CONFIG = "stackspec.config";
/** What npm writes where a project has no tests. */
const NO_TESTS = /^echo .*no test specified/;

/**
 * Writes what a project begins with, and installs what that needs. What is there already stays as it is.
 *
 * @returns the exit code: 1 where something could not be installed
 * @throws StackspecError `USAGE` for a service that is not known, for a number of machines that there is no CI file for, and for
 *   a package.json that is none
 */
export function init({ flags, values }: Given): number {
  const service = values.get("stack");
  if (service !== undefined && !isKnown(service))
    throw usageError("--stack", `expected one of ${KNOWN_SERVICES.join(", ")}, got "${service}"`);
  const before = readManifest();
  const { manifest, script } = withScripts(before ?? { name: nameOfFolder(), private: true, type: "module" });
  const found = findOut(manifest, before === undefined);
  const files = newFiles({ ...found, service, shards: shardsOf(values.get("shards"), found.ci) }, script);
  for (const [path, text] of files) write(path, text);
  const text = `${JSON.stringify(manifest, undefined, indentOf("package.json"))}\n`;
  if (before === undefined) write("package.json", text);
  else if (JSON.stringify(before) === JSON.stringify(manifest)) say("kept  package.json");
  else {
    writeFileSync("package.json", text);
    say(`wrote package.json: the script ${script}`);
  }
  write(".gitignore", "node_modules/\nreports/\n");
  const client = service === undefined ? undefined : recipeOf(service).client;
  const missing = missingOf([
    "stackspec",
    "mocha",
    "chai",
    "testcontainers",
    ...(client === undefined ? [] : [client]),
  ]);
  const test = `npm ${script === "test" ? "test" : `run ${script}`}`;
  const isWanted = missing.length > 0 && !flags.has("no-install");
  if (isWanted) say(`\n${lineToInstall(missing)}`);
  const isThere = missing.length === 0 || (isWanted && install(missing));
  say(`\nNow: ${isThere ? "" : `${lineToInstall(missing)} && `}${test}`);
  return isWanted && !isThere ? 1 : 0;
}

/** How many machines the CI system is to run. */
function shardsOf(given: string | undefined, ci: Choices["ci"]): number | undefined {
  if (given === undefined) return undefined;
  if (!/^[1-9]\d{0,2}$/.test(given)) throw usageError("--shards", `expected a number of machines, got "${given}"`);
  if (!isSharded(ci)) throw usageError("--shards", `expected GitHub or GitLab, whose files can have that, got ${ci}`);
  return Number(given);
}

/** Adds the script that runs the specs, beside what there is. @returns its name too */
function withScripts(before: Manifest): { manifest: Manifest; script: string } {
  const { scripts = {} } = before;
  const known = Object.keys(scripts).find((name) => /\bstackspec test\b/.test(scripts[name]!));
  if (known !== undefined) return { manifest: before, script: known };
  const { test } = scripts;
  const script = test === undefined || NO_TESTS.test(test) ? "test" : "test:stack";
  return { manifest: { ...before, scripts: { ...scripts, [script]: "stackspec test" } }, script };
}

/** What need not be asked: it can be seen in the project. */
function findOut(manifest: Manifest, isNew: boolean): Omit<Choices, "service" | "shards"> {
  const isTyped =
    isNew ||
    existsSync("tsconfig.json") ||
    findModule(CONFIG)?.endsWith("ts") === true ||
    "typescript" in { ...manifest.dependencies, ...manifest.devDependencies };
  const isModule = manifest.type === "module";
  return { extension: `${isModule ? "" : "m"}${isTyped ? "ts" : "js"}`, image: ownImage(manifest), ci: ciOf() };
}

/** The Dockerfile's image, with the port that it says it listens on. */
function ownImage({ name = nameOfFolder() }: Manifest): Choices["image"] {
  const [, port] = /^EXPOSE\s+(\d+)/im.exec(textOf("Dockerfile")) ?? [];
  return port === undefined ? undefined : { name: name.split("/").at(-1)!, port: Number(port) };
}

/** The CI system whose file there is, else the one of the remote repository, else GitHub. */
function ciOf(): Choices["ci"] {
  const found = (["GitLab", "CircleCI", "Jenkins"] as const).find((name) => existsSync(CI_FILES[name].path));
  if (found !== undefined) return found;
  return /^\s*url = \S*gitlab/m.test(textOf(".git/config")) ? "GitLab" : "GitHub";
}

function write(path: string, text: string): void {
  const there = path.startsWith(CONFIG) ? findModule(CONFIG) : existsSync(path) ? path : undefined;
  if (there !== undefined) return say(`kept  ${there}`);
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, text, { flag: "wx" });
  say(`wrote ${path}`);
}

function readManifest(): Manifest | undefined {
  if (!existsSync("package.json")) return undefined;
  try {
    return JSON.parse(textOf("package.json")) as Manifest;
  } catch (cause) {
    throw usageError("package.json", "expected JSON", cause);
  }
}

/** As package.json is indented. */
function indentOf(path: string): string {
  return /^\{\r?\n([ \t]+)/.exec(textOf(path))?.[1] ?? "  ";
}

/** A name that npm, an image and a stack may have. */
function nameOfFolder(): string {
  return (
    basename(resolve("."))
      .toLowerCase()
      .replaceAll(/[^a-z0-9]+/g, "-")
      .replaceAll(/^-|-$/g, "") || "project"
  );
}

function textOf(path: string): string {
  return existsSync(path) ? readFileSync(path, "utf8") : "";
}

function isKnown(name: string): name is KnownService {
  return KNOWN_SERVICES.some((each) => each === name);
}
