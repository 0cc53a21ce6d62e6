import { connectEngine } from "../engine/docker/connect.ts";
import { removeCaches } from "../pipeline/cache.ts";
import { clean, cleanSnapshots } from "./clean.ts";
import type { Command } from "./command.ts";

export const cleanCommand: Command = {
  name: "clean",
  usage: "[--snapshots] [--caches]",
  summary: "removes what earlier runs have left; also the snapshots of stacks, and what pipelines keep between runs",
  flags: ["snapshots", "caches"],
  words: [0, 0],
  mocha: false,
  async run({ flags }) {
    await clean();
    if (flags.has("snapshots")) await cleanSnapshots();
    if (flags.has("caches")) console.log(`Removed ${await removeCaches(await connectEngine())} caches.`);
  },
};
