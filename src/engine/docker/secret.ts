import { createHmac, randomBytes } from "node:crypto";
import { mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { learnSecrets } from "../../secrets.ts";
import { cacheFolder } from "./cache-folder.ts";

const SEED_BYTES = 32;

/** One for the process: where it cannot be kept in a file, it still is the same for all that ask. */
let seed: Buffer | undefined;

/** The passwords that were derived in this process, and the name of each: a file that declares a stack asks for them while it is loaded, before there is a run. */
const derived = new Map<string, string>();

/**
 * A password of this name, from a seed: 32 random bytes in a file that only this user reads, or, where there is no place for
 * it, of this run alone.
 *
 * @param given takes the file's place
 */
export function derivePassword(name: string, given = ""): string {
  const from = given === "" ? (seed ??= readSeed()) : given;
  const password = createHmac("sha256", from).update(name).digest("hex").slice(0, 32);
  learnSecrets({ [`${name}_PASSWORD`]: password });
  derived.set(password, name);
  return password;
}

/** The derived passwords that occur in a text, and their names: on another machine they are others. */
export function passwordsIn(text: string): Map<string, string> {
  return new Map([...derived].filter(([password]) => text.includes(password)));
}

function readSeed(): Buffer {
  const fresh = randomBytes(SEED_BYTES);
  try {
    const file = join(cacheFolder(), "secret");
    mkdirSync(dirname(file), { recursive: true, mode: 0o700 });
    const write = (): Buffer => {
      // Of two runs that both find none, the first wins, and both read what it wrote.
      writeFileSync(file, fresh, { mode: 0o600, flag: "wx" });
      return fresh;
    };
    try {
      return write();
    } catch {
      const known = readable(file);
      if (known?.length === SEED_BYTES) return known;
      // Of no use to any later run either: cut off, or another user's.
      rmSync(file);
      return write();
    }
  } catch {
    return fresh;
  }
}

function readable(file: string): Buffer | undefined {
  try {
    return readFileSync(file);
  } catch {
    return undefined;
  }
}
