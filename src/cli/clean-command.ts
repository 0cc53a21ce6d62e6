import { connectEngine } from "../engine/docker/connect.ts";
import { removeCaches } from "../pipeline/cache.ts";
import { say } from "../terminal.ts";
import { clean, cleanSnapshots } from "./clean.ts";
import type { Given } from "./command.ts";

/** `stackspec clean`. */
export async function cleanAll({ flags }: Given): Promise<void> {
  await clean({ everyHost: flags.has("every-host") });
  if (flags.has("snapshots")) await cleanSnapshots();
  if (flags.has("caches")) say(`Removed ${await removeCaches(await connectEngine())} caches.`);
}
