import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { readFile, readdir } from "node:fs/promises";
import { join, sep } from "node:path";
import { usageError } from "../errors.ts";
import { writeAtomically } from "../report/write.ts";
import type { BuildStage, ReleaseStage, Stage, TestStage } from "./pipeline.ts";

const FOLDER = "target";

/** `target/test.json`: what was tested, and with what. */
export interface TestRecord {
  /** Digest of the sources. */
  readonly sources: string;
  /** The key of each cache that a task used. */
  readonly caches: Readonly<Record<string, string>>;
}

/** `target/manifest.json`: what the artefact is, and each of its files. */
export interface Manifest extends TestRecord {
  readonly name: string;
  readonly version: string;
  readonly versions: Readonly<Record<string, string>>;
  readonly revision: string;
  readonly dirty: boolean;
  readonly created: string;
  /** Images that it was built in: name and digest. */
  readonly images: Readonly<Record<string, string>>;
  /** SHA-256 of each file, by its path in the artefact's folder. */
  readonly files: Readonly<Record<string, string>>;
}

/** `target/release.json`: the image that was held to its acceptance specs, and the verdict. */
export interface ReleaseRecord {
  readonly image: string;
  readonly reference: string;
  /** SHA-256 of the manifest that it was built from. */
  readonly manifest: string;
  readonly acceptance: {
    readonly report: string;
    readonly sha256: string;
    readonly passed: number;
    readonly failed: number;
  };
}

interface Records {
  readonly test: TestRecord;
  readonly build: Manifest;
  readonly release: ReleaseRecord;
}

/** Where a stage writes what it hands over. */
export function recordFile({ kind, name }: Pick<Stage, "kind" | "name">): string {
  return join(FOLDER, kind === "build" ? "manifest.json" : `${name}.json`);
}

/** Writes what a stage hands over. */
export function writeRecord<S extends TestStage | BuildStage | ReleaseStage>(
  stage: S,
  record: Records[S["kind"]],
): void {
  mkdirSync(FOLDER, { recursive: true });
  // What is built is nobody's to commit, and must not make the tree dirty.
  writeFileSync(join(FOLDER, ".gitignore"), "*\n");
  writeAtomically(recordFile(stage), `${JSON.stringify(record, undefined, 2)}\n`);
}

/**
 * What a stage has handed over.
 *
 * @throws StackspecError `USAGE` when it has not run, or was red
 */
export function readRecord<S extends TestStage | BuildStage | ReleaseStage>(stage: S): Records[S["kind"]] {
  const file = recordFile(stage);
  if (!existsSync(file))
    throw usageError(
      file,
      `expected what the stage "${stage.name}" hands over, found nothing: run it first (npx stackspec stage ${stage.name})`,
    );
  return JSON.parse(readFileSync(file, "utf8")) as Records[S["kind"]];
}

/** Forgets what a stage has handed over, and all that stood on it. */
export function dropRecords(stages: readonly Stage[]): void {
  for (const stage of stages) rmSync(recordFile(stage), { force: true });
}

/** SHA-256 of each file below a folder. */
export async function checksums(folder: string): Promise<Record<string, string>> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true }).catch(() => []);
  const paths = entries.filter((entry) => !entry.isDirectory()).map((entry) => join(entry.parentPath, entry.name));
  const pairs = paths
    .toSorted()
    .map(async (path) => [path.slice(folder.length + 1).replaceAll(sep, "/"), await sha256(path)]);
  return Object.fromEntries(await Promise.all(pairs)) as Record<string, string>;
}

/**
 * Holds the artefact's folder to its manifest.
 *
 * @throws StackspecError `USAGE` naming the first file that was changed, added or removed
 */
export async function verifyArtefact(stage: BuildStage, manifest: Manifest): Promise<void> {
  const found = await checksums(stage.options.artefact);
  for (const path of new Set([...Object.keys(manifest.files), ...Object.keys(found)])) {
    if (found[path] === manifest.files[path]) continue;
    const what =
      found[path] === undefined ? "was removed" : manifest.files[path] === undefined ? "was added" : "was changed";
    throw usageError(
      `${stage.options.artefact}/${path}`,
      `expected the files that "${stage.name}" made, this one ${what} afterwards: build again (npx stackspec stage ${stage.name})`,
    );
  }
}

export async function sha256(path: string): Promise<string> {
  return createHash("sha256")
    .update(await readFile(path))
    .digest("hex");
}
