import { readFileSync } from "node:fs";
import { hostname } from "node:os";
import type Dockerode from "dockerode";
import type { Runtime } from "./connect.ts";
import { isNotFound } from "./connect.ts";

/** Everything of one run carries this label with the run's id, and so has one owner. */
export const RUN_LABEL = "dev.stackspec.run";
/** The reaper of a run: not the run's own, for it must not reap itself. */
export const REAPER_LABEL = "dev.stackspec.reaper";
/** The process that the run is, as `<host>/<pid>`: what belongs to a living run is not left over. */
export const OWNER_LABEL = "dev.stackspec.owner";
/** The stack of a run that a thing belongs to, and its name there. */
export const STACK_LABEL = "dev.stackspec.stack";
export const NAME_LABEL = "dev.stackspec.name";

/** What is on the engine under one label: ids of containers, networks and volumes. */
export interface LabelledResources {
  readonly containers: readonly string[];
  readonly networks: readonly string[];
  readonly volumes: readonly string[];
}

/** This process, as the value of the owner's label. */
export const thisProcess = (): string => `${hostname()}/${process.pid}`;

/** The host in an owner's label. */
export const hostOf = (owner = ""): string => owner.split("/")[0]!;

/** The runs that have something on the engine. */
export interface Runs {
  readonly all: ReadonlySet<string>;
  /** Those whose process is still there. */
  readonly alive: ReadonlySet<string>;
  /** Those of other hosts, with the host: whether they are alive can only be known there. */
  readonly elsewhere: ReadonlyMap<string, string>;
}

/** Lists the runs that have something on the engine. */
export async function listRuns({ docker }: Runtime): Promise<Runs> {
  const filters = { label: [RUN_LABEL] };
  const [containers, reapers, networks, { Volumes: volumes }] = await Promise.all([
    docker.listContainers({ all: true, filters }),
    docker.listContainers({ all: true, filters: { label: [REAPER_LABEL] } }),
    docker.listNetworks({ filters }),
    docker.listVolumes({ filters }),
  ]);
  const all = new Set<string>();
  const alive = new Set<string>();
  const elsewhere = new Map<string, string>();
  for (const { Labels } of [...containers, ...reapers, ...networks, ...(volumes ?? [])]) {
    const { [REAPER_LABEL]: guarded, [RUN_LABEL]: run = guarded, [OWNER_LABEL]: owner = "" } = Labels ?? {};
    if (run === undefined) continue;
    all.add(run);
    const [host, pid] = owner.split("/");
    if (owner !== "" && host !== hostname()) elsewhere.set(run, host!);
    else if (isAlive(Number(pid))) alive.add(run);
  }
  return { all, alive, elsewhere };
}

/** True when the process of an owner's label was one of this machine, and is not there any more. */
export function isOwnerDead(owner = ""): boolean {
  return hostOf(owner) === hostname() && !isAlive(Number(owner.split("/")[1]));
}

/** True when a process of this machine has this id, and has not ended. */
function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return !isZombie(pid);
  } catch (error) {
    return (error as { code: string }).code === "EPERM";
  }
}

/** True for one that has ended, and whose parent has not asked how: https://man7.org/linux/man-pages/man5/proc_pid_stat.5.html */
function isZombie(pid: number): boolean {
  try {
    return readFileSync(`/proc/${pid}/stat`, "latin1").split(") ").at(-1)!.startsWith("Z ");
  } catch {
    // Not Linux.
    return false;
  }
}

/** Of a thing on the engine. */
export type Labels = Readonly<Record<string, string | undefined>>;

/** Lists what carries a label (`KEY` or `KEY=VALUE`), stopped containers too: all of it, or what is meant by its labels. */
export async function listResources(
  { docker }: Runtime,
  label: string,
  isMeant: (labels: Labels) => boolean = () => true,
): Promise<LabelledResources> {
  const filters = { label: [label] };
  const [containers, networks, { Volumes: volumes }] = await Promise.all([
    docker.listContainers({ all: true, filters }),
    docker.listNetworks({ filters }),
    docker.listVolumes({ filters }),
  ]);
  const meant = ({ Labels }: { Labels?: Labels | undefined }): boolean => isMeant(Labels ?? {});
  return {
    containers: containers.filter(meant).map(({ Id }) => Id),
    networks: networks.filter(meant).map(({ Id }) => Id),
    volumes: (volumes ?? []).filter(meant).map(({ Name }) => Name),
  };
}

/** Removes what `listResources` finds: containers first, because networks and volumes in use cannot go. Returns what it found. */
export async function removeResources(
  runtime: Runtime,
  ...which: [label: string, isMeant?: (labels: Labels) => boolean]
): Promise<LabelledResources> {
  const { docker } = runtime;
  const found = await listResources(runtime, ...which);
  await settleAll(found.containers.map((id) => removeContainer(docker.getContainer(id))));
  await settleAll([
    ...found.networks.map((id) => ignoreGone(docker.getNetwork(id).remove())),
    ...found.volumes.map((name) => ignoreGone(docker.getVolume(name).remove())),
  ]);
  return found;
}

/** Removes a container, whatever runs in it. Podman would ask that to end, and wait for ten seconds; killed before, it has ended. */
export async function removeContainer(container: Dockerode.Container): Promise<void> {
  // One that does not run cannot be killed.
  await container.kill().catch(() => {});
  await ignoreGone(container.remove({ force: true, v: true }));
}

/** How many things there are. */
export function countResources({ containers, networks, volumes }: LabelledResources): number {
  return containers.length + networks.length + volumes.length;
}

/** "2 containers (a1b2c3, d4e5f6), 1 network (4f5a6b)": short ids. */
export function describeResources(found: LabelledResources): string {
  return Object.entries(found)
    .filter(([, ids]) => ids.length > 0)
    .map(
      ([kind, ids]) =>
        `${ids.length} ${ids.length === 1 ? kind.slice(0, -1) : kind} (${ids.map((id: string) => id.slice(0, 40)).join(", ")})`,
    )
    .join(", ");
}

/** Waits until all have settled, then throws the first failure: one that fails must not keep the others from being done. */
export async function settleAll(work: readonly Promise<unknown>[]): Promise<void> {
  const failed = (await Promise.allSettled(work)).find((outcome) => outcome.status === "rejected");
  if (failed !== undefined) throw failed.reason;
}

/** Of a removal: what is gone is what was wanted. */
export async function ignoreGone(removal: Promise<unknown>): Promise<void> {
  try {
    await removal;
  } catch (error) {
    // 409: somebody else (the reaper, another clean-up) is removing it at this moment.
    if (!isNotFound(error) && !String(error).includes("already in progress")) throw error;
  }
}
