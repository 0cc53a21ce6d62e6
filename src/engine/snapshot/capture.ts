import { posix } from "node:path";
import type { Readable } from "node:stream";
import type Dockerode from "dockerode";
import type { StartedTestContainer } from "testcontainers";
import { StackspecError, messageOf } from "../../errors.ts";
import { folderArchive, moveArchive } from "../docker/archive.ts";
import { RUN_LABEL, ignoreGone } from "../docker/labels.ts";
import { copyCommand, removeCommand } from "../drivers/data.ts";
import { COPY_PATH, DATA_PATH } from "./store.ts";

/** A folder of a container, and where it lies in a snapshot's image. */
export interface Part {
  readonly from: Dockerode.Container;
  readonly path: string;
  readonly to: string;
}

/**
 * Copies the data directory of a container that runs, with all its processes stopped meanwhile, as long as `cp` takes: what
 * it holds then is what a `kill -9` would leave, and what its server starts from as it would after one.
 *
 * @param data where it is, and what of it is not copied
 * @param name of the copy; several are kept beside each other
 * @throws StackspecError `SNAPSHOT_FAILED` when the image has no shell, or the directory cannot be read
 */
export async function copyData(
  service: string,
  { started, container }: { readonly started: StartedTestContainer; readonly container: Dockerode.Container },
  { path, ephemeral }: { readonly path: string; readonly ephemeral: readonly string[] },
  name: string,
): Promise<Part> {
  const refuse = (why: string, cause?: unknown): StackspecError =>
    new StackspecError("SNAPSHOT_FAILED", `its data, ${path}, cannot be copied: ${why}`, {
      subject: service,
      hint: "without a snapshot each start initialises it",
      cause,
    });
  // The processes of the machine are not ours to stop.
  if ((await container.inspect()).HostConfig.PidMode === "host") throw refuse("it shares the machine's processes");
  // Who runs the server is the image's to say.
  await container.putArchive(folderArchive(name, 0o1777), { path: COPY_PATH });
  const to = posix.join(COPY_PATH, name, "data");
  const freeze = "kill -STOP -1 2>/dev/null; trap 'kill -CONT -1 2>/dev/null' EXIT";
  // Its first process hears such a signal only from outside of it.
  await container.kill({ signal: "SIGSTOP" });
  try {
    const copy = `${freeze}; ${copyCommand(path, to)} && ${removeCommand(to, ephemeral)}`;
    const { exitCode, output } = await started.exec(["sh", "-c", copy]);
    if (exitCode !== 0) throw refuse(output.trim());
  } catch (error) {
    throw error instanceof StackspecError ? error : refuse(messageOf(error), error);
  } finally {
    await container.kill({ signal: "SIGCONT" });
  }
  return { from: container, path: to, to: DATA_PATH };
}

/** An image of a snapshot that is read, or made: a service's own image, with parts on top. Nobody starts it. */
export interface Capture {
  /** @throws Error when `signal` aborts, or what is read goes away */
  add(part: Part): Promise<void>;
  /** The same of an archive with paths from the root. */
  fill(archive: Readable): Promise<void>;
  /** The archive of what is in it. */
  read(path: string): Promise<NodeJS.ReadableStream>;
  /** Names it: from then on it is there. */
  commit(reference: string): Promise<void>;
  /** @throws StackspecError `RELEASE_FAILED` */
  remove(): Promise<void>;
}

/**
 * Opens an image, to read it or to make another one of it.
 *
 * @param runId who removes what is left of it
 */
export async function openCapture(
  docker: Dockerode,
  image: string,
  labels: Readonly<Record<string, string>>,
  runId: string,
  signal: AbortSignal,
): Promise<Capture> {
  const Labels = { ...labels, [RUN_LABEL]: runId };
  const { Cmd, Entrypoint } = (await docker.getImage(image).inspect()).Config;
  const isBare = [Cmd ?? [], Entrypoint ?? []].flat().length === 0;
  // An image may leave it to its container what is run.
  const container = await docker.createContainer({ Image: image, Labels, ...(isBare && { Cmd: ["none"] }) });
  const fill = async (archive: Readable): Promise<void> => {
    // Without an end, the engine would wait for the rest for ever.
    const broken = new AbortController();
    archive.once("error", (error) => broken.abort(error));
    await container.putArchive(archive, { path: "/", abortSignal: AbortSignal.any([signal, broken.signal]) });
  };
  return {
    fill,
    read: (path) => container.getArchive({ path, abortSignal: signal }),
    add: async ({ from, path, to }) => fill(moveArchive(await from.getArchive({ path, abortSignal: signal }), to)),
    async commit(reference) {
      signal.throwIfAborted();
      // The image must not carry the run's label: the reaper would take it away.
      const [repo, tag] = reference.split(/:(?=[^:]+$)/);
      const changes = `LABEL ${RUN_LABEL}=${isBare ? "\nCMD []" : ""}`;
      await container.commit({ repo, tag, changes, pause: false });
    },
    async remove() {
      await ignoreGone(container.remove({ force: true, v: true })).catch((cause: unknown) => {
        const what = `a container of it cannot be removed: ${messageOf(cause)}`;
        const hint = "npx stackspec clean removes what is left";
        throw new StackspecError("RELEASE_FAILED", what, { subject: "snapshot", hint, cause });
      });
    },
  };
}
