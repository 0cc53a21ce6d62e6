import { expect } from "chai";
import { readShard, shardWord } from "../../src/config/shard.ts";

/** "2/5" for a shard. */
const read = (environment: NodeJS.ProcessEnv, word?: string, fromSystem?: boolean): string | undefined => {
  const shard = readShard(word, fromSystem, environment);
  return shard && `${shard.number}/${shard.total}`;
};
const GITLAB = { CI_NODE_INDEX: "2", CI_NODE_TOTAL: "5" };

describe("the shard that a run is", () => {
  it("is none unless somebody says so", () => {
    expect(read({})).to.equal(undefined);
  });

  it("is what the command says, whatever the environment does", () => {
    expect(read({ STACKSPEC_SHARD: "1/3", ...GITLAB }, "4/7")).to.equal("4/7");
  });

  it("is what STACKSPEC_SHARD says, whatever the CI system does", () => {
    expect(read({ STACKSPEC_SHARD: "1/3", ...GITLAB })).to.equal("1/3");
  });

  for (const [system, environment] of Object.entries({
    GitLab: GITLAB,
    CircleCI: { CIRCLE_NODE_INDEX: "1", CIRCLE_NODE_TOTAL: "5" },
    Buildkite: { BUILDKITE_PARALLEL_JOB: "1", BUILDKITE_PARALLEL_JOB_COUNT: "5" },
  })) {
    it(`is what ${system} says`, () => {
      expect(read(environment)).to.equal("2/5");
    });

    it(`is not what ${system} says where the command names spec files`, () => {
      expect(read(environment, undefined, false)).to.equal(undefined);
    });
  }

  it("is none of a job that a CI system runs once", () => {
    expect(read({ CI_NODE_TOTAL: "1", CIRCLE_NODE_INDEX: "0", CIRCLE_NODE_TOTAL: "1" })).to.equal(undefined);
  });

  for (const [word, shard] of Object.entries({
    "1/1": "1/1",
    "10/10": "10/10",
    "12/345678": "12/345678",
    "5/5": "5/5",
  }))
    it(`can be ${word}`, () => {
      expect(read({}, word)).to.equal(shard);
    });

  for (const word of ["0/5", "6/5", "1", "1/", "/5", "a/b", "1/2/3", "1234567/1234567", "x1/5", "1/5x"])
    it(`is refused as ${word}`, () => {
      expect(() => read({}, word)).to.throw("USAGE: --shard: ");
    });

  for (const [index, total] of [
    ["1", "5"],
    ["5", "5"],
    ["12", "34"],
  ] as const)
    it(`can be ${index} of ${total} of a CI system`, () => {
      expect(read({ CI_NODE_INDEX: index, CI_NODE_TOTAL: total })).to.equal(`${index}/${total}`);
    });

  for (const [index, total] of [
    ["0", "5"],
    ["6", "5"],
    ["x1", "5"],
    ["1x", "5"],
    [undefined, "5"],
  ] as const)
    it(`is refused as ${index} of ${total} of a CI system`, () => {
      expect(() => read({ CI_NODE_TOTAL: total, ...(index && { CI_NODE_INDEX: index }) })).to.throw(
        "USAGE: CI_NODE_INDEX",
      );
    });

  it("has nothing to do before unless it is told so", () => {
    expect(
      [readShard("1/2", true, {}), readShard(undefined, true, GITLAB)].map((shard) => shard?.before),
    ).to.deep.equal([[], []]);
  });

  it("is none when it is switched off", () => {
    expect([read({ STACKSPEC_SHARD: "off", ...GITLAB }), read(GITLAB, "off")]).to.deep.equal([undefined, undefined]);
  });

  it("says who has said so", () => {
    expect(
      [readShard("1/2", true, {}), readShard(undefined, true, GITLAB)].map((shard) => shard?.source),
    ).to.deep.equal(["--shard", "CI_NODE_INDEX and CI_NODE_TOTAL"]);
  });

  it("knows what it has to do before where the command that starts it says so", () => {
    const before = [1, 20, 0];
    expect(readShard(shardWord({ number: 2, total: 3 }, before), true, {})).to.deep.include({
      number: 2,
      total: 3,
      before,
    });
  });

  for (const word of ["0/5", "6/5", "2", "2/", "/5", "a/b", "-1/5", "2/5/6", "1.5/2", ""])
    it(`is not "${word}"`, () => {
      expect(() => read({}, word)).to.throw(
        `USAGE: --shard: expected a shard and how many there are, such as 2/5, or off, got "${word}"`,
      );
    });

  for (const [environment, message] of [
    [{ CI_NODE_TOTAL: "5" }, "CI_NODE_INDEX: expected a whole number from 1 to 5, got none"],
    [{ CI_NODE_INDEX: "0", CI_NODE_TOTAL: "5" }, 'CI_NODE_INDEX: expected a whole number from 1 to 5, got "0"'],
    [{ CI_NODE_INDEX: "1", CI_NODE_TOTAL: "many" }, 'CI_NODE_TOTAL: expected a whole number from 1, got "many"'],
    [
      { CIRCLE_NODE_INDEX: "5", CIRCLE_NODE_TOTAL: "5" },
      'CIRCLE_NODE_INDEX: expected a whole number from 0 to 4, got "5"',
    ],
    [
      { STACKSPEC_SHARD: "5" },
      'STACKSPEC_SHARD: expected a shard and how many there are, such as 2/5, or off, got "5"',
    ],
  ] as const)
    it(`is refused with ${JSON.stringify(environment)}`, () => {
      expect(() => read(environment)).to.throw(`USAGE: ${message}`);
    });
});
