import { expect } from "chai";
import fc from "fast-check";
import { dealFiles as deal } from "../../src/sharding/deal.ts";

/** The files of each shard. */
const dealFiles = (...given: Parameters<typeof deal>) => deal(...given).map(({ files }) => files);

/** Files by their durations; of some none is known. */
const suites = fc.uniqueArray(fc.stringMatching(/^[a-z]{1,3}(\/[a-z]{1,3})?$/), { maxLength: 60 }).chain((files) =>
  fc.tuple(
    fc.constant(files),
    fc.array(fc.option(fc.integer({ min: 0, max: 100_000 }), { nil: undefined }), {
      minLength: files.length,
      maxLength: files.length,
    }),
    fc.integer({ min: 1, max: 12 }),
  ),
);
const timesOf = (files: readonly string[], durations: readonly (number | undefined)[]): Map<string, number> =>
  new Map(files.flatMap((file, index) => (durations[index] === undefined ? [] : [[file, durations[index]]])));
/** What each shard takes, where a file of which nothing is known takes as long as those that are known on average. */
function loadsOf(shards: readonly (readonly string[])[], times: ReadonlyMap<string, number>): number[] {
  const average = times.size === 0 ? 0 : [...times.values()].reduce((sum, ms) => sum + ms, 0) / times.size;
  return shards.map((files) =>
    files.reduce((sum, file) => sum + Math.max(1, Math.round(times.get(file) ?? average)), 0),
  );
}
const holds = (fact: (files: string[], durations: (number | undefined)[], total: number) => void): void =>
  fc.assert(fc.property(suites, ([files, durations, total]) => fact(files, durations, total)));

describe("the spec files of a suite, dealt out to shards", () => {
  it("are in one shard each, and none is left", () => {
    holds((files, durations, total) => {
      const shards = dealFiles(files, timesOf(files, durations), total);
      expect(shards).to.have.length(total);
      expect(shards.flat().toSorted()).to.deep.equal(files.toSorted());
    });
  });

  it("take in no shard longer than in all on average and the longest file", () => {
    holds((files, durations, total) => {
      const times = timesOf(files, durations);
      const loads = loadsOf(dealFiles(files, times, total), times);
      const longest = Math.max(
        0,
        ...loadsOf(
          files.map((file) => [file]),
          times,
        ),
      );
      expect(Math.max(...loads)).to.be.at.most(loads.reduce((sum, each) => sum + each, 0) / total + longest);
    });
  });

  it("would end no earlier if the shard that ends last gave one of them to another", () => {
    holds((files, durations, total) => {
      const times = timesOf(files, durations);
      const shards = dealFiles(files, times, total);
      const loads = loadsOf(shards, times);
      const [last] = [...shards.keys()].toSorted((a, b) => loads[b]! - loads[a]!);
      for (const file of shards[last!]!) {
        const [ms] = loadsOf([[file]], times);
        expect(Math.min(...loads) + ms!).to.be.at.least(loads[last!]!);
      }
    });
  });

  it("are the same in whatever order they are found", () => {
    holds((files, durations, total) => {
      const times = timesOf(files, durations);
      const otherwise = new Map([...times].toReversed());
      expect(dealFiles(files.toReversed(), otherwise, total)).to.deep.equal(dealFiles(files, times, total));
    });
  });

  it("are as many in each shard, but for one, where no durations are known", () => {
    holds((files, _, total) => {
      const counts = dealFiles(files, new Map(), total).map(({ length }) => length);
      expect(Math.max(...counts) - Math.min(...counts)).to.be.at.most(1);
    });
  });

  it("leave no shard without a file as long as there are enough", () => {
    holds((files, durations, total) => {
      const shards = dealFiles(files, timesOf(files, durations), total);
      expect(shards.filter(({ length }) => length > 0)).to.have.length(Math.min(total, files.length));
    });
  });

  it("begin with the longest", () => {
    const times = new Map([
      ["a", 1],
      ["b", 2],
      ["c", 3],
      ["d", 4],
      ["e", 6],
    ]);
    expect(dealFiles(["a", "b", "c", "d", "e"], times, 2)).to.deep.equal([
      ["b", "e"],
      ["a", "c", "d"],
    ]);
  });

  it("go to shards that have less to do for other suites", () => {
    const times = new Map([
      ["a", 10],
      ["b", 10],
      ["c", 10],
    ]);
    expect(dealFiles(["a", "b", "c"], times, 3, [20, 0, 10])).to.deep.equal([[], ["a", "b"], ["c"]]);
  });

  it("go to such shards first where no durations are known, as many to each", () => {
    expect(dealFiles(["a", "b", "c", "d"], new Map(), 3, [2, 1, 1])).to.deep.equal([["c"], ["a", "d"], ["b"]]);
  });

  it("are, of suite after suite, as many in each shard where no durations are known", () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 0, max: 9 })), fc.integer({ min: 1, max: 12 }), (sizes, total) => {
        let before: readonly number[] = [];
        for (const size of sizes) {
          const files = Array.from({ length: size }, (_, index) => String(index));
          before = deal(files, new Map(), total, before).map(({ ms }) => ms);
        }
        expect(Math.max(0, ...before) - Math.min(...before, Infinity)).to.be.at.most(1);
      }),
    );
  });

  it("take as long as is told, with what was to do before", () => {
    holds((files, durations, total) => {
      const times = timesOf(files, durations);
      const before = Array.from({ length: total }, (_, index) => index * 10);
      const shards = deal(files, times, total, before);
      const own = loadsOf(
        shards.map((shard) => shard.files),
        times,
      );
      expect(shards.map(({ ms }) => ms)).to.deep.equal(own.map((ms, index) => ms + before[index]!));
    });
  });

  it("count as average ones where they are new", () => {
    const times = new Map([
      ["a", 10],
      ["b", 30],
    ]);
    expect(dealFiles(["a", "b", "new"], times, 2)).to.deep.equal([["b"], ["a", "new"]]);
  });
});
