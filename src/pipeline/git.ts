import { messageOf, usageError } from "../errors.ts";
import type { ProgramFailure } from "../images/run-program.ts";
import { runProgram } from "../images/run-program.ts";

/** Where the working tree stands. */
export interface Revision {
  readonly hash: string;
  readonly short: string;
  /** Undefined on a detached head. */
  readonly branch: string | undefined;
  /** Files that differ from the revision, untracked ones included. */
  readonly dirty: readonly string[];
}

/**
 * The git revision of the working directory.
 *
 * @param branch what a CI system says it is: it checks out a detached head
 * @throws StackspecError `USAGE` outside of a repository
 */
export async function readRevision(branch: string | undefined): Promise<Revision> {
  const git = async (...words: string[]): Promise<string> => {
    try {
      return (await runProgram("git", words, { isRead: true })).trimEnd();
    } catch (cause) {
      const fatal = (cause as ProgramFailure).stderr.split("\n").find((line) => line.startsWith("fatal"));
      throw usageError("git", `expected the revision of a git repository: ${fatal ?? messageOf(cause)}`, cause);
    }
  };
  const [hash, short, head, status] = await Promise.all([
    git("rev-parse", "HEAD"),
    git("rev-parse", "--short", "HEAD"),
    git("rev-parse", "--abbrev-ref", "HEAD"),
    git("status", "--porcelain"),
  ]);
  return {
    hash,
    short,
    branch: branch ?? (head === "HEAD" ? undefined : head),
    dirty: status
      .split("\n")
      .filter((line) => line !== "")
      .map((line) => line.slice(3)),
  };
}
