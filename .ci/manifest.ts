// What npm packs is package.json without what is of this repository alone. npm has no way to say that, but reads the file
// again after `prepack`: that writes it, and `postpack` brings the repository's own back.
import { existsSync, readFileSync, renameSync, writeFileSync } from "node:fs";

const [FILE, OWN] = ["package.json", ".package.json.own"];
const OF_THIS_REPOSITORY = new Set(["allowScripts", "devDependencies", "overrides", "scripts", "workspaces"]);

/** The manifest as it is published: nothing in it leads to sources, which are not in the package. */
export function publishedManifest(text: string): string {
  const manifest = JSON.parse(text) as { exports: Record<string, Record<string, string>> };
  for (const conditions of Object.values(manifest.exports)) delete conditions["development"];
  const published = Object.entries(manifest).filter(([name]) => !OF_THIS_REPOSITORY.has(name));
  return `${JSON.stringify(Object.fromEntries(published), null, 2)}\n`;
}

if (process.argv[2] === "publish") {
  const text = readFileSync(FILE, "utf8");
  // One that is there already is of a `pack` that was cut off, or runs.
  if (!existsSync(OWN)) writeFileSync(OWN, text);
  writeFileSync(FILE, publishedManifest(text));
} else if (process.argv[2] === "restore") renameSync(OWN, FILE);
