import { forgetReusableStacks } from "../engine/run/reusable-stack.ts";
import { REAPER_LABEL, RUN_LABEL, listRuns, removeResources } from "../engine/docker/labels.ts";
import { evictSnapshots } from "../engine/snapshot/store.ts";
import { connectEngine } from "../engine/docker/connect.ts";

/**
 * Removes every container, network and volume that an earlier run of stackspec has left on the engine, and the stacks that
 * were kept. What belongs to a run that is alive stays, and so do other people's things.
 */
export async function clean(): Promise<void> {
  const runtime = await connectEngine();
  const { all, alive } = await listRuns(runtime);
  const counts = { containers: 0, networks: 0, volumes: 0 };
  for (const run of [...all].filter((id) => !alive.has(id))) {
    for (const label of [RUN_LABEL, REAPER_LABEL]) {
      const found = await removeResources(runtime, `${label}=${run}`);
      for (const kind of ["containers", "networks", "volumes"] as const) counts[kind] += found[kind].length;
    }
  }
  forgetReusableStacks();
  const counted = Object.entries(counts).map(([kind, count]) => `${count} ${count === 1 ? kind.slice(0, -1) : kind}`);
  const nothing = Object.values(counts).every((count) => count === 0);
  console.log(nothing ? "Nothing of stackspec is left on the engine." : `Removed ${counted.join(", ")}.`);
  if (alive.size > 0)
    console.log(`${alive.size === 1 ? "One run is" : `${alive.size} runs are`} alive and left alone.`);
}

/** Removes the snapshots of all stacks: the next start of each initialises anew. */
export async function cleanSnapshots(): Promise<void> {
  const { docker } = await connectEngine();
  console.log(`Removed ${await evictSnapshots(docker, undefined, { count: 0, days: 0 })} images of snapshots.`);
}
