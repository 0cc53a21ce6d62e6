import { createHash } from "node:crypto";
import { existsSync, readFileSync, readdirSync, renameSync, rmSync } from "node:fs";
import { extname, join } from "node:path";
import { pathToFileURL } from "node:url";
import type { pageOf } from "./html/page.ts";

/** What the HTML report is made with. */
export interface Bundles {
  readonly pageOf: typeof pageOf;
  readonly script: string;
  readonly style: string;
}

/** One for the process: it is code, and no more of it comes with a second report. */
let loaded: Promise<Bundles> | undefined;

/** Loads it, once in a process: as `npm run build` has made it, and where the sources run by themselves made from these. */
export function loadBundles(): Promise<Bundles> {
  return (loaded ??= load());
}

async function load(): Promise<Bundles> {
  const html = join(import.meta.dirname, "html");
  const folder = extname(import.meta.filename) === ".ts" ? await madeFrom(html) : html;
  const page = (await import(pathToFileURL(join(folder, "page.min.mjs")).href)) as Pick<Bundles, "pageOf">;
  const [script, style] = ["client.min.js", "style.min.css"].map((name) =>
    readFileSync(join(folder, name), "utf8").trim(),
  ) as [string, string];
  return { pageOf: page.pageOf, script, style };
}

/** Makes them once for the same sources. */
async function madeFrom(sources: string): Promise<string> {
  const hash = createHash("sha256");
  for (const name of readdirSync(sources).toSorted()) hash.update(readFileSync(join(sources, name)));
  const cache = join(sources, "../../../node_modules/.cache/stackspec");
  const folder = join(cache, hash.digest("hex").slice(0, 16));
  if (existsSync(folder)) return folder;
  const draft = `${folder}.${process.pid}`;
  await (await import("./make-bundles.ts")).makeBundles(draft);
  try {
    renameSync(draft, folder);
  } catch {
    // Another process was first.
    rmSync(draft, { recursive: true });
  }
  return folder;
}
