import { join } from "node:path";
import type { Bench } from "./bench.ts";
import { run, runProgram } from "./child.ts";

/** What one run of one way took; times in milliseconds since the beginning. */
export interface Sample {
  /** `/todos` answers 200 through nginx. */
  readonly readyMs?: number;
  /** Everything is gone again. */
  readonly goneMs?: number;
  /** The same, counted from the start of the process that does it. */
  readonly processReadyMs?: number;
  readonly processGoneMs?: number;
  /** What mysqld says it needed itself. */
  readonly mysqldMs?: number;
  readonly firstSpecMs?: number;
  readonly peakMib?: number;
}

/** A way to bring up the stack, or the project's command. */
export interface Way {
  readonly name: string;
  readonly title: string;
  sample(): Promise<Sample>;
}

/** Testcontainers without stackspec. */
export function plainWay({ images, labels, environment, signal, runtime }: Bench): Way {
  return {
    name: "plain",
    title: "Testcontainers one after the other, its own waits",
    async sample() {
      const volume = `stackspec-bench-${process.pid}`;
      await runtime.docker.createVolume({ Name: volume, Labels: labels });
      const { at, tookMs } = await runProgram("plain", [JSON.stringify({ ...images, labels, volume })], {
        // Its reaper is not what is measured, and cannot be had without a registry.
        environment: { ...environment, TESTCONTAINERS_RYUK_DISABLED: "true" },
        signal,
      });
      await runtime.docker.getVolume(volume).remove();
      return between(at, tookMs);
    },
  };
}

/** stackspec from code: as a spec file, or any other program, uses it. */
export function ourWay(bench: Bench, name: "cold" | "snapshot" | "kept"): Way {
  const titles = {
    cold: "stackspec, nothing kept from before",
    snapshot: "stackspec, from a snapshot",
    kept: "stackspec, on a stack that an earlier run has kept",
  };
  const settings = {
    cold: { STACKSPEC_SNAPSHOTS: "off" },
    snapshot: {},
    kept: { STACKSPEC_KEEP: "1" },
  };
  return {
    name,
    title: titles[name],
    async sample() {
      const environment = { ...bench.environment, ...settings[name] };
      const { at, tookMs, told } = await runProgram("ours", [], { environment, signal: bench.signal });
      if (name === "kept") bench.keeps(told.get("id")![0]!);
      if (name !== "cold" && told.get("restored")?.[0] !== "true") throw new Error("expected it to use the snapshot");
      return between(at, tookMs);
    },
  };
}

/** `npm start`: the command that a developer types, with all acceptance specs. */
export function startWay(bench: Bench, name: "start" | "start-kept"): Way {
  const kept = name === "start-kept";
  return {
    name,
    title: kept ? "npm start -- --keep, with all acceptance specs" : "npm start, with all acceptance specs",
    async sample() {
      const environment = {
        ...bench.environment,
        STACKSPEC_KEEP: kept ? "1" : "0",
        JUNIT_REPORT_PATH: join(bench.folder, `${name}.xml`),
      };
      const ended = await run("npm", ["start"], { environment, signal: bench.signal, memory: true });
      const [, first] = /first spec after ([\d.]+) s/.exec(ended.lines.join("\n")) ?? [];
      return {
        processGoneMs: ended.tookMs,
        ...(first === undefined ? {} : { firstSpecMs: Number(first) * 1000 }),
        ...(ended.peakMib === undefined ? {} : { peakMib: ended.peakMib }),
      };
    },
  };
}

function between(at: (mark: string) => number, tookMs: number): Sample {
  const called = at("called");
  return {
    readyMs: at("ready") - called,
    goneMs: at("gone") - called,
    processReadyMs: at("ready"),
    processGoneMs: tookMs,
  };
}
