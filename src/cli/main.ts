#!/usr/bin/env node
import { enableCompileCache } from "node:module";
import { join } from "node:path";
import { cacheFolder } from "../engine/docker/cache-folder.ts";

// What is loaded from here on Node compiles once on a machine. In a folder of this user's own: anybody may write to its default.
enableCompileCache(join(cacheFolder(), "compiled"));
await import("./program.ts");
