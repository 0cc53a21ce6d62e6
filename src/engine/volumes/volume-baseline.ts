import { createHash, randomUUID } from "node:crypto";
import { closeSync, openSync } from "node:fs";
import { mkdir, rename, rm } from "node:fs/promises";
import { dirname } from "node:path";
import { Transform } from "node:stream";
import { pipeline } from "node:stream/promises";
import { StackspecError, messageOf } from "../../errors.ts";
import { openUnnamed, readOpen, writeOpen } from "../docker/unnamed-file.ts";
import { archiveOf, listArchive, listFiles, putBack, removeAdded } from "./volume-files.ts";
import type { ReachableVolume, VolumeFiles } from "./volume-files.ts";

/** Content that is kept of one volume, in bytes: a start must not take long for what it may never need. */
const MOST_BYTES = 64 * 1024 ** 2;
const inMiB = (bytes: number): string => `${Math.ceil(bytes / 1024 ** 2)} MiB`;

/** What is remembered of a volume for the runs after this one, beside the file with its content. */
export interface VolumeRecord {
  readonly bytes: number;
  readonly entries: readonly (readonly [path: string, state: string])[];
  /** The digest of that file; undefined when the volume has too much content. */
  readonly content: string | undefined;
}

/** A volume as it was. */
export interface VolumeBaseline {
  /** Undefined where its files cannot even be listed. */
  record(): VolumeRecord | undefined;
  /**
   * Brings changed and removed files back, and removes added ones.
   *
   * @throws StackspecError `RESET_FAILED` when content is needed that was not kept
   */
  reset(): Promise<void>;
  close(): void;
}

/** A volume's content in a file that is open, or why there is none. */
type Content =
  | { readonly fd: number; readonly digest: string; readonly why?: undefined }
  | { readonly fd?: undefined; readonly digest?: undefined; readonly why: string };

/** Where a kept stack's content is, and what is known of it already. */
export interface Kept {
  readonly file: string;
  readonly record: VolumeRecord | undefined;
}

/**
 * Remembers a volume: a list of its files, and their content in a file of this machine while it is not too much. A file
 * that is changed in a larger volume cannot be brought back, but one that is only read there is no hindrance.
 *
 * @param onNotKept told why, when the content is not kept
 */
export async function takeVolumeBaseline(
  volume: ReachableVolume,
  kept: Kept | undefined,
  onNotKept: (why: string) => void,
): Promise<VolumeBaseline> {
  let files = kept?.record === undefined ? await listFiles(volume) : filesOf(kept.record);
  const content = await contentOf(volume, files, kept);
  if (content.fd === undefined) onNotKept(content.why);
  else files ??= await listArchive(readOpen(content.fd));

  const failure = (what: string): StackspecError =>
    new StackspecError("RESET_FAILED", what, {
      subject: volume.name,
      hint: 'mount it with "ro" where it is only read, or use a stack of its own: useStack(stack, { scope: "suite" })',
    });
  return {
    record: () => files && { bytes: files.bytes, entries: [...files.entries], content: content.digest },
    async reset() {
      if (files === undefined)
        throw failure(`its files could not be listed, and its content was not kept: ${content.why ?? ""}`);
      const before = files.entries;
      const now = await entriesNow(volume);
      const changed = new Map([...before].filter(([path, state]) => now.get(path) !== state));
      const added = [...now].filter(([path]) => !before.has(path));
      if (changed.size > 0 && content.fd === undefined) {
        const some = `${[...changed.keys()].slice(0, 3).join(", ")}${changed.size > 3 ? ", …" : ""}`;
        const what = changed.size === 1 ? "a file was" : `${changed.size} files were`;
        throw failure(`${what} changed or removed (${some}), and its content was not kept: ${content.why}`);
      }
      if (added.length > 0)
        await removeAdded(
          volume,
          added.map(([path, state]) => ({ path, isFolder: state.startsWith("directory") })),
        );
      if (changed.size === 0 || content.fd === undefined) return;
      await putBack(volume, readOpen(content.fd), changed);
      const after = await entriesNow(volume);
      // Of what was not put back nothing new is believed: it may have been changed since.
      const entries = [...before].map(
        ([path, state]) => [path, (changed.has(path) ? after.get(path) : undefined) ?? state] as const,
      );
      files = { ...files, entries: new Map(entries) };
    },
    close: () => {
      if (content.fd !== undefined) closeSync(content.fd);
    },
  };
}

function filesOf({ bytes, entries }: VolumeRecord): VolumeFiles {
  return { bytes, entries: new Map(entries) };
}

async function entriesNow(volume: ReachableVolume): Promise<ReadonlyMap<string, string>> {
  return ((await listFiles(volume)) ?? (await listArchive(await archiveOf(volume)))).entries;
}

async function contentOf(
  volume: ReachableVolume,
  files: VolumeFiles | undefined,
  kept: Kept | undefined,
): Promise<Content> {
  const tooLarge = (size: string): Content => ({
    why: `it has ${size}, and ${inMiB(MOST_BYTES)} is the most that is kept`,
  });
  if (files !== undefined && files.bytes > MOST_BYTES) return tooLarge(inMiB(files.bytes));
  try {
    if (kept?.record?.content !== undefined) return { fd: openSync(kept.file, "r"), digest: kept.record.content };
    // What it was before the runs that used it is known no more.
    if (kept?.record !== undefined) return { why: "it could not be read when the stack was started" };
    return await keepContent(volume, kept?.file);
  } catch (error) {
    // Nobody may ever ask for it: that is no reason for a start to fail.
    return error instanceof TooLarge
      ? tooLarge(`more than ${inMiB(MOST_BYTES)}`)
      : { why: `it could not be read: ${messageOf(error)}` };
  }
}

/** Writes a volume's content into a file, whole or not at all; without a name, into one that is gone when this process is. */
async function keepContent(volume: ReachableVolume, file: string | undefined): Promise<Content> {
  const unfinished = file && `${file}-${randomUUID()}`;
  if (unfinished !== undefined) await mkdir(dirname(unfinished), { recursive: true });
  const fd = unfinished === undefined ? openUnnamed() : openSync(unfinished, "wx+", 0o600);
  try {
    const digest = createHash("sha256");
    let bytes = 0;
    const count = new Transform({
      transform(chunk: Buffer, _, done) {
        bytes += chunk.length;
        digest.update(chunk);
        done(bytes > MOST_BYTES ? new TooLarge() : null, chunk);
      },
    });
    await pipeline(await archiveOf(volume), count, writeOpen(fd));
    if (unfinished !== undefined) await rename(unfinished, file!);
    return { fd, digest: digest.digest("hex") };
  } catch (error) {
    closeSync(fd);
    if (unfinished !== undefined) await rm(unfinished, { force: true });
    throw error;
  }
}

class TooLarge extends Error {}
