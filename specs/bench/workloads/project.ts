import { execFileSync } from "node:child_process";
import { appendFileSync, cpSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { STACK_LABEL, removeResources } from "../../../src/engine/docker/labels.ts";
import { forgetReusableStack } from "../../../src/engine/kept/kept-note.ts";
import { SNAPSHOT_STACK_LABEL } from "../../../src/engine/snapshot/store.ts";
import { LOCAL } from "../../../src/images/debian.ts";
import type { Bench } from "../bench.ts";
import { run } from "../child.ts";
import type { Ended } from "../child.ts";

const repository = join(import.meta.dirname, "../../..");

/** What one run of one workload took. */
export interface WorkloadSample {
  /** The whole command, or all commands, specs included, in milliseconds. */
  readonly wholeMs: number;
  /** Of it, by the phases that the command tells, in milliseconds. */
  readonly phases?: Readonly<Record<string, number>>;
  /** The most memory that the command and its children had, in mebibytes. */
  readonly peakMib?: number | undefined;
  /** The same for one spec file in place of all, where that was measured too. */
  readonly oneFileMs?: number;
}

/** A copy of this repository with stacks and images of its own names, in which developers edit. */
export interface Project {
  readonly folder: string;
  /** What its release stack is called. */
  readonly releaseName: string;
  /** For every command. */
  readonly environment: Readonly<Record<string, string>>;
  /** Adds a line, never the same twice. `@` in it stands for what makes it different. */
  edit(path: string, line: string): void;
  /** Adds something behind a text, with `@` as above. */
  extend(path: string, text: string, by: string): void;
  /** Runs `npm start` with these words behind `--`. */
  start(words?: readonly string[], environment?: Readonly<Record<string, string>>): Promise<WorkloadSample>;
  /** Runs `stackspec`, or any command of npm. */
  stackspec(words: readonly string[]): Promise<Ended>;
  npm(words: readonly string[]): Promise<Ended>;
  removeSnapshots(): Promise<void>;
  removeKept(): Promise<void>;
  /** Removes its images, its snapshots and what it has kept. */
  release(): Promise<void>;
}

/** The stacks of the copy, by their file's name: `release`, the todobackend's, and `shop`. */
export function copyProject(bench: Bench): Project {
  const folder = join(bench.folder, "project");
  const files = execFileSync("git", ["ls-files", "-coz", "--exclude-standard"], {
    cwd: repository,
    encoding: "utf8",
  }).split("\0");
  for (const file of files.filter(Boolean)) {
    mkdirSync(dirname(join(folder, file)), { recursive: true });
    cpSync(join(repository, file), join(folder, file));
  }
  symlinkSync(join(repository, "node_modules"), join(folder, "node_modules"));
  cpSync(join(folder, "specs/bench/programs/shop/stack.ts"), join(folder, "specs/stacks/shop.ts"));
  const own = `bench-${bench.id}`;
  const names = { release: `release-${own}`, shop: `shop-${own}` };
  let edits = 0;
  const change = (path: string, by: (text: string) => string): void => {
    const before = readFileSync(join(folder, path), "utf8");
    const after = by(before);
    if (after === before) throw new Error(`expected something to change in ${path}`);
    writeFileSync(join(folder, path), after);
  };
  for (const [file, name] of Object.entries(names)) {
    const path = `specs/stacks/${file}.ts`;
    change(path, (text) => text.replace(`Stack("${file}"`, `Stack("${name}"`));
    change(path, (text) => text.replaceAll(/imageFrom\("([^"]+)"/g, `imageFrom("$1-${own}"`));
  }

  const environment = {
    STACK: "release",
    URL: "",
    CI: "",
    MYSQL_PASSWORD: "",
    MYSQL_ROOT_PASSWORD: "",
    STACKSPEC_KEEP: "0",
    STACKSPEC_SNAPSHOTS: "on",
    STACKSPEC_IMAGES: "auto",
    JUNIT_REPORT_PATH: join(bench.folder, "report.xml"),
  };
  const npm = (words: readonly string[], given: Readonly<Record<string, string>> = {}, memory = false) =>
    run("npm", words, { cwd: folder, environment: { ...environment, ...given }, signal: bench.signal, memory });
  const images = async (filters: Record<string, string[]>): Promise<void> => {
    const found = await bench.runtime.docker.listImages({ filters });
    await Promise.allSettled(found.map(({ Id }) => bench.runtime.docker.getImage(Id).remove({ force: true })));
  };
  const removeSnapshots = async (): Promise<void> => {
    for (const name of Object.values(names)) await images({ label: [`${SNAPSHOT_STACK_LABEL}=${name}`] });
  };

  return {
    folder,
    releaseName: names.release,
    environment,
    edit(path, line) {
      edits += 1;
      appendFileSync(join(folder, path), `${line.replaceAll("@", `${bench.id} ${edits}`)}\n`);
    },
    extend(path, text, by) {
      edits += 1;
      change(path, (before) => before.replace(text, text + by.replaceAll("@", `${bench.id} ${edits}`)));
    },
    async start(words = [], given = {}) {
      const { tookMs, lines, peakMib } = await npm(["start", "--", ...words], given, true);
      return { wholeMs: tookMs, phases: phasesOf(lines.join("\n")), peakMib };
    },
    stackspec: (words) =>
      run(process.execPath, ["-C", "development", "src/cli/main.ts", ...words], {
        cwd: folder,
        environment,
        signal: bench.signal,
      }),
    npm,
    removeSnapshots,
    removeKept: () => removeKept(bench, Object.values(names)),
    async release() {
      await removeKept(bench, Object.values(names));
      await removeSnapshots();
      await images({ reference: [`${LOCAL}/*-${own}`] });
    },
  };
}

/** "stack 1.2, specs 2.7" at the end of the last line that a run prints, in milliseconds. */
function phasesOf(output: string): Record<string, number> {
  const [, end = "0", list = ""] = /, end after ([\d.]+) s: (.*)$/m.exec(output) ?? [];
  const phases = list.split(", ").map((each) => {
    const [, name = "", seconds] = /^(.*) ([\d.]+)$/.exec(each) ?? [];
    return [name, Number(seconds) * 1000] as const;
  });
  return { ...Object.fromEntries(phases), end: Number(end) * 1000 };
}

async function removeKept({ runtime }: Bench, names: readonly string[]): Promise<void> {
  const found = await runtime.docker.listContainers({ all: true, filters: { label: [STACK_LABEL] } });
  const kept = new Set(found.map(({ Labels }) => Labels[STACK_LABEL]!));
  for (const id of kept)
    if (names.some((name) => id.includes(name))) {
      await removeResources(runtime, `${STACK_LABEL}=${id}`);
      await forgetReusableStack(id);
    }
}
