import { join } from "node:path";
import { build } from "esbuild";

/**
 * Makes what the HTML report consists of, each in one file: the program that renders it, and its script and style. So nobody
 * who installs stackspec has to have what it is made with. `npm run build` calls this, and whoever runs the sources.
 */
export async function makeBundles(folder: string): Promise<void> {
  const sources = join(import.meta.dirname, "html");
  const options = { bundle: true, minify: true, charset: "utf8", logLevel: "warning" } as const;
  await Promise.all([
    build({ ...options, entryPoints: [join(sources, "client.ts")], outfile: join(folder, "client.min.js") }),
    build({ ...options, entryPoints: [join(sources, "style.css")], outfile: join(folder, "style.min.css") }),
    build({
      ...options,
      entryPoints: [join(sources, "page.ts")],
      outfile: join(folder, "page.min.mjs"),
      platform: "node",
      format: "esm",
    }),
  ]);
}

if (import.meta.main) await makeBundles(process.argv[2]!);
