/**
 * `npm run release -- --dry-run`: builds, checks and packs what would be published, and says which entry of the changelog it
 * has. Without `--dry-run` that is then committed, tagged and published.
 */
import { execFileSync } from "node:child_process";
import { copyFileSync, mkdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { pack } from "../specs/packed.ts";
import { released, unreleased } from "./changelog.ts";

const { values } = parseArgs({ options: { "dry-run": { type: "boolean", default: false } } });
const dryRun = values["dry-run"];
const { version } = JSON.parse(readFileSync("package.json", "utf8")) as { version: string };
const read = (command: string, ...words: string[]): string => execFileSync(command, words, { encoding: "utf8" }).trim();
const run = (command: string, ...words: string[]): void => void execFileSync(command, words, { stdio: "inherit" });

const changelog = readFileSync("CHANGELOG.md", "utf8");
const next = released(changelog, version, new Date().toISOString().slice(0, 10));
const changes = read("git", "status", "--porcelain");
if (changes !== "" && !dryRun) throw new Error(`git: expected a clean tree, got\n${changes}`);

run("npm", "run", "docs");
if (read("git", "status", "--porcelain") !== changes)
  throw new Error("docs/api: expected what its sources say: commit it");
run("npx", "mocha", "specs/checks/*.spec.ts");
const file = join("target", `stackspec-${version}.tgz`);
mkdirSync("target", { recursive: true });
copyFileSync(await pack(), file);
run("npx", "publint", "run", file, "--strict");
run("npx", "attw", file, "--quiet", "--profile", "node16", "--ignore-rules", "cjs-resolves-to-esm");
console.log(`\n${unreleased(changelog)}\n`);
console.log(`${file}: ${Math.ceil(statSync(file).size / 1000)} kB, stackspec ${version}`);

if (!dryRun) {
  writeFileSync("CHANGELOG.md", next);
  run("git", "commit", "--all", "--message", `Release ${version}`);
  run("git", "tag", `v${version}`);
  run("npm", "publish", file);
}
