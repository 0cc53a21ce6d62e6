import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect } from "chai";
import { parse } from "yaml";
import { readWords } from "../../src/cli/command.ts";
import { COMMANDS } from "../../src/cli/commands.ts";
import { CI_FILES } from "../../src/cli/init-ci.ts";
import { newFiles } from "../../src/cli/init-files.ts";
import type { Choices } from "../../src/cli/init-files.ts";

/** What of these files is looked at. */
interface Step {
  readonly run?: string;
  readonly uses?: string;
  readonly with?: Readonly<Record<string, string | boolean>>;
}
interface Job {
  readonly needs?: string | readonly string[];
  readonly stage?: string;
  readonly parallel?: number;
  readonly script?: readonly string[];
  readonly strategy?: { readonly matrix: { readonly shard: readonly number[] } };
  readonly steps?: readonly Step[];
}
type Jobs = Readonly<Record<string, Job>>;

const root = join(import.meta.dirname, "../..");
const read = (path: string): string => readFileSync(join(root, path), "utf8");
/** The CI file that `init` writes. */
function written(ci: Choices["ci"], shards?: number): string {
  const choices = { extension: "ts", service: undefined, image: undefined, ci, shards };
  return newFiles(choices, "test").get(CI_FILES[ci].path)!;
}
const github = (text: string): Jobs => (parse(text) as { jobs: Jobs }).jobs;
function gitlab(text: string): { stages: readonly string[]; jobs: Jobs } {
  const { stages = [], default: _, ...jobs } = parse(text) as { stages?: string[]; default?: object } & Jobs;
  return { stages, jobs };
}
const commandsOf = (job: Job): string[] => [
  ...(job.steps ?? []).flatMap(({ run }) => run ?? []),
  ...(job.script ?? []),
];

describe("the files of CI systems", () => {
  for (const [whose, text] of Object.entries({
    "this repository": read(".github/workflows/ci.yml"),
    "a new project": written("GitHub"),
    "a new project on five machines": written("GitHub", 5),
  }))
    it(`are YAML whose jobs need jobs that there are: GitHub, ${whose}`, () => {
      const jobs = github(text);
      const needed = Object.values(jobs).flatMap(({ needs = [] }) => needs);
      expect(Object.keys(jobs)).to.include.members(needed);
      for (const job of Object.values(jobs)) expect(job.steps).not.to.be.empty;
    });

  for (const [whose, text] of Object.entries({
    "this repository": read(".gitlab-ci.yml"),
    "a new project": written("GitLab"),
    "a new project on five machines": written("GitLab", 5),
  }))
    it(`are YAML whose jobs are in stages that there are: GitLab, ${whose}`, () => {
      const { stages, jobs } = gitlab(text);
      const named = Object.values(jobs).flatMap(({ stage }) => stage ?? []);
      expect(stages).to.include.members(named);
      for (const job of Object.values(jobs)) expect(job.script).not.to.be.empty;
    });

  for (const text of [read(".circleci/config.yml"), written("CircleCI")])
    it("are YAML: CircleCI", () => {
      expect((parse(text) as { jobs: Jobs }).jobs).not.to.be.empty;
    });

  it("leave nothing open of what init fills in", () => {
    for (const ci of ["GitHub", "GitLab"] as const)
      for (const shards of [undefined, 1, 5])
        expect(written(ci, shards)).not.to.match(/SCRIPT|NUMBERS|TOTAL\b(?<!NODE_TOTAL)/);
  });

  it("run each of the machines that are asked for", async () => {
    const { test } = github(written("GitHub", 5));
    expect(test!.strategy!.matrix.shard).to.deep.equal([1, 2, 3, 4, 5]);
    expect(commandsOf(test!)).to.include("npm test -- --shard ${{ matrix.shard }}/5");
    expect(gitlab(written("GitLab", 5)).jobs["test"]!.parallel).to.equal(5);
  });

  for (const [ci, jobs] of [
    ["GitHub", github(written("GitHub", 5))],
    ["GitLab", gitlab(written("GitLab", 5)).jobs],
  ] as const)
    it(`call stackspec by words that it knows: ${ci}`, async () => {
      const called = Object.values(jobs)
        .flatMap(commandsOf)
        .flatMap((line) => [...line.matchAll(/npx stackspec (.*)/g)].map(([, words]) => words!.split(" ")));
      expect(called).to.deep.equal([["merge"]]);
      for (const [name, ...words] of called)
        await expect(
          readWords(
            COMMANDS.find((each) => each.name === name)!,
            words,
          ),
        ).to.eventually.be.an("object");
    });

  it("take to the merge what the shards have uploaded, and nothing else", () => {
    const jobs = github(written("GitHub", 5));
    const named = (job: Job, action: string, key: string) =>
      job.steps!.filter(({ uses }) => uses?.startsWith(action)).map((step) => step.with![key]);
    expect(named(jobs["test"]!, "actions/upload-artifact", "name")).to.deep.equal(["reports-${{ matrix.shard }}"]);
    expect(named(jobs["merge"]!, "actions/download-artifact", "pattern")).to.deep.equal(["reports-*"]);
    expect(named(jobs["timings"]!, "actions/upload-artifact", "name")).to.deep.equal(
      named(jobs["test"]!, "actions/download-artifact", "name"),
    );
  });
});
