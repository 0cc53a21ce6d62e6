import { spawnSync } from "node:child_process";
import { existsSync } from "node:fs";

/** How each package manager adds packages that are needed while developing, by the file that says that a project has it. */
const MANAGERS = [
  ["pnpm-lock.yaml", "pnpm add --save-dev"],
  ["yarn.lock", "yarn add --dev"],
  ["", "npm install --save-dev"],
] as const;

/** Those of these packages that the project does not have. */
export function missingOf(packages: readonly string[]): readonly string[] {
  return packages.filter((name) => !existsSync(`node_modules/${name}`));
}

/** The command line that adds packages to the project. */
export function lineToInstall(packages: readonly string[]): string {
  const [, line] = MANAGERS.find(([file]) => file === "" || existsSync(file))!;
  return [line, ...packages].join(" ");
}

/** Adds packages to the project. @returns whether they are there now; if not, the package manager has said why */
export function install(packages: readonly string[]): boolean {
  const [command, ...words] = lineToInstall(packages).split(" ");
  return spawnSync(command!, words, { stdio: "inherit" }).status === 0;
}
