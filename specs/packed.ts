import { execFile, spawn } from "node:child_process";
import type { ChildProcess, ChildProcessWithoutNullStreams } from "node:child_process";
import {
  chmodSync,
  cpSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { promisify } from "node:util";
import { publishedManifest } from "../.ci/manifest.ts";
import { untilShown } from "./output.ts";

const repository = join(import.meta.dirname, "..");
const modules = join(repository, "node_modules");
const run = promisify(execFile);

/** A program that runs. */
export interface Running {
  readonly process: ChildProcess;
  readonly ended: Promise<{ readonly exitCode: number | null; readonly output: string }>;
  /** Resolves when all that it has written shows a match. Rejects when it ends before. */
  shown(pattern: RegExp): Promise<RegExpExecArray>;
}

/** Programs in a project whose `stackspec` is the package as npm packs it. */
export interface PackedProject {
  readonly folder: string;
  /** Runs a program there, as npm scripts do: with those of `node_modules/.bin`. Resolves however it ends. */
  run(
    command: string,
    words?: readonly string[],
    environment?: Readonly<Record<string, string>>,
  ): Promise<{ exitCode: number; output: string; errors: string }>;
  /** Starts one that does not end by itself. What runs still when the project is removed is ended. */
  start(command: string, words: readonly string[], environment?: Readonly<Record<string, string>>): Running;
  write(files: Readonly<Record<string, string>>): void;
  remove(): void;
}

let packed: Promise<string> | undefined;
let unpacked: Promise<string> | undefined;

/** The package as npm would publish it: its file, made once in a process, from sources that others may be working with. */
export function pack(): Promise<string> {
  return (packed ??= packNow());
}

async function packNow(): Promise<string> {
  const folder = mkdtempSync(join(tmpdir(), "packed-"));
  process.once("exit", () => rmSync(folder, { recursive: true, force: true }));
  const stage = join(folder, "stage");
  for (const name of ["README.md", "LICENSE", "containers/debian", "containers/faults"])
    cpSync(join(repository, name), join(stage, name), { recursive: true });
  writeFileSync(join(stage, "package.json"), publishedManifest(readFileSync(join(repository, "package.json"), "utf8")));
  await run(join(modules, ".bin/tsc"), ["-p", "tsconfig.build.json", "--outDir", join(stage, "dist")], {
    cwd: repository,
  });
  const bundles = ["-C", "development", "src/report/make-bundles.ts", join(stage, "dist/report/html")];
  await run(process.execPath, bundles, { cwd: repository });
  const { stdout } = await run("npm", ["pack", "--ignore-scripts", "--silent", "--pack-destination", folder], {
    cwd: stage,
  });
  return join(folder, stdout.trim().split("\n").at(-1)!);
}

async function unpack(): Promise<string> {
  const file = await pack();
  await run("tar", ["-x", "-f", file, "-C", dirname(file)]);
  return join(dirname(file), "package");
}

/**
 * Makes a project that has the packed package and, as installed for this repository, what it needs: no network.
 *
 * @param options `mocha`: the folder of the mocha that it has
 */
export async function makePackedProject(
  files: Readonly<Record<string, string>> = {},
  { mocha = join(modules, "mocha") }: { mocha?: string } = {},
): Promise<PackedProject> {
  unpacked ??= unpack();
  const folder = mkdtempSync(join(tmpdir(), "project-"));
  const at = (path: string): string => join(folder, path);
  const own = new Set(["stackspec", "mocha", "mocha-junit-reporter", ".bin", ".package-lock.json"]);
  for (const name of readdirSync(modules)) {
    const all = name.startsWith("@") ? readdirSync(join(modules, name)).map((each) => `${name}/${each}`) : [name];
    for (const each of all.filter((one) => !own.has(one))) {
      mkdirSync(dirname(at(`node_modules/${each}`)), { recursive: true });
      symlinkSync(join(modules, each), at(`node_modules/${each}`));
    }
  }
  cpSync(await unpacked, at("node_modules/stackspec"), { recursive: true });
  chmodSync(at("node_modules/stackspec/dist/cli/main.js"), 0o755); // As npm does.
  // These look for other packages beside themselves, and not where a link leads.
  cpSync(mocha, at("node_modules/mocha"), { recursive: true });
  cpSync(join(modules, "mocha-junit-reporter"), at("node_modules/mocha-junit-reporter"), { recursive: true });
  mkdirSync(at("node_modules/.bin"));
  for (const [name, path] of [
    ["stackspec", "stackspec/dist/cli/main.js"],
    ["mocha", "mocha/bin/mocha.js"],
    ["tsc", "typescript/bin/tsc"],
  ] as const)
    symlinkSync(join("..", path), at(`node_modules/.bin/${name}`));
  const write = (all: Readonly<Record<string, string>>): void => {
    for (const [path, text] of Object.entries(all)) {
      mkdirSync(dirname(at(path)), { recursive: true });
      // As editors do: who watches a file never finds it empty.
      writeFileSync(`${at(path)}~`, text);
      renameSync(`${at(path)}~`, at(path));
    }
  };
  write(files);
  const { HOME, DOCKER_HOST } = process.env;
  const path = [at("node_modules/.bin"), dirname(process.execPath), process.env["PATH"]].join(":");
  const inherited = { HOME, PATH: path, ...(DOCKER_HOST === undefined ? {} : { DOCKER_HOST }) };
  const children: ChildProcess[] = [];
  return {
    folder,
    write,
    remove() {
      for (const child of children) child.kill("SIGKILL");
      rmSync(folder, { recursive: true, force: true });
    },
    start(command, words, environment = {}) {
      const child = spawn(command, words, { cwd: folder, env: { ...inherited, ...environment } });
      children.push(child);
      return follow(child);
    },
    run: (command, words = [], environment = {}) =>
      new Promise((resolve) => {
        execFile(
          command,
          [...words],
          { cwd: folder, env: { ...inherited, ...environment }, encoding: "utf8", timeout: 60_000 },
          (error, output, errors) => {
            resolve({ exitCode: error === null ? 0 : Number(error.code ?? 1), output, errors });
          },
        );
      }),
  };
}

/** Keeps what a program writes. */
function follow(child: ChildProcessWithoutNullStreams): Running {
  let output = "";
  const listeners = new Set<() => void>();
  for (const stream of [child.stdout, child.stderr])
    stream.setEncoding("utf8").on("data", (text: string) => {
      output += text;
      for (const listener of listeners) listener();
    });
  const ended = new Promise<{ exitCode: number | null; output: string }>((resolve, reject) => {
    child.once("error", reject);
    child.once("close", (exitCode) => resolve({ exitCode, output }));
  });
  return { process: child, ended, shown: (pattern) => untilShown(pattern, () => output, listeners, ended) };
}
