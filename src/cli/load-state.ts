import { createReadStream, existsSync, readdirSync, statSync } from "node:fs";
import { join } from "node:path";
import type { Config } from "../config/config.ts";
import { connectEngine } from "../engine/docker/connect.ts";
import { openSession } from "../engine/run/session.ts";
import { decompress } from "../engine/snapshot/archive-file.ts";
import { unpackImages } from "../engine/snapshot/travel.ts";
import { usageError } from "../errors.ts";
import { STATES } from "../mocha/failed-state.ts";
import { say } from "../terminal.ts";

/** The state of a stack in which a spec has failed, on the engine. */
export interface State {
  readonly stack: string;
  /** What it is found by there. */
  readonly key: string;
  /** Removes it, also when the stack has been started: its containers have what they need. */
  drop(): Promise<void>;
}

/**
 * Brings the state that a run has written to the engine.
 *
 * @param where a file, or a folder of reports: default: that of the project
 * @throws StackspecError `USAGE` where there is none, or more than one
 */
export async function loadState(config: Config, where = config.folders.reports): Promise<State> {
  const file = findState(where);
  const session = openSession(config);
  try {
    const { docker } = await session.connect();
    const context = { docker, runId: session.runId, signal: session.signal };
    const images = await unpackImages(context, file, decompress(createReadStream(file)));
    const [, stack, key] = /\/snapshot\/([^/]+)\/[^/:]+:(failed-[0-9a-f]+)$/.exec(images[0] ?? "") ?? [];
    if (stack === undefined || key === undefined)
      throw usageError("stackspec up", `expected a state that a run has written when a spec failed, got ${file}`);
    say(`Opening the state of ${stack} in ${file}`);
    return { stack, key, drop: () => dropImages(images) };
  } finally {
    await session.close();
  }
}

async function dropImages(images: readonly string[]): Promise<void> {
  const { docker } = await connectEngine();
  // What still runs keeps its image, without a name.
  await Promise.allSettled(images.map((image) => docker.getImage(image).remove({ force: true })));
}

function findState(where: string): string {
  const subject = "stackspec up --as-failed";
  if (!existsSync(where)) throw usageError(subject, `expected a folder of reports, or a file, got "${where}"`);
  if (!statSync(where).isDirectory()) return where;
  const folder = existsSync(join(where, STATES)) ? join(where, STATES) : where;
  const files = readdirSync(folder).filter((file) => file.endsWith(".tar.zst"));
  if (files.length === 1) return join(folder, files[0]!);
  throw usageError(
    subject,
    files.length === 0
      ? `expected a state in ${folder}/, got none: the setting snapshotOnFailure has a run write it when a spec fails`
      : `expected one of ${files.map((file) => join(folder, file)).join(", ")}, got the folder`,
  );
}
