import { randomBytes } from "node:crypto";
import { cpSync, mkdirSync, mkdtempSync, readdirSync, renameSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { startNode } from "../integration/child.ts";

const repository = join(import.meta.dirname, "../..");
/** The suites of the project. Each has one spec file, which becomes one when it is copied. */
const SUITES = ["starts", "waits", "asks", "declares", "acceptance"] as const;

/** How long stacks are waited for that do not come up: a container each, on a busy machine. */
const IN_VAIN_MS = 15_000;

/**
 * Makes a project of its own whose suites are full of faults, runs them, and resolves with the folder of its reports and what
 * stood on the terminal.
 */
export async function runTwentyFaults(): Promise<{ reports: string; output: string; remove(): void }> {
  const folder = mkdtempSync(join(tmpdir(), "stackspec-twenty-"));
  const modules = join(folder, "node_modules");
  cpSync(join(import.meta.dirname, "fixtures/twenty"), folder, { recursive: true });
  for (const suite of SUITES) {
    const file = join(folder, "specs", suite, suite);
    renameSync(`${file}.ts`, `${file}.spec.ts`);
  }
  const name = `twenty-${randomBytes(4).toString("hex")}`;
  writeFileSync(join(folder, "package.json"), JSON.stringify({ name, type: "module" }));
  mkdirSync(modules);
  symlinkSync(repository, join(modules, "stackspec"));
  for (const used of readdirSync(join(repository, "node_modules")).filter((each) => !each.startsWith(".")))
    symlinkSync(join(repository, "node_modules", used), join(modules, used));
  const run = async (...suites: (typeof SUITES)[number][]): Promise<string> => {
    let all = "";
    for (const suite of suites) all += (await start(folder, suite).ended).output;
    return all;
  };
  // At once, for one of them does little but wait.
  const outputs = await Promise.all([run("waits"), run("starts"), run("declares", "acceptance", "asks")]);
  return {
    reports: join(folder, "reports"),
    output: outputs.join("\n"),
    remove: () => rmSync(folder, { recursive: true, force: true }),
  };
}

function start(folder: string, suite: string) {
  return startNode([join(repository, "src/cli/main.ts"), "run", suite], {
    cwd: folder,
    environment: suite === "waits" ? { STACKSPEC_START_TIMEOUT_MS: String(IN_VAIN_MS) } : {},
  });
}
