import { stat } from "node:fs/promises";
import { isAbsolute } from "node:path";
import type { GenericContainer } from "testcontainers";
import { StackspecError } from "../../errors.ts";
import { sourcesOf } from "./internals.ts";
import { isNotFound } from "../docker/connect.ts";
import type { Runtime } from "../docker/connect.ts";

/**
 * Checks what a container takes from this machine before the engine is asked for it: the engine makes
 * an empty folder, or an empty volume, out of a misspelt source, and says nothing.
 *
 * @throws StackspecError `FILE_MISSING` or `VOLUME_MISSING`
 */
export async function checkSources(container: GenericContainer, name: string, runtime: Runtime): Promise<void> {
  const { copied, mounted } = sourcesOf(container);
  await Promise.all(copied.map((path) => checkFile(path, name, "copies")));
  for (const source of mounted) {
    if (!isAbsolute(source)) await checkVolume(source, name, runtime);
    // On another machine the path is that machine's.
    else if (runtime.local && source !== runtime.socketPath) await checkFile(source, name, "mounts");
  }
}

async function checkFile(path: string, name: string, verb: string): Promise<void> {
  await stat(path).catch((cause: unknown) => {
    throw new StackspecError("FILE_MISSING", `${verb} ${path}, which does not exist`, {
      subject: name,
      hint: "check the path in its declaration",
      cause,
    });
  });
}

async function checkVolume(volume: string, name: string, { docker }: Runtime): Promise<void> {
  await docker
    .getVolume(volume)
    .inspect()
    .catch((cause: unknown) => {
      if (!isNotFound(cause)) throw cause;
      throw new StackspecError("VOLUME_MISSING", `mounts the volume ${volume}, which does not exist on the engine`, {
        subject: name,
        hint: "create it, or declare one with stack.volume()",
        cause,
      });
    });
}
