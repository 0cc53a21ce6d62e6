import { spawn } from "node:child_process";
import type { ChildProcess } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { ctrfFile } from "../../src/report/ctrf.ts";
import type { Ctrf } from "../../src/report/ctrf.ts";
import { untilShown } from "../output.ts";

/** How a process ended, and all that it wrote. */
export interface Ended {
  readonly exitCode: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly output: string;
}

/** A process that a spec has started. */
export interface Child {
  readonly process: ChildProcess;
  /** Resolves when its output shows a match. Rejects when it ends before. */
  shown(pattern: RegExp): Promise<RegExpExecArray>;
  readonly ended: Promise<Ended>;
}

/** A run of a spec file by the project's own command, with a report of its own. */
export interface Run extends Child {
  /** The report as it is now. */
  report(): string;
  /** The same as data. */
  results(): Ctrf;
}

export interface ChildOptions {
  readonly environment?: Readonly<Record<string, string>>;
  /** A folder that is empty for it: another file system is mounted there, in a namespace of its own. */
  readonly hidden?: string;
  /** The folder of the project that it is about. Default: this one. */
  readonly cwd?: string;
  /** It leads a process group of its own, which a spec can kill as a whole: `process.kill(-pid)`. */
  readonly ownGroup?: boolean;
}

/** What is set for this run is not meant for the runs inside of it. */
const OURS = new Set([
  "STACK",
  "URL",
  "JUNIT_REPORT_PATH",
  "JUNIT_REPORT_STACK",
  "JENKINS_URL",
  "CI",
  "STACKSPEC_ORDER",
  "STACKSPEC_SEED",
  "STACKSPEC_REPEAT_EACH",
  "STACKSPEC_LAST_FAILED",
  "STACKSPEC_FAIL_ON_FLAKY",
  "MYSQL_PASSWORD",
  "MYSQL_ROOT_PASSWORD",
]);

/** No spec waits longer for a run, in milliseconds. */
const LONGEST_RUN_MS = 100_000;

/** What has been started and not ended: it goes with this process. */
const alive = new Set<ChildProcess>();
const folders: string[] = [];
process.once("exit", () => {
  for (const child of alive) child.kill("SIGKILL");
  for (const folder of folders) rmSync(folder, { recursive: true, force: true });
});

/** Starts Node with these words, in the project's folder. */
export function startNode(
  words: readonly string[],
  { environment = {}, hidden, cwd, ownGroup = false }: ChildOptions = {},
): Child {
  const inherited = Object.fromEntries(Object.entries(process.env).filter(([name]) => !OURS.has(name)));
  const hide = [
    "unshare",
    "--map-root-user",
    "--mount",
    "sh",
    "-c",
    `mount -t tmpfs none ${hidden} && exec "$@"`,
    "sh",
  ];
  const [program, ...rest] = [...(hidden === undefined ? [] : hide), process.execPath, "-C", "development", ...words];
  const child = spawn(program!, rest, {
    env: { ...inherited, ...environment },
    cwd,
    detached: ownGroup,
    // The channel tells a run when this process is gone.
    stdio: ["pipe", "pipe", "pipe", "ipc"],
  });
  alive.add(child);
  let output = "";
  const listeners = new Set<() => void>();
  for (const stream of [child.stdout!, child.stderr!])
    stream.setEncoding("utf8").on("data", (text: string) => {
      output += text;
      for (const listener of listeners) listener();
    });
  const ended = new Promise<Ended>((resolve, reject) => {
    child.once("error", reject);
    child.once("close", (exitCode, signal) => {
      alive.delete(child);
      resolve({ exitCode, signal, output });
    });
  });
  return {
    process: child,
    ended,
    shown: (pattern) => untilShown(pattern, () => output, listeners, ended),
  };
}

/** Starts a program under `fixtures/`. */
function startFixture(file: string, options?: ChildOptions): Child {
  return startNode([join("specs/integration/fixtures", file)], options);
}

/** The JSON that a program under `fixtures/` writes as its last line. */
export async function resultOf<T>(file: string, options?: ChildOptions): Promise<T> {
  const { output } = await startFixture(file, options).ended;
  const line = output.trimEnd().split("\n").at(-1)!;
  try {
    return JSON.parse(line) as T;
  } catch {
    throw new Error(`expected JSON from ${file}, got:\n${output}`);
  }
}

/** Runs spec files under `fixtures/` as `npm start` and `npm test` run theirs, as part of the suite `integration` or another. */
export function startRun(
  files: readonly string[],
  { environment = {}, suite = "integration", ...options }: ChildOptions & { suite?: string } = {},
  words: readonly string[] = [],
): Run {
  const folder = mkdtempSync(join(tmpdir(), "stackspec-"));
  folders.push(folder);
  const path = join(folder, "report.xml");
  const paths = files.map((file) => join("specs/integration/fixtures", file));
  const child = startNode(["src/cli/main.ts", "run", suite, ...paths, ...words], {
    ...options,
    environment: { ...environment, JUNIT_REPORT_PATH: path },
  });
  // It then says what it was waiting for.
  const late = setTimeout(() => child.process.kill("SIGINT"), LONGEST_RUN_MS);
  void child.ended.finally(() => clearTimeout(late));
  return {
    ...child,
    report: () => readFileSync(path, "utf8"),
    results: () => JSON.parse(readFileSync(ctrfFile(path), "utf8")) as Ctrf,
  };
}

/** The id of the run that a fixture with `useAndTell` was. */
export function runOf({ output }: Ended): string {
  const [, id] = /^run ([0-9a-f]{8})$/m.exec(output) ?? [];
  if (id === undefined) throw new Error(`expected the run to come to its first spec, got:\n${output}`);
  return id;
}
