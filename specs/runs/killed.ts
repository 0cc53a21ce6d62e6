import { execFileSync } from "node:child_process";
import { REAPER_LABEL, RUN_LABEL, engine, leftAfter } from "../integration/engine.ts";

/** When things are gone is the engine's matter, and a busy machine's: this is the time after which they stay. */
const GONE_WITHIN_MS = 90_000;

/** The processes that have come from this one, the ids of the runs that they are, and their end. */
export function treeOf(root: number): {
  readonly ids: readonly string[];
  /** @param victim @default both */
  kill(victim?: "the run" | "its watchdog"): void;
} {
  const listed = execFileSync("ps", ["-A", "-o", "pid=,ppid=,args="], { encoding: "utf8" });
  const all = [...listed.matchAll(/^ *(\d+) +(\d+) (.*)$/gm)].map(([, pid, parent, words]) => ({
    pid: Number(pid),
    parent: Number(parent),
    run: /watchdog\.[jt]s ([0-9a-f]{8})$/.exec(words!)?.[1],
  }));
  const tree = all.filter(({ pid }) => pid === root);
  for (const { pid } of tree) tree.push(...all.filter(({ parent }) => parent === pid));
  return {
    ids: tree.flatMap(({ run }) => run ?? []),
    kill(victim) {
      const killed = tree.filter(({ pid, run }) => {
        if (victim === undefined) return true;
        return victim === "its watchdog" ? run !== undefined : pid === root;
      });
      // Held, none of them can do anything about the end of another.
      for (const signal of ["SIGSTOP", "SIGKILL"]) for (const { pid } of killed) process.kill(pid, signal);
    },
  };
}

/** What stays of a run on the engine. */
export async function leftOf(run: string): Promise<string[]> {
  const things = await Promise.all(
    [RUN_LABEL, REAPER_LABEL].map((label) => leftAfter(`${label}=${run}`, GONE_WITHIN_MS)),
  );
  const images = await (await engine()).listImages({ filters: { label: [`${RUN_LABEL}=${run}`] } });
  return [...things.flat(), ...images.map(({ Id }) => `image ${Id}`)];
}
