import { usageError } from "../errors.ts";

/** What Docker accepts as a tag: https://docs.docker.com/reference/cli/docker/image/tag/ */
const TAG = /^[\w][\w.-]{0,127}$/;

/** What is wrong with a tag; undefined when nothing is. */
export function forbiddenTag(tag: string): string | undefined {
  return TAG.test(tag)
    ? undefined
    : `expected a tag of at most 128 letters, digits, "_", "." and "-" that starts with none of the last two, got "${tag}"`;
}

/** What the tags of an image are made from. */
export interface TagSources {
  readonly version: string;
  /** The git revision's short hash. */
  readonly short: string;
  /** Undefined on a detached head. */
  readonly branch: string | undefined;
  readonly mainBranch: string;
  readonly build: string | undefined;
  readonly extra: readonly string[];
}

/**
 * The tags of a published image: version, short hash, branch (what Docker forbids in it becomes "-"),
 * `latest` on the main branch, and, where the build has a number, `<tag>.<build>` for each of these
 * that a later build may move.
 *
 * @throws StackspecError `USAGE` for a tag that Docker forbids
 */
export function tagsFor({ version, short, branch, mainBranch, build, extra }: TagSources): string[] {
  const slug = branch
    ?.replaceAll(/[^\w.-]+/g, "-")
    .replace(/^[.-]+/, "")
    .slice(0, 100);
  const moving = [version, ...(slug ? [slug] : []), ...(branch === mainBranch ? ["latest"] : []), ...extra];
  const fixed = build === undefined ? [] : moving.map((tag) => `${tag}.${build}`);
  const tags = [...new Set([...moving, short, ...fixed])];
  const bad = tags.map(forbiddenTag).find((problem) => problem !== undefined);
  if (bad !== undefined) throw usageError("tag", bad);
  return tags;
}
