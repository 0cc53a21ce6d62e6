// Debian builds its Node without the part that strips types. This adds it, from the package that Node itself uses;
// positions stay as they are, so that stack traces and coverage need no source maps.
import { readFileSync } from "node:fs";
import { createRequire, registerHooks } from "node:module";
import { fileURLToPath } from "node:url";

if (!process.features.typescript) {
  let transform;
  registerHooks({
    load(url, context, nextLoad) {
      if (!url.startsWith("file:") || !url.endsWith(".ts")) return nextLoad(url, context);
      transform ??= createRequire(import.meta.url)("amaro").transformSync;
      const filename = fileURLToPath(url);
      const { code } = transform(readFileSync(filename, "utf8"), { mode: "strip-only", filename });
      return { format: "module", source: code, shortCircuit: true };
    },
  });
}
