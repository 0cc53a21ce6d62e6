import { createHash } from "node:crypto";
import type { Hash } from "node:crypto";
import { Readable } from "node:stream";
import { createZstdDecompress } from "node:zlib";
import tar from "tar-stream";
import { StackspecError, messageOf } from "../../errors.ts";

/** Raised when such files are written otherwise. */
const FORMAT = 1;
const LIST = "snapshots.json";
const DIGEST = "sha256";

/** In bytes: in these an archive is read in a third of the time that Node's default of 16 KiB takes. */
const CHUNK = 256 * 1024;

/** What is compressed here, as it was before. */
export function decompress(compressed: Readable): Readable {
  const archive = createZstdDecompress({ chunkSize: CHUNK });
  compressed.once("error", (error) => archive.destroy(error));
  return compressed.pipe(archive);
}

/** What an archive has of one entry. */
type Content = tar.Extract extends AsyncIterable<infer Source> ? Source : never;

/** What is said of an image of a snapshot in a file, before its folders. */
export interface FiledImage {
  readonly reference: string;
  readonly labels: Readonly<Record<string, string>>;
}

/**
 * Writes snapshots as one archive: a list, the folders of each image under its number, and a digest of all of that.
 *
 * @param foldersOf the archives of an image's folders, with their paths from the root, without a leading slash
 */
export function packSnapshots(
  images: readonly FiledImage[],
  foldersOf: (index: number) => AsyncIterable<Readable>,
): tar.Pack {
  const pack = tar.pack();
  const hash = createHash("sha256");
  const add = (name: string, content: string): void => {
    const header = { name, type: "file", mode: 0o644, uid: 0, gid: 0, size: Buffer.byteLength(content) } as const;
    note(hash, header);
    hash.update(content);
    pack.entry(header, content);
  };
  const fill = async (): Promise<void> => {
    add(LIST, JSON.stringify({ format: FORMAT, images }));
    for (const index of images.keys())
      for await (const archive of foldersOf(index))
        await eachEntry(archive, async (header, content) => {
          const entry = {
            ...header,
            name: `${index}/${header.name}`,
            ...(header.type === "link" && { linkname: `${index}/${header.linkname}` }),
          };
          note(hash, entry);
          await copy(content, hash, pack, entry);
        });
    pack.entry({ name: DIGEST }, hash.digest("hex"));
    pack.finalize();
  };
  fill().catch((error: unknown) => pack.destroy(error as Error));
  return pack;
}

/**
 * Reads such an archive. Nothing of it may be used before this resolves.
 *
 * @param open is given each image with its folders, to be put into the root of a container; resolves when it has read them
 * @throws StackspecError `SNAPSHOT_FAILED` for what is damaged, cut off or of another format
 */
export async function unpackSnapshots(
  subject: string,
  archive: Readable,
  open: (image: FiledImage, folders: Readable) => Promise<void>,
): Promise<void> {
  const damaged = (found: string, cause?: unknown): StackspecError =>
    new StackspecError("SNAPSHOT_FAILED", `expected snapshots as \`stackspec snapshot\` writes them, ${found}`, {
      subject,
      hint: "nothing of it is used; without it the stack is initialised",
      cause,
    });
  const hash = createHash("sha256");
  let images: readonly FiledImage[] | undefined;
  let digest: string | undefined;
  let current: { readonly index: number; readonly folders: tar.Pack; readonly opened: Promise<void> } | undefined;
  /** Why an image could not be read: its reader knows better than its archive. */
  let unread: { readonly error: unknown } | undefined;
  const finish = async (): Promise<void> => {
    current?.folders.finalize();
    await current?.opened;
    current = undefined;
  };
  try {
    await eachEntry(archive, async (header, content) => {
      if (header.name === DIGEST) {
        digest = await textOf(content);
        return;
      }
      note(hash, header);
      if (images === undefined) {
        const text = await textOf(content);
        hash.update(text);
        images = listed(header.name, text);
        return;
      }
      const [, number, name] = /^(\d+)\/(.+)$/.exec(header.name) ?? [];
      const index = Number(number);
      if (name === undefined || images[index] === undefined) throw new Error(`got ${header.name}`);
      if (current?.index !== index) {
        await finish();
        const folders = tar.pack();
        const reading = Readable.from(folders);
        // Whoever reads it tells of its end.
        folders.on("error", () => {});
        reading.on("error", () => {});
        current = { index, folders, opened: open(images[index], reading) };
        current.opened.catch((error: unknown) => {
          unread ??= { error };
          folders.destroy();
        });
      }
      const linkname = header.type === "link" ? { linkname: header.linkname.replace(/^\d+\//, "") } : {};
      await Promise.race([
        copy(content, hash, current.folders, { ...header, name, ...linkname }),
        failed(current.opened),
      ]);
    });
    await finish();
  } catch (error) {
    if (unread !== undefined) throw unread.error;
    current?.folders.destroy();
    await current?.opened.catch(() => {});
    throw error instanceof StackspecError ? error : damaged(`it is damaged: ${messageOf(error)}`, error);
  }
  if (images === undefined || digest === undefined) throw damaged("it is cut off");
  if (digest !== hash.digest("hex")) throw damaged("it is damaged: its digest is another");

  function listed(name: string, text: string): readonly FiledImage[] {
    const list = name === LIST ? (JSON.parse(text) as { format: number; images: readonly FiledImage[] }) : undefined;
    if (list?.format !== FORMAT) throw damaged(`of format ${FORMAT}, got ${list?.format ?? name}`);
    return list.images;
  }
}

/** Rejects when the work does. */
function failed(work: Promise<void>): Promise<never> {
  return new Promise((_, reject) => void work.catch(reject));
}

/** Copies the content of an entry, and counts it. */
function copy(
  content: Content,
  hash: Hash,
  to: tar.Pack,
  header: Partial<tar.Header> & { name: string },
): Promise<void> {
  return new Promise((resolve, reject) => {
    content.on("data", (chunk) => void hash.update(chunk as Buffer));
    let isWhole = false;
    content.on("error", reject);
    content.once("end", () => (isWhole = true));
    content.once("close", () => isWhole || reject(new Error(`${header.name} is cut off`)));
    const copied = to.entry(header, (error) => (error ? reject(error) : resolve()));
    copied.on("error", reject);
    content.pipe(copied);
  });
}

/** What counts of an entry, beside its content. */
function note(hash: Hash, { name, mode, uid, gid, type, linkname, size }: Partial<tar.Header>): void {
  hash.update(JSON.stringify([name, mode, uid, gid, type, linkname, size]));
}

async function textOf(content: Content): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of content) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks).toString("utf8");
}

async function eachEntry(
  archive: Readable,
  work: (header: tar.Header, content: Content) => Promise<void>,
): Promise<void> {
  const extract = tar.extract();
  // The loop below throws it too.
  extract.on("error", () => {});
  archive.once("error", (error) => extract.destroy(error));
  archive.pipe(extract);
  for await (const content of extract) {
    await work(content.header, content);
    content.resume();
  }
}
