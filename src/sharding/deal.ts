/** A spec file that runs in one of the shards, and how long it is expected to take. */
interface Expected {
  readonly file: string;
  readonly ms: number;
}

/** What one shard runs. */
export interface Dealt {
  /** In the order of their names. */
  readonly files: readonly string[];
  /** How long it is expected to take, with what it had to do before, in milliseconds. */
  readonly ms: number;
}

/**
 * Deals spec files out to shards, so that these end at about the same time: the longest file first, each to the shard that has
 * the least to do so far. No shard then takes longer than all of them on average and the longest file together. The same
 * files, times and total give the same shards, in whatever order they come.
 *
 * @param files each once
 * @param times of files in earlier runs, in milliseconds; one that is not known is taken for an average one
 * @param before how long each shard is expected to take for other suites, in milliseconds @default 0
 */
export function dealFiles(
  files: readonly string[],
  times: ReadonlyMap<string, number>,
  total: number,
  before: readonly number[] = [],
): readonly Dealt[] {
  const known = files.flatMap((file) => times.get(file) ?? []);
  const average = known.length === 0 ? 0 : known.reduce((sum, ms) => sum + ms, 0) / known.length;
  // What takes no time at all takes some: of such files too each shard gets as many as the others.
  const expected = files
    .map((file): Expected => ({ file, ms: Math.max(1, Math.round(times.get(file) ?? average)) }))
    .toSorted((a, b) => b.ms - a.ms || compare(a.file, b.file));
  // Who has the least to do before comes first; where no time is known, each gets as many files all the same.
  const shards = Array.from({ length: total }, (_, index) => ({
    index,
    offset: before[index] ?? 0,
    ms: known.length === 0 ? 0 : (before[index] ?? 0),
    files: [] as string[],
  })).toSorted((a, b) => a.offset - b.offset || a.index - b.index);
  for (const { file, ms } of expected) {
    const next = shards.reduce((least, shard) => (shard.ms < least.ms ? shard : least));
    next.ms += ms;
    next.files.push(file);
  }
  return shards
    .toSorted((a, b) => a.index - b.index)
    .map((shard) => ({
      files: shard.files.toSorted(compare),
      ms: known.length === 0 ? shard.offset + shard.ms : shard.ms,
    }));
}

/** Not as a language sorts words: that is another order on another machine. */
function compare(a: string, b: string): number {
  return a < b ? -1 : Number(a > b);
}
