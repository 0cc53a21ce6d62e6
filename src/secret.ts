import { processEnvironment } from "./config/environment.ts";
import { derivePassword } from "./engine/docker/secret.ts";
import { usageError } from "./errors.ts";

/**
 * A password that nobody else can know, and that is the same in the next run, so that a snapshot of a
 * database can be used again: derived from `name` and 32 random bytes in a file that only this user reads.
 * Where there is no place for such a file, it is random for each run. On another machine it is another one: a known server that
 * is started from a snapshot of that machine has its passwords set anew. The variable `STACKSPEC_SECRET` takes the file's place.
 *
 * @returns 32 hexadecimal digits
 * @throws StackspecError `USAGE` without a name
 */
export function secret(name: string): string {
  if (typeof (name as unknown) !== "string" || name === "") throw usageError("secret()", "expected a name");
  return derivePassword(name, processEnvironment()["STACKSPEC_SECRET"]);
}
