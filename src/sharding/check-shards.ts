import type { Ctrf, StoredShard } from "../report/ctrf.ts";

/** The stored results of one shard. */
export interface ShardResults {
  /** Where they are. */
  readonly path: string;
  readonly shard: StoredShard;
  readonly content: Ctrf;
}

/** Why these are not the results of one suite: a line each; none when they are. */
export function problemsOf(shards: readonly ShardResults[]): string[] {
  const totals = new Set(shards.map(({ shard }) => shard.total));
  if (totals.size > 1)
    return [
      `the shards are not of one run: ${grouped(
        shards,
        ({ shard }) => `of ${shard.total}`,
        ({ path }) => path,
      )}`,
    ];
  const [total = 0] = totals;
  const dealt = shards.filter(({ shard }) => shard.specs !== "");
  const runs = Map.groupBy(
    dealt.flatMap(({ shard }) => shard.own.map((file) => ({ file, number: shard.number }))),
    ({ file }) => file,
  );
  const left = [...new Set(dealt.flatMap(({ shard }) => shard.files))].filter((file) => !runs.has(file)).toSorted();
  const missing = Array.from({ length: total }, (_, index) => index + 1).filter(
    (number) => !shards.some(({ shard }) => shard.number === number),
  );
  return [
    ...missing.map((number) => `shard ${number} of ${total} is missing`),
    ...twice(shards),
    ...shards
      .filter(({ content }) => !content.results.extra.isOver)
      .map(({ shard, path }) => `shard ${shard.number} of ${total} has not ended: ${path} was written before its end`),
    ...different("versions of stackspec", shards, ({ content }) => content.results.tool.version),
    ...different("contents of the spec files", dealt, ({ shard }) => shard.specs),
    ...different("durations that the spec files were dealt by", dealt, ({ shard }) => shard.durations),
    ...imagesOf(shards),
    ...[...runs]
      .filter(([, by]) => by.length > 1)
      .map(([file, by]) => `${file} was run ${by.length} times: by shards ${list(by.map(({ number }) => number))}`),
    // The files of a shard that is not there are named with it: there may be hundreds.
    ...(missing.length > 0 || dealt.length < shards.length
      ? left.length > 0
        ? [`spec files that no shard has run: ${left.length}, the first of them ${left[0]}`]
        : []
      : left.map((file) => `${file} was run by no shard`)),
  ];
}

function twice(shards: readonly ShardResults[]): string[] {
  return [...Map.groupBy(shards, ({ shard }) => shard.number)]
    .filter(([, found]) => found.length > 1)
    .map(
      ([number, found]) =>
        `shard ${number} is there ${found.length} times: ${found.map(({ path }) => path).join(", ")}`,
    );
}

/** What an image was in each shard. Whose name is made from what it was built of is the same where that is. */
function imagesOf(shards: readonly ShardResults[]): string[] {
  const images = shards.flatMap((each) =>
    each.content.results.extra.timeline.images.map(({ name, reference, digest, origin }) => ({
      each,
      name,
      is: origin === "build" || origin === "debian" ? reference : digest,
    })),
  );
  return [...Map.groupBy(images, ({ name }) => name)].flatMap(([name, found]) => {
    const known = new Map(found.map(({ each, is }) => [each, is]));
    return different(`images called ${name}`, [...known.keys()], (each) => known.get(each)!);
  });
}

/** One line where the shards do not all have the same. */
function different(what: string, shards: readonly ShardResults[], of: (each: ShardResults) => string): string[] {
  if (new Set(shards.map(of)).size <= 1) return [];
  return [`the shards have different ${what}: ${grouped(shards, of, ({ shard }) => String(shard.number))}`];
}

/** "0.1.0 (1, 2), 0.2.0 (3)" */
function grouped(
  shards: readonly ShardResults[],
  of: (each: ShardResults) => string,
  nameOf: (each: ShardResults) => string,
): string {
  return [...Map.groupBy(shards, of)].map(([value, found]) => `${value} (${found.map(nameOf).join(", ")})`).join(", ");
}

function list(numbers: readonly number[]): string {
  return numbers.toSorted((a, b) => a - b).join(", ");
}
