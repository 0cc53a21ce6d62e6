import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { homedir } from "node:os";
import { join } from "node:path";
import type { Node, Stack } from "../../stack/stack.ts";
import { NAME_LABEL, STACK_LABEL, isAlive, removeResources } from "../docker/labels.ts";
import type { Runtime } from "../docker/connect.ts";

/** What is known of kept stacks beside what the engine knows: who uses one now, and its volumes' files. */
const FOLDER = join(homedir(), ".cache", "stackspec", "kept");

/** A stack that stays up between runs, for as long as nothing it comes from changes. */
export interface ReusableStack {
  /** Its name on the engine. */
  readonly id: string;
  /** The value of the run label of what belongs to it: no run, and so no run's end, owns it. */
  readonly owner: string;
  /** Ids of the containers that are up, by service; undefined when it has to be started. */
  readonly containers: ReadonlyMap<string, string> | undefined;
  /** Where the content of a volume is remembered for the next run. */
  baselineFile(volume: string): string | undefined;
  /** Lets the next run have it. */
  unlock(): void;
}

/**
 * The kept stack of this key, for this run alone. Undefined when another run uses it at this moment. What is left of
 * one that was cut off, or has lost a container, is removed first.
 */
export async function claimReusableStack(
  runtime: Runtime,
  stack: Stack,
  key: string,
): Promise<ReusableStack | undefined> {
  const id = `stackspec-${stack.name}-kept-${key}`;
  const lock = join(FOLDER, `${id}.lock`);
  if (!acquire(lock)) return undefined;
  const unlock = (): void => rmSync(lock, { force: true });
  process.once("exit", unlock);

  const containers = await containersOf(runtime, id);
  const services = stack.nodes.filter(({ kind }: Node) => kind === "service");
  const isUp = services.length > 0 && services.every(({ name }) => containers.has(name));
  if (!isUp) await removeResources(runtime, `${STACK_LABEL}=${id}`);
  return {
    id,
    owner: `kept-${key}`,
    containers: isUp ? containers : undefined,
    baselineFile: (volume) => join(FOLDER, `${id}.${volume}.tar`),
    unlock,
  };
}

/** Ids of the containers of a stack that are up, by service. */
export async function containersOf({ docker }: Runtime, stackId: string): Promise<Map<string, string>> {
  const running = await docker.listContainers({ filters: { label: [`${STACK_LABEL}=${stackId}`] } });
  return new Map(running.map(({ Id, Labels }) => [Labels[NAME_LABEL]!, Id]));
}

/** Forgets what is remembered of kept stacks. */
export function forgetReusableStacks(): void {
  rmSync(FOLDER, { recursive: true, force: true });
}

/** True when the lock is ours now: nobody had it, or who had it is gone. */
function acquire(lock: string): boolean {
  mkdirSync(FOLDER, { recursive: true });
  if (existsSync(lock) && !isAlive(Number(readFileSync(lock, "utf8")))) rmSync(lock, { force: true });
  try {
    writeFileSync(lock, String(process.pid), { flag: "wx" });
    return true;
  } catch {
    return false;
  }
}
