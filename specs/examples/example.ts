import { execFile } from "node:child_process";
import { cp, glob, mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { readTotals } from "../../src/report/totals.ts";
import { pack } from "../packed.ts";

const root = join(import.meta.dirname, "../..");
/** Where the reports of examples are kept, for CI systems to read with all others. */
const REPORTS = join(root, "reports/examples");

/** How a command of an example has ended. */
export interface Ended {
  readonly exitCode: number;
  readonly output: string;
}

/** A copy of an example in a folder of its own, which has installed the packed package from a file. */
export interface Example {
  readonly folder: string;
  /** Installs these versions of packages beside, or in place of, its own. @throws Error with what npm says */
  install(...packages: readonly string[]): Promise<void>;
  /** Runs npm there. */
  npm(words: readonly string[], environment?: Readonly<Record<string, string>>): Promise<Ended>;
  /** Keeps the reports of its last run under this name. @returns their totals */
  keepReports(name: string): Promise<ReturnType<typeof readTotals>>;
  remove(): Promise<void>;
}

/** Copies `examples/<name>` elsewhere and installs what it needs, all but stackspec from npm's registry or its cache. */
export async function installExample(name: string): Promise<Example> {
  const tarball = await pack();
  const folder = await mkdtemp(join(tmpdir(), `stackspec-${name}-`));
  await cp(join(root, "examples", name), folder, { recursive: true });
  const file = join(folder, "package.json");
  const { devDependencies, ...about } = JSON.parse(await readFile(file, "utf8")) as { devDependencies: object };
  await writeFile(
    file,
    JSON.stringify({
      ...about,
      devDependencies: { ...devDependencies, stackspec: `file:${tarball}` },
      // The package that brings a Node does so when it is installed.
      allowScripts: { node: true },
    }),
  );

  const npm: Example["npm"] = (words, environment) => runNpm(folder, words, environment);
  const install: Example["install"] = async (...packages) => {
    const { exitCode, output } = await npm([
      "install",
      "--save-dev",
      "--prefer-offline",
      "--no-audit",
      "--no-fund",
      ...packages,
    ]);
    if (exitCode !== 0) throw new Error(`npm cannot install what ${name} needs:\n${output}`);
  };
  await install();
  return {
    folder,
    install,
    npm,
    async keepReports(run) {
      const kept: string[] = [];
      for await (const report of glob("reports/*.xml", { cwd: folder })) {
        const to = join(REPORTS, `${run}-${report.replace("reports/", "")}`);
        await mkdir(dirname(to), { recursive: true });
        await cp(join(folder, report), to);
        kept.push(to);
      }
      return readTotals(kept);
    },
    remove: () => rm(folder, { recursive: true }),
  };
}

/** Runs npm in a folder, as somebody does who has nothing to do with this run. */
export function runNpm(
  folder: string,
  words: readonly string[],
  environment: Readonly<Record<string, string>> = {},
): Promise<Ended> {
  return new Promise((resolve) => {
    const options = { cwd: folder, env: { ...npmEnvironment(), ...environment }, maxBuffer: 64 * 1024 ** 2 };
    const child = execFile("npm", words, options, (_, stdout, stderr) =>
      resolve({ exitCode: child.exitCode ?? 1, output: `${stdout}${stderr}` }),
    );
  });
}

/** This machine's environment without what is meant for the run that this is part of; with the Node that runs it. */
function npmEnvironment(): Record<string, string | undefined> {
  const inherited = Object.entries(process.env).filter(
    ([name]) => !/^(STACKSPEC_|JUNIT_|MOCHA_|npm_|NODE_OPTIONS$|STACK$|URL$|CI$)/.test(name),
  );
  return {
    ...Object.fromEntries(inherited),
    PATH: `${dirname(process.execPath)}:${process.env["PATH"]}`,
    // Where no registry answers, images are made from Debian's packages, as this repository's own.
    STACKSPEC_IMAGES: process.env["STACKSPEC_IMAGES"] ?? "auto",
    npm_config_loglevel: "error",
  };
}
