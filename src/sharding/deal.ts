/** A spec file that runs in one of the shards, and how long it is expected to take. */
interface Expected {
  readonly file: string;
  readonly ms: number;
}

/**
 * Deals spec files out to shards, so that these end at about the same time: the longest file first, each to the shard that has
 * the least to do so far. No shard then takes longer than all of them on average and the longest file together. The same
 * files, times and total give the same shards, in whatever order they come.
 *
 * @param files each once
 * @param times of files in earlier runs, in milliseconds; one that is not known is taken for an average one
 * @returns for each shard its files, in the order of their names
 */
export function dealFiles(
  files: readonly string[],
  times: ReadonlyMap<string, number>,
  total: number,
): readonly (readonly string[])[] {
  const known = files.flatMap((file) => times.get(file) ?? []);
  const average = known.length === 0 ? 0 : known.reduce((sum, ms) => sum + ms, 0) / known.length;
  // What takes no time at all takes some: of such files too each shard gets as many as the others.
  const expected = files
    .map((file): Expected => ({ file, ms: Math.max(1, Math.round(times.get(file) ?? average)) }))
    .toSorted((a, b) => b.ms - a.ms || compare(a.file, b.file));
  const shards = Array.from({ length: total }, () => ({ ms: 0, files: [] as string[] }));
  for (const { file, ms } of expected) {
    const next = shards.reduce((least, shard) => (shard.ms < least.ms ? shard : least));
    next.ms += ms;
    next.files.push(file);
  }
  return shards.map((shard) => shard.files.toSorted(compare));
}

/** Not as a language sorts words: that is another order on another machine. */
function compare(a: string, b: string): number {
  return a < b ? -1 : Number(a > b);
}
