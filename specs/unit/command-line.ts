import { spawn } from "node:child_process";
import type { ChildProcess } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { untilShown } from "../output.ts";

const repository = join(import.meta.dirname, "../..");

/** How a command ended. */
export interface Ended {
  readonly exitCode: number | null;
  readonly output: string;
  /** What it wrote to standard error. */
  readonly errors: string;
}

/** A command that runs. */
export interface Running {
  readonly process: ChildProcess;
  readonly ended: Promise<Ended>;
  /** Resolves when its output shows a match. Rejects when it ends before. */
  shown(pattern: RegExp): Promise<RegExpExecArray>;
}

/** A project of its own, in a folder of its own. */
export interface Project {
  readonly folder: string;
  /** Starts `stackspec` with these words there, at the head of a process group, where no engine can be reached. */
  start(words: readonly string[], environment?: Readonly<Record<string, string>>): Running;
  run(words: readonly string[], environment?: Readonly<Record<string, string>>): Promise<Ended>;
  /** Where a file of it is. */
  path(path: string): string;
  read(path: string): string;
  /** The names of what is in a folder. */
  list(path: string): readonly string[];
  /** Ends what still runs there, and removes it. */
  remove(): void;
}

/** Makes a project of these files, which find `stackspec` and `chai`. */
export function makeProject(files: Readonly<Record<string, string>>): Project {
  const folder = mkdtempSync(join(tmpdir(), "command-line-"));
  const write = (path: string, text: string): void => {
    mkdirSync(dirname(join(folder, path)), { recursive: true });
    writeFileSync(join(folder, path), text);
  };
  write("package.json", '{ "type": "module" }\n');
  mkdirSync(join(folder, "node_modules"));
  symlinkSync(repository, join(folder, "node_modules/stackspec"));
  symlinkSync(join(repository, "node_modules/chai"), join(folder, "node_modules/chai"));
  for (const [path, text] of Object.entries(files)) write(path, text);

  const started: Running[] = [];
  const start: Project["start"] = (words, environment = {}) => {
    const running = startCommand(folder, words, environment);
    started.push(running);
    return running;
  };
  return {
    folder,
    start,
    run: (words, environment) => start(words, environment).ended,
    path: (path) => join(folder, path),
    read: (path) => readFileSync(join(folder, path), "utf8"),
    list: (path) => readdirSync(join(folder, path)).toSorted(),
    remove() {
      for (const { process: child } of started) killGroup(child.pid!);
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

/** Ends a command and every process that it has left. */
function killGroup(pid: number): void {
  try {
    process.kill(-pid, "SIGKILL");
  } catch {
    // Nothing of it is left.
  }
}

function startCommand(cwd: string, words: readonly string[], environment: Readonly<Record<string, string>>): Running {
  const child = spawn(process.execPath, ["-C", "development", join(repository, "src/cli/main.ts"), ...words], {
    cwd,
    env: { PATH: process.env["PATH"], STACKSPEC_ENGINE: "none", ...environment },
    stdio: ["ignore", "pipe", "pipe"],
    detached: true,
  });
  let output = "";
  let errors = "";
  const listeners = new Set<() => void>();
  const hear = (text: string): void => {
    output += text;
    for (const listener of listeners) listener();
  };
  child.stdout.setEncoding("utf8").on("data", hear);
  child.stderr.setEncoding("utf8").on("data", (text: string) => {
    errors += text;
    hear(text);
  });
  const ended = new Promise<Ended>((resolve, reject) => {
    child.once("error", reject);
    child.once("close", (exitCode) => resolve({ exitCode, output, errors }));
  });
  return {
    process: child,
    ended,
    shown: (pattern) => untilShown(pattern, () => output, listeners, ended),
  };
}
