// Bundles the app into dist/: all that the image needs, and the same bytes for the same input.
import { cp, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { build } from "esbuild";
import { bundleClient } from "./bundle-client.ts";

const root = import.meta.dirname;
const dist = join(root, "dist");

await rm(dist, { recursive: true, force: true });
await build({
  absWorkingDir: root,
  entryPoints: ["src/main.ts"],
  outfile: "dist/main.js",
  bundle: true,
  platform: "node",
  target: "node24",
  format: "esm",
  define: { BUNDLED: "true" },
  // mysql2 is CommonJS: its require() of Node's own modules has to exist in an ES module.
  banner: { js: "import { createRequire } from 'node:module';\nconst require = createRequire(import.meta.url);" },
  // Stack traces need the positions only, not the text.
  sourcemap: "linked",
  sourcesContent: false,
  logLevel: "warning",
});
for (const folder of ["migrations", "static"]) await cp(join(root, folder), join(dist, folder), { recursive: true });
await writeFile(join(dist, "static/client/client.js"), await bundleClient());
// Without it, Node would have to parse main.js once more to find out that it is an ES module.
await writeFile(join(dist, "package.json"), '{ "type": "module" }\n');
