import type { Duplex } from "node:stream";
import { PassThrough } from "node:stream";
import { setTimeout as sleep } from "node:timers/promises";
import { messageOf } from "../../errors.ts";
import type { Runtime } from "../docker/connect.ts";
import { OWNER_LABEL, REAPER_LABEL, RUN_LABEL, isOwnerDead, removeResources, thisProcess } from "../docker/labels.ts";
import { reap } from "./reap.ts";

/** How long a run may be gone from its reaper before that begins to remove, in milliseconds. */
const GRACE_MS = 10_000;
/** Pauses between attempts to put another reaper in the place of one that is lost, in milliseconds: less than the grace. */
const PAUSES_MS = [0, 250, 500, 1_000, 2_000, 4_000];
/** How long the engine may take to start a reaper, and that to say its word, in milliseconds: no stack waits for longer. */
const STARTED_WITHIN_MS = 30_000;

/** Where an engine's socket is on most machines, and in the reaper. */
const SOCKET = "/var/run/docker.sock";

/** A process on the engine's own machine, which outlives the death of all of ours. */
export interface Reaper {
  /** Removes it: everything it was to guard is gone. */
  dismiss(): Promise<void>;
}

type Container = ReturnType<Runtime["docker"]["getContainer"]>;

/** A reaper's container, and the run's connection to its input: the one way to it. */
interface Post {
  readonly container: Container;
  readonly connection: Duplex;
  /** Resolves when it has said its word, and rejects when it says anything else, or nothing. */
  readonly guards: Promise<void>;
  /** Resolves when the connection is closed. */
  readonly lost: Promise<void>;
}

/**
 * Starts a container that removes what carries the run's label once the run is gone, and resolves when the engine has
 * started it: from then on nothing of ours has to live for that. It is on no network and has no port. It holds on to the run
 * by its standard input, which the engine closes when the run's connection closes, with the death of its process at the
 * latest. A run that lives and has lost it puts another in its place before the grace of the first is over.
 *
 * @param image any with Node in it
 * @param onLost told in one line, once, why no reaper guards the run, when none does any more
 */
export async function startReaper(
  runtime: Runtime,
  image: string,
  runId: string,
  onLost: (why: string) => void,
): Promise<Reaper> {
  const dismissed = new AbortController();
  let current = await post(runtime, image, runId);

  async function replace(): Promise<void> {
    let failure: unknown;
    for (const pauseMs of PAUSES_MS) {
      await sleep(pauseMs, undefined, { ref: false, signal: dismissed.signal });
      // First: its time is running.
      await remove(current);
      try {
        current = await post(runtime, image, runId);
        return;
      } catch (error) {
        failure = error;
      }
    }
    throw failure;
  }
  async function watch(): Promise<void> {
    try {
      for (;;) {
        await current.guards;
        await current.lost;
        await replace();
      }
    } catch (error) {
      if (dismissed.signal.aborted) return;
      await remove(current);
      onLost(messageOf(error));
    }
  }
  const watching = watch();
  void removeUnstarted(runtime).catch(() => {});
  return {
    async dismiss() {
      dismissed.abort();
      current.connection.destroy();
      await watching;
      await removeResources(runtime, `${REAPER_LABEL}=${runId}`).catch(() => {});
    },
  };
}

function post(runtime: Runtime, image: string, runId: string): Promise<Post> {
  const late = sleep(STARTED_WITHIN_MS, undefined, { ref: false }).then(() => {
    throw new Error(`the engine has not started it within ${STARTED_WITHIN_MS} ms`);
  });
  const started = startContainer(runtime, image, runId).catch((error: unknown) => {
    if (runtime.socketPath === SOCKET) throw error;
    // What is there on this machine may be elsewhere on the engine's own: it forwards its socket.
    return startContainer({ ...runtime, socketPath: SOCKET }, image, runId).catch(() => {
      throw error;
    });
  });
  return Promise.race([started, late]);
}

async function startContainer({ docker, socketPath }: Runtime, image: string, runId: string): Promise<Post> {
  const word = `guarding ${runId}`;
  const words = [word, `${RUN_LABEL}=${runId}`, GRACE_MS].map((each) => JSON.stringify(each));
  const failing = "(error) => { console.error(error.message); process.exit(1); }";
  const container = await docker.createContainer({
    name: `stackspec-reaper-${runId}-${Date.now()}`,
    Image: image,
    Entrypoint: ["node"],
    Cmd: ["--eval", `(${reap.toString()})(${words.join()}).catch(${failing})`],
    User: "0:0",
    // No run label: it must not reap itself. It goes when its work is done.
    Labels: { [REAPER_LABEL]: runId, [OWNER_LABEL]: thisProcess() },
    OpenStdin: true,
    StdinOnce: true,
    AttachStdin: true,
    AttachStdout: true,
    AttachStderr: true,
    // Node as a container's first process does not heed SIGTERM.
    StopSignal: "SIGKILL",
    HostConfig: {
      AutoRemove: true,
      NetworkMode: "none",
      ReadonlyRootfs: true,
      CapDrop: ["ALL"],
      SecurityOpt: ["no-new-privileges:true"],
      // Unlike a bind, it is refused where there is no such path: nothing is made in its place.
      Mounts: [{ Type: "bind", Source: socketPath, Target: SOCKET }],
    },
  });
  try {
    // Before it starts: who dies now leaves a reaper that knows it.
    const options = { stream: true, hijack: true, stdin: true, stdout: true, stderr: true };
    const connection = (await container.attach(options)) as Duplex & { unref?(): void };
    connection.unref?.();
    connection.on("error", () => {});
    const lost = new Promise<void>((resolve) => connection.once("close", resolve));
    const guards = spoken(container, connection, word);
    guards.catch(() => {});
    await container.start();
    return { container, connection, guards, lost };
  } catch (error) {
    await container.remove({ force: true }).catch(() => {});
    throw error;
  }
}

/** Resolves when the first line from there is `word`. */
function spoken({ modem }: Container, connection: Duplex, word: string): Promise<void> {
  return new Promise((resolve, reject) => {
    let said = "";
    const judge = (): void => {
      const [line, more] = said.split("\n");
      if (line === word) resolve();
      else reject(new Error(`expected the reaper to say "${word}", it said "${line}"`));
      // It takes the run for gone: somebody else had its input too.
      if (more !== "") connection.destroy();
    };
    const heard = new PassThrough().setEncoding("utf8").on("data", (text: string) => {
      said += text;
      if (said.endsWith("\n")) judge();
    });
    modem.demuxStream(connection, heard, heard);
    connection.once("close", judge);
    setTimeout(judge, STARTED_WITHIN_MS).unref();
  });
}

async function remove({ container, connection }: Post): Promise<void> {
  connection.destroy();
  await container.remove({ force: true }).catch(() => {});
}

/**
 * Removes the reapers of runs that were killed when the engine had made them and was not told yet to start them. It has no way
 * to do both at once, and what has not started does nothing.
 */
async function removeUnstarted({ docker }: Runtime): Promise<void> {
  const found = await docker.listContainers({ all: true, filters: { label: [REAPER_LABEL], status: ["created"] } });
  const long = Date.now() - 2 * STARTED_WITHIN_MS;
  const left = found.filter(({ Created, Labels }) => isOwnerDead(Labels[OWNER_LABEL]) || Created * 1_000 < long);
  await Promise.allSettled(left.map(({ Id }) => docker.getContainer(Id).remove()));
}
