import { closeSync, fstatSync, mkdirSync, openSync, writeSync } from "node:fs";
import { dirname } from "node:path";

/** How much of a log its file has, in bytes. */
const FILE_BYTES = 50 * 1024 * 1024;

/** A file for a log. */
export interface LogFile {
  /** @returns false when it is full */
  write(text: string): boolean;
  /** Writes no more, and says there why. */
  cut(why: string): void;
  close(): void;
}

/**
 * Opens a new file, in a folder that is made for it, or goes on with one. It ends with a note when it is full, after 50 MiB.
 */
export function openLogFile(file: string, { append = false } = {}): LogFile {
  mkdirSync(dirname(file), { recursive: true });
  const output = openSync(file, append ? "a" : "w");
  let leftBytes = Math.max(0, FILE_BYTES - fstatSync(output).size);
  let isOpen = true;
  const close = (): void => {
    if (isOpen) closeSync(output);
    isOpen = false;
  };
  const cut = (why: string): void => {
    if (isOpen) writeSync(output, `… (cut here: ${why})\n`);
    close();
  };
  return {
    write(text) {
      if (!isOpen) return false;
      const bytes = Buffer.from(text).subarray(0, leftBytes);
      leftBytes -= bytes.length;
      for (let from = 0; from < bytes.length;) from += writeSync(output, bytes, from);
      if (leftBytes === 0) cut(`the first ${FILE_BYTES / 1024 / 1024} MiB are kept`);
      return isOpen;
    },
    cut,
    close,
  };
}
