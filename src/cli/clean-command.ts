import { connectEngine } from "../engine/docker/connect.ts";
import { removeCaches } from "../pipeline/cache.ts";
import { say } from "../terminal.ts";
import { clean, cleanSnapshots } from "./clean.ts";
import type { Command } from "./command.ts";

export const cleanCommand: Command = {
  name: "clean",
  usage: "[--snapshots] [--caches] [--every-host]",
  summary:
    "removes what earlier runs have left; also the snapshots of stacks, what pipelines keep between runs, and what runs of other hosts have left",
  flags: ["snapshots", "caches", "every-host"],
  words: [0, 0],
  mocha: false,
  async run({ flags }) {
    await clean({ everyHost: flags.has("every-host") });
    if (flags.has("snapshots")) await cleanSnapshots();
    if (flags.has("caches")) say(`Removed ${await removeCaches(await connectEngine())} caches.`);
  },
};
