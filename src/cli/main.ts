#!/usr/bin/env node
import module from "node:module";
import { join } from "node:path";
import { cacheFolder } from "../engine/docker/cache-folder.ts";
import { unfit } from "./versions.ts";

const problem = unfit();
if (problem === undefined) {
  // What is loaded from here on Node compiles once on a machine. In a folder of this user's own: anybody may write to its default.
  module.enableCompileCache(join(cacheFolder(), "compiled"));
  await import("./program.ts");
} else {
  process.stderr.write(`${problem}\n`);
  process.exitCode = 2;
}
