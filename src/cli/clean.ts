import { forgetReusableStack } from "../engine/kept/kept-note.ts";
import { isReusableStack, lockStack } from "../engine/kept/reusable-stack.ts";
import { REAPER_LABEL, RUN_LABEL, listRuns, removeResources } from "../engine/docker/labels.ts";
import { evictSnapshots } from "../engine/snapshot/evict.ts";
import { forgetRefusals } from "../engine/snapshot/refused.ts";
import { connectEngine } from "../engine/docker/connect.ts";
import { say } from "../terminal.ts";

/**
 * Removes every container, network and volume that an earlier run of stackspec has left on the engine, and the stacks that
 * were kept. What belongs to a run that is alive stays, a kept stack that one uses included, and so do other people's things.
 *
 * @param options `everyHost`: also what runs of other hosts have left, of which nobody here can tell whether they are
 *   alive. Default false
 */
export async function clean({ everyHost = false }: { everyHost?: boolean } = {}): Promise<void> {
  const runtime = await connectEngine();
  const { all, alive, elsewhere } = await listRuns(runtime);
  const counts = { containers: 0, networks: 0, volumes: 0 };
  const hosts: string[] = [];
  let inUse = 0;
  for (const run of all) {
    const host = elsewhere.get(run);
    if (host !== undefined && !everyHost) {
      hosts.push(host);
      continue;
    }
    const unlock = await lock(run, alive);
    if (unlock === undefined) {
      inUse += 1;
      continue;
    }
    try {
      for (const label of [RUN_LABEL, REAPER_LABEL]) {
        const found = await removeResources(runtime, `${label}=${run}`);
        for (const kind of ["containers", "networks", "volumes"] as const) counts[kind] += found[kind].length;
      }
      if (isReusableStack(run)) await forgetReusableStack(run);
    } finally {
      unlock();
    }
  }
  const counted = Object.entries(counts).map(([kind, count]) => `${count} ${count === 1 ? kind.slice(0, -1) : kind}`);
  const nothing = Object.values(counts).every((count) => count === 0);
  const left = inUse + hosts.length > 0 ? "Nothing was left to remove." : "Nothing of stackspec is left on the engine.";
  say(nothing ? left : `Removed ${counted.join(", ")}.`);
  if (inUse > 0) say(`${inUse === 1 ? "One run is" : `${inUse} runs are`} alive and left alone.`);
  if (hosts.length > 0) {
    const runs = hosts.length === 1 ? "One run of another host is" : `${hosts.length} runs of other hosts are`;
    const names = [...new Set(hosts)].join(", ");
    say(`${runs} left alone (${names}): clean up there, or say --every-host when nothing runs there any more.`);
  }
}

/** What lets go of a run again that nobody uses. A kept stack's run is whoever has locked it, not who once started it. */
async function lock(run: string, alive: ReadonlySet<string>): Promise<(() => void) | undefined> {
  if (isReusableStack(run)) return lockStack(run);
  return alive.has(run) ? undefined : () => {};
}

/** Removes the snapshots of all stacks: the next start of each initialises anew. */
export async function cleanSnapshots(): Promise<void> {
  const { docker } = await connectEngine();
  forgetRefusals();
  say(`Removed ${await evictSnapshots(docker, undefined, { count: 0, days: 0 })} images of snapshots.`);
}
