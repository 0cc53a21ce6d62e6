import { expect } from "chai";
import type { Ctrf } from "../../src/report/ctrf.ts";
import { problemsOf } from "../../src/sharding/check-shards.ts";
import type { ShardResults } from "../../src/sharding/check-shards.ts";
import { undealt } from "../../src/sharding/deal-suite.ts";

interface Told {
  readonly number?: number;
  readonly total?: number;
  readonly own?: readonly string[];
  readonly specs?: string;
  readonly durations?: string;
  readonly isOver?: boolean;
  readonly version?: string;
  readonly image?: Partial<Record<"name" | "reference" | "digest" | "origin", string>>;
}

const FILES = ["a", "b", "c"];
/** What a shard of three has stored, which runs one of three files. */
function shard(number: number, told: Told = {}): ShardResults {
  const { total = 3, own = [FILES[number - 1]!], specs = "1", durations = "2" } = told;
  const { isOver = true, version = "0.2.0", image } = told;
  const images = [{ name: "mysql:9.7", reference: "mysql:9.7", digest: "sha256:1", origin: "registry", ...image }];
  const results = { tool: { version }, extra: { isOver, timeline: { images } } };
  return {
    path: `reports/shard-${number}-of-${total}/unit.ctrf.json`,
    shard: { number, total, files: FILES, own, specs, durations },
    content: { results } as unknown as Ctrf,
  };
}
const problems = (...changed: readonly Told[]): string[] =>
  problemsOf([1, 2, 3].map((number) => shard(number, changed[number - 1])));

describe("the shards of a suite", () => {
  it("are one suite when each is there, with a part of the same", () => {
    expect(problems()).to.deep.equal([]);
  });

  it("are not when one is missing", () => {
    expect(problemsOf([shard(1), shard(3)])).to.deep.equal([
      "shard 2 of 3 is missing",
      "spec files that no shard has run: 1, the first of them b",
    ]);
  });

  it("are not when one is there twice", () => {
    expect(problemsOf([shard(1), shard(2), shard(2), shard(3)])).to.deep.equal([
      "shard 2 is there 2 times: reports/shard-2-of-3/unit.ctrf.json, reports/shard-2-of-3/unit.ctrf.json",
      "b was run 2 times: by shards 2, 2",
    ]);
  });

  it("are not when they are of different totals", () => {
    expect(problemsOf([shard(1), shard(2, { total: 4 })])).to.deep.equal([
      "the shards are not of one run: of 3 (reports/shard-1-of-3/unit.ctrf.json), of 4 (reports/shard-2-of-4/unit.ctrf.json)",
    ]);
  });

  it("are not when one was killed", () => {
    expect(problems({}, { isOver: false })).to.deep.equal([
      "shard 2 of 3 has not ended: reports/shard-2-of-3/unit.ctrf.json was written before its end",
    ]);
  });

  it("are not when one ended before its spec files were dealt", () => {
    const found = problemsOf([shard(1), shard(3), { ...shard(2), shard: undealt({ number: 2, total: 3 }) }]);
    expect(found).to.deep.equal(["spec files that no shard has run: 1, the first of them b"]);
  });

  it("are not when a spec file was run twice", () => {
    expect(problems({}, { own: ["a", "b"] })).to.deep.equal(["a was run 2 times: by shards 1, 2"]);
  });

  it("are not when a spec file was not run", () => {
    expect(problems({ own: [] })).to.deep.equal(["a was run by no shard"]);
  });

  it("are not when they are of different versions of stackspec", () => {
    expect(problems({}, {}, { version: "0.3.0" })).to.deep.equal([
      "the shards have different versions of stackspec: 0.2.0 (1, 2), 0.3.0 (3)",
    ]);
  });

  it("are not when their spec files differ", () => {
    expect(problems({ specs: "0" })).to.deep.equal([
      "the shards have different contents of the spec files: 0 (1), 1 (2, 3)",
    ]);
  });

  it("are not when the files were dealt by other durations", () => {
    expect(problems({ durations: "0" })).to.deep.equal([
      "the shards have different durations that the spec files were dealt by: 0 (1), 2 (2, 3)",
    ]);
  });

  it("are not when a name means another image", () => {
    expect(problems({}, { image: { digest: "sha256:2" } })).to.deep.equal([
      "the shards have different images called mysql:9.7: sha256:1 (1, 3), sha256:2 (2)",
    ]);
  });

  for (const origin of ["build", "debian"])
    it(`are when an image was made of the same on each machine: ${origin}`, () => {
      expect(problems(...["1", "2", "3"].map((digest) => ({ image: { digest, origin } })))).to.deep.equal([]);
      const changed = problems(
        {},
        { image: { origin, reference: "localhost/stackspec/app:2" } },
        { image: { origin } },
      );
      expect(changed).to.have.length(1);
    });

  it("are when one of them had no use for an image", () => {
    const without = shard(3);
    (without.content.results.extra.timeline.images as unknown[]).length = 0;
    expect(problemsOf([shard(1), shard(2), without])).to.deep.equal([]);
  });
});
