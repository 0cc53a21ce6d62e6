import { spawn } from "node:child_process";
import { createReadStream, createWriteStream, statSync } from "node:fs";
import { rename, rm, stat } from "node:fs/promises";
import { pipeline } from "node:stream/promises";
import { createZstdCompress } from "node:zlib";
import { readConfig } from "../config/config.ts";
import { openSession } from "../engine/run/session.ts";
import { decompress } from "../engine/snapshot/archive-file.ts";
import { pullSnapshots, pushSnapshots } from "../engine/snapshot/registry.ts";
import { newestSnapshots, packImages, unpackImages } from "../engine/snapshot/travel.ts";
import type { TravelContext } from "../engine/snapshot/travel.ts";
import { messageOf, usageError } from "../errors.ts";
import { say } from "../terminal.ts";
import type { Given } from "./command.ts";

const SUBJECT = "stackspec snapshot";
const DIRECTIONS: Readonly<Record<string, (context: TravelContext, where: string, stack?: string) => Promise<string>>> =
  {
    save,
    load,
    push,
    pull,
  };

/** A registry's host and path, and a tag: https://distribution.github.io/distribution/spec/api/#overview */
const REFERENCE = /^[a-z0-9.-]+(:\d+)?(\/[a-z0-9]+([._-]+[a-z0-9]+)*)*(:[\w.-]{1,128})?$/;

/** `stackspec snapshot`. */
export async function moveSnapshots({ words: [direction = "", place = "", stack] }: Given): Promise<void> {
  const move = Object.hasOwn(DIRECTIONS, direction) ? DIRECTIONS[direction] : undefined;
  if (move === undefined) throw usageError(SUBJECT, `expected save, load, push or pull, got "${direction}"`);
  const where = direction === "push" || direction === "pull" ? referenceOf(place) : place;
  const session = openSession(readConfig());
  try {
    const { docker } = await session.connect();
    say(await move({ docker, runId: session.runId, signal: session.signal }, where, stack));
  } finally {
    await session.close();
  }
}

/** With the tag that is meant by none. @throws StackspecError `USAGE` for what is no image's name */
function referenceOf(image: string): string {
  if (!REFERENCE.test(image))
    throw usageError(SUBJECT, `expected an image such as registry.example/team/snapshots:main, got "${image}"`);
  return /:[^/]*$/.test(image) ? image : `${image}:latest`;
}

async function found(context: TravelContext, stack: string | undefined) {
  const images = await newestSnapshots(context, stack);
  if (images.length === 0)
    throw usageError(
      SUBJECT,
      `expected a snapshot${stack === undefined ? "" : ` of ${stack}`} on the engine, got none`,
    );
  return images;
}

/** Replaces the file whole. */
async function save(context: TravelContext, file: string, stack?: string): Promise<string> {
  const images = await found(context, stack);
  const unfinished = `${file}.part`;
  const dismiss = removeAtEnd(unfinished);
  try {
    const out = createWriteStream(unfinished, { mode: 0o600 });
    await pipeline(packImages(context, images), createZstdCompress(), out, { signal: context.signal });
    await rename(unfinished, file);
  } catch (cause) {
    await rm(unfinished, { force: true });
    throw (cause as NodeJS.ErrnoException).syscall === undefined
      ? cause
      : usageError(SUBJECT, `expected a file that can be written, got "${file}": ${messageOf(cause)}`, cause);
  } finally {
    dismiss();
  }
  return `Saved ${count(images)} in ${file}: ${Math.ceil((await stat(file)).size / 1e6)} MB`;
}

/** Removes a file when this process ends, `kill -9` included, or when it is told to: a shell waits for that. */
function removeAtEnd(path: string): () => void {
  const shell = spawn("sh", ["-c", 'cat > /dev/null; rm -f "$1"', "sh", path], {
    // Of its own session: what is sent to the process group must not reach it.
    detached: true,
    stdio: ["pipe", "ignore", "ignore"],
  });
  shell.on("error", () => {}).unref();
  return () => shell.stdin.end();
}

async function load(context: TravelContext, file: string): Promise<string> {
  const entry = statSync(file, { throwIfNoEntry: false });
  if (entry?.isFile() !== true)
    throw usageError(
      SUBJECT,
      `expected a file that \`stackspec snapshot save\` wrote, got "${file}", which is ${entry === undefined ? "not there" : "none"}`,
    );
  return `Loaded ${count(await unpackImages(context, file, decompress(createReadStream(file))))} from ${file}`;
}

async function push(context: TravelContext, reference: string, stack?: string): Promise<string> {
  const images = await found(context, stack);
  await pushSnapshots(context, images, reference);
  return `Pushed ${count(images)} to ${reference}`;
}

async function pull(context: TravelContext, reference: string): Promise<string> {
  return `Pulled ${count(await pullSnapshots(context, reference))} from ${reference}`;
}

function count(images: readonly unknown[]): string {
  return images.length === 1 ? "1 image of snapshots" : `${images.length} images of snapshots`;
}
