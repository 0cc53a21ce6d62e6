import { readFile } from "node:fs/promises";
import type Dockerode from "dockerode";
import { messageOf } from "../../errors.ts";
import type { Service } from "../../stack/stack.ts";
import type { Volume } from "../../stack/volume.ts";
import { isPodman } from "../docker/answers.ts";
import { isNotFound } from "../docker/connect.ts";
import type { Runtime } from "../docker/connect.ts";
import { OWNER_LABEL, RUN_LABEL, thisProcess } from "../docker/labels.ts";
import { followLog } from "../docker/log.ts";
import { impossible } from "./fault-checks.ts";
import { FAULTS_FOLDER, createHelper } from "../plan/fault-helper.ts";
import { CLOCKS } from "../plan/fault-volumes.ts";
import type { StackStart } from "../plan/stack-start.ts";

const MIB = 1024 ** 2;

/** What ends a fault. */
type Undo = () => Promise<void>;

/** Its network fails by a container in its network namespace: for any image, and for the connections that are open too. */
export async function failNetwork(start: StackStart, service: Service, ...words: string[]): Promise<Undo> {
  const { runtime } = await start.run.resources(start.plan);
  return runFault(start, {
    subject: service.name,
    file: "network.py",
    words: (await isRootlessPodman(runtime)) ? ["inside", ...words] : words,
    place: { NetworkMode: `container:${await idOf(start, service)}`, CapAdd: ["NET_ADMIN"] },
    needs: "a kernel whose iptables has NFQUEUE and REJECT",
  });
}

/** There a process in the container's network passes on what comes to its published ports. */
async function isRootlessPodman({ docker, name }: Runtime): Promise<boolean> {
  if (!isPodman({ name })) return false;
  const { SecurityOptions = [] } = (await docker.info()) as { SecurityOptions?: readonly string[] };
  return SecurityOptions.includes("name=rootless");
}

/** Takes all space of a volume that has a size. */
export async function fillVolume(start: StackStart, { name, options }: Volume, volume: string): Promise<Undo> {
  const { sizeMb = 0 } = options;
  return runFault(start, {
    subject: name,
    file: "disk.py",
    words: [`${sizeMb * MIB}`],
    // It may belong to another user.
    place: { Binds: [`${volume}:/volume:nocopy`], CapAdd: ["DAC_OVERRIDE"] },
    needs: `a file system of ${sizeMb} MiB`,
  });
}

/** Shifts the clock of a service that has one of its own, once it is known that its programs look at that. */
export async function shiftClock(start: StackStart, service: Service, offsetMs: number): Promise<Undo> {
  const { clocks } = await start.run.resources(start.plan);
  const { name: subject } = service;
  const file = "clock.py";
  const checked = await runFault(start, {
    subject,
    file,
    words: ["check"],
    place: { PidMode: `container:${await idOf(start, service)}`, CapAdd: ["SYS_PTRACE"] },
    needs: "programs that ask the C library for the time: none that is linked statically, or written in Go",
  });
  await checked();
  return runFault(start, {
    subject,
    file,
    words: ["shift", subject, `${offsetMs}`],
    place: { Binds: [`${clocks}:${CLOCKS}`] },
    needs: "the volume of its clock",
  });
}

async function idOf({ run }: StackStart, service: Service): Promise<string> {
  return (await run.containers.get(service)!.done).container.id;
}

/** A program that makes something fail, in a container of its own. */
interface FaultProgram {
  /** The one that it hits. */
  readonly subject: string;
  /** In `containers/faults/`. */
  readonly file: string;
  readonly words: readonly string[];
  /** Where its container is put, and what it may do there. */
  readonly place: Dockerode.HostConfig;
  /** What it needs, as an error says it. */
  readonly needs: string;
}

/**
 * Runs a program that makes something fail for as long as it runs.
 *
 * @returns ends it
 * @throws StackspecError `FAULT_IMPOSSIBLE` with what it wrote
 */
async function runFault(
  { run, plan }: StackStart,
  { subject, file, words, place, needs }: FaultProgram,
): Promise<() => Promise<void>> {
  const { context } = run;
  const { runtime } = await run.resources(plan);
  const program = await readFile(`${FAULTS_FOLDER}/${file}`, "utf8");
  // The run's, not the stack's: a stack that is kept is left without it.
  const labels = { [RUN_LABEL]: context.runId, [OWNER_LABEL]: thisProcess() };
  const helper = await createHelper(
    { runtime, context, labels },
    { Entrypoint: ["python3", "-c", program], Cmd: [...words], HostConfig: place },
  );
  const remove = (): Promise<void> => helper.remove({ force: true }).catch(ignoreGone);
  try {
    await helper.start();
    await untilItFails(helper);
  } catch (cause) {
    await remove();
    const said = {
      hint: "what was said by the container that was to do it follows",
      evidence: messageOf(cause),
      cause,
    };
    throw impossible(subject, `it cannot be made to fail here: expected ${needs}`, said);
  }
  return async () => {
    // It puts things in order, and exits.
    await helper.kill({ signal: "SIGTERM" }).catch(ignoreGone);
    await helper.wait().catch(ignoreGone);
    await remove();
  };
}

/** Resolves when the program says so. @throws Error with all that it has written, when it ends instead */
async function untilItFails(helper: Dockerode.Container): Promise<void> {
  const log = await followLog(helper, undefined);
  const ready = Promise.withResolvers<void>();
  const stop = log.follow((line) => line === "ready" && ready.resolve());
  void log.ended.then(() => ready.reject(new Error(log.lines.join("\n"))));
  await ready.promise.finally(stop);
}

function ignoreGone(error: unknown): void {
  // 409: it has ended by itself, or somebody else is removing it.
  if (!isNotFound(error) && (error as { statusCode?: number }).statusCode !== 409) throw error;
}
