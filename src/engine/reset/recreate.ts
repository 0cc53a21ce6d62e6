import { closeSync } from "node:fs";
import { dirname } from "node:path";
import { pipeline } from "node:stream/promises";
import type { GenericContainer, StopOptions } from "testcontainers";
import type Dockerode from "dockerode";
import { StackspecError, messageOf, usageError } from "../../errors.ts";
import { waitsFor } from "../../stack/define-stack.ts";
import type { Service } from "../../stack/stack.ts";
import { imageReferenceOf } from "../container/internals.ts";
import { openUnnamed, readOpen, writeOpen } from "../docker/unnamed-file.ts";
import { dataOf } from "../drivers/data.ts";
import { runFromSnapshot } from "../snapshot/restore.ts";
import { declaredVolumes } from "../service/declared-volumes.ts";
import { isTakenOver } from "../plan/plan.ts";
import { startContainerOf } from "../service/start-node.ts";
import type { StackStart } from "../plan/stack-start.ts";
import type { Part } from "./reset-part.ts";

/** A folder of a container, in a file of this process. */
interface Folder {
  readonly path: string;
  readonly fd: number;
}

/**
 * A service that is reset by another container in its place: of the same image, with the same names and host ports, and with
 * what the tasks have left in its data directory and its image's volumes. What is connected to it has to connect again.
 *
 * @throws StackspecError `USAGE` when it is no container
 */
export async function recreatedPart(start: StackStart, service: Service): Promise<Part> {
  const { name } = service;
  const { run, plan } = start;
  const running = run.containers.get(service);
  if (running === undefined)
    throw usageError(name, 'reset: expected a container for "recreate", got an object of this process');
  const made = (await start.factories.create(service)) as GenericContainer;
  const isFilled = run.stack.nodes.some((node) => node.kind === "task" && waitsFor(node, service));
  const paths = isFilled && !plan.restored.has(service) ? await keptPaths(start, service, made) : [];
  // Specs of an earlier run have used it; the stack that a parallel worker takes over has been used by nobody.
  const isUsed = isTakenOver(service, plan) && run.context.joins === undefined;
  const folders = isUsed ? [] : await copyFolders((await running.done).container, paths);
  const isLost = isFilled && !plan.restored.has(service) && paths.length === 0;
  // What a snapshot is written from is in the container that was started first: that one is removed with the stack.
  let remove = !plan.missing.some(({ holders }) => holders.includes(service));
  return {
    name,
    ...(isLost && { notice: `${name} is recreated without what its tasks have stored: set its option data` }),
    async reset() {
      if (isUsed && paths.length > 0)
        throw new Error("what its tasks have stored is known only to the run that started it");
      try {
        await replace(start, service, imageReferenceOf(made), folders, remove);
        remove = true;
      } catch (cause) {
        const failure = recreateFailure(name, cause);
        // No spec after this can reach it.
        run.setDead(failure);
        throw failure;
      }
    },
    close: () => folders.forEach(({ fd }) => closeSync(fd)),
  };
}

async function replace(
  start: StackStart,
  service: Service,
  image: string,
  folders: readonly Folder[],
  remove: boolean,
): Promise<void> {
  const { run, plan, factories } = start;
  const { Ports } = (await (await run.containers.get(service)!.done).container.inspect()).NetworkSettings;
  const started = (await run.waitFor(service)) as object;
  const old = (await run.disposables.get(service)!) as { stop(how: Partial<StopOptions>): Promise<void> };
  await old.stop({ timeout: service.options.stopTimeoutMs ?? 0, remove });
  const container = (await factories.recreate(
    service,
    service.options.image === undefined ? "" : image,
  )) as GenericContainer;
  if (plan.restored.has(service)) {
    const { docker } = await run.context.connect();
    runFromSnapshot(container, service, (await docker.getImage(image).inspect()).Config);
  }
  const fill = async (created: Dockerode.Container): Promise<void> => {
    for (const { path, fd } of folders) await created.putArchive(readOpen(fd), { path: dirname(path) });
  };
  const again = await startContainerOf(service, container, fill, start, {
    hostPorts: Object.fromEntries(
      Object.entries(Ports).flatMap(([port, bindings]) => (bindings?.[0] ? [[port, bindings[0].HostPort]] : [])),
    ),
    signal: AbortSignal.timeout(run.context.startTimeoutMs),
  });
  // Whoever has the one that was has this one: its methods ask for what stands in its fields.
  Object.assign(started, again);
}

/** Its data directory, and the volumes that only it has. */
async function keptPaths(start: StackStart, service: Service, made: GenericContainer): Promise<string[]> {
  const { container } = await start.run.containers.get(service)!.done;
  const { Mounts } = await container.inspect();
  const declared = await declaredVolumes(start, container);
  const own = Mounts.filter(({ Type, Destination }) => Type === "volume" && declared.includes(Destination));
  const data = dataOf(service, made)?.path;
  return [...new Set([...own.map(({ Destination }) => Destination), ...(data === undefined ? [] : [data])])];
}

/** As `kill -9` would leave them: nothing is written meanwhile. */
async function copyFolders(container: Dockerode.Container, paths: readonly string[]): Promise<Folder[]> {
  if (paths.length === 0) return [];
  const resume = await freeze(container);
  try {
    return await Promise.all(
      paths.map(async (path) => {
        const fd = openUnnamed();
        await pipeline(await container.getArchive({ path }), writeOpen(fd));
        return { path, fd };
      }),
    );
  } finally {
    await resume();
  }
}

/** Stops what runs in a container; where the engine cannot, as a rootless one without cgroup v2, its first process. Returns what undoes that. */
async function freeze(container: Dockerode.Container): Promise<() => Promise<void>> {
  try {
    await container.pause();
    return () => container.unpause();
  } catch {
    await container.kill({ signal: "SIGSTOP" });
    return () => container.kill({ signal: "SIGCONT" });
  }
}

function recreateFailure(subject: string, cause: unknown): StackspecError {
  const { what, hint, evidence }: Partial<StackspecError> = cause instanceof StackspecError ? cause : {};
  return new StackspecError("RESET_FAILED", `it cannot be recreated: ${what ?? messageOf(cause)}`, {
    subject,
    hint,
    ...(evidence !== undefined && { evidence }),
    cause,
  });
}
