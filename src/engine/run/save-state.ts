import { randomBytes } from "node:crypto";
import { createWriteStream } from "node:fs";
import { mkdir, rename, rm } from "node:fs/promises";
import { dirname } from "node:path";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { createZstdCompress } from "node:zlib";
import type { GenericContainer } from "testcontainers";
import type { Service, TaskResult } from "../../stack/stack.ts";
import { moveArchive } from "../docker/archive.ts";
import { driverOf } from "../drivers/choose.ts";
import { dataOf } from "../drivers/data.ts";
import { packSnapshots } from "../snapshot/archive-file.ts";
import { copyData } from "../snapshot/capture.ts";
import type { Part } from "../snapshot/capture.ts";
import { hasData, stateHoldersOf, stateMounts } from "../snapshot/layers.ts";
import {
  BASE_LABEL,
  FOLDERS_LABEL,
  PASSWORDS_LABEL,
  SNAPSHOT_LABEL,
  SNAPSHOT_STACK_LABEL,
  TASKS_LABEL,
  snapshotReference,
  tasksLabel,
} from "../snapshot/store.ts";
import { addressOf } from "../service/address.ts";
import type { StackStart } from "../plan/stack-start.ts";

/**
 * Writes what a stack that is up holds, its data directories and volumes, to a file that `stackspec up --as-failed` opens: a
 * snapshot of its own. Servers are copied as a `kill -9` would leave them, all at the same time.
 *
 * @returns false when it holds nothing
 * @throws StackspecError `SNAPSHOT_FAILED` when a data directory cannot be copied
 */
export async function saveState(start: StackStart, file: string): Promise<boolean> {
  const { run, plan } = start;
  const { stack, context } = run;
  const holders = stateHoldersOf(stack, plan.made);
  if (holders.length === 0) return false;
  const key = `failed-${randomBytes(6).toString("hex")}`;
  const parts = await Promise.all(holders.map((holder) => partsOf(start, holder, key)));
  const tasks = new Map<string, TaskResult>();
  for (const node of stack.nodes)
    if (node.kind === "task") tasks.set(node.name, (await run.waitFor(node)) as TaskResult);
  const images = holders.map((holder, index) => ({
    reference: snapshotReference(stack.name, holder.name, key),
    labels: {
      [SNAPSHOT_LABEL]: key,
      [SNAPSHOT_STACK_LABEL]: stack.name,
      [TASKS_LABEL]: tasksLabel(tasks),
      [BASE_LABEL]: "",
      [FOLDERS_LABEL]: JSON.stringify(parts[index]!.map(({ to }) => to)),
      ...(start.copies.passwords.has(holder) && { [PASSWORDS_LABEL]: start.copies.passwords.get(holder)! }),
    },
  }));
  const { signal } = context;
  const archive = packSnapshots(images, async function* (index) {
    for (const { from, path, to } of parts[index]!)
      yield moveArchive(await from.getArchive({ path, abortSignal: signal }), to);
  });
  const unfinished = `${file}.part`;
  try {
    await mkdir(dirname(file), { recursive: true });
    const out = createWriteStream(unfinished, { mode: 0o600 });
    await pipeline(Readable.from(archive), createZstdCompress(), out, { signal });
    await rename(unfinished, file);
  } catch (error) {
    await rm(unfinished, { force: true });
    throw error;
  }
  return true;
}

/** What a service holds: a copy of its data directory, and the volumes that it mounts before others. */
async function partsOf(start: StackStart, service: Service, key: string): Promise<Part[]> {
  const { run, plan } = start;
  const running = await run.containers.get(service)!.done;
  const volumes = stateMounts(service, run.stack).map(({ path }) => ({ from: running.container, path, to: path }));
  if (!hasData(service, plan.made)) return volumes;
  const container = plan.made.get(service) as GenericContainer;
  const driver = driverOf(service, container);
  await driver?.flush?.(await addressOf(start, service, driver));
  return [await copyData(service.name, running, dataOf(service, container)!, key), ...volumes];
}
