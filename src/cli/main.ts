#!/usr/bin/env node
import module from "node:module";
import { join, sep } from "node:path";
import { unfit } from "./versions.ts";

const problem = unfit();
if (problem === undefined) {
  // What is loaded from here on Node compiles once for each installation, and keeps beside it: its default is a folder that
  // anybody may write to, and a folder of the user's would grow with each copy of a project.
  const parts = import.meta.dirname.split(sep);
  const installedIn = parts.slice(0, parts.lastIndexOf("node_modules") + 1).join(sep);
  module.enableCompileCache(
    join(installedIn || join(import.meta.dirname, "../../node_modules"), ".cache", "stackspec"),
  );
  await import("./program.ts");
} else {
  process.stderr.write(`${problem}\n`);
  process.exitCode = 2;
}
