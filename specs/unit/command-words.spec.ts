import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect } from "chai";
import { readWords } from "../../src/cli/command.ts";
import type { Command } from "../../src/cli/command.ts";
import { COMMANDS } from "../../src/cli/commands.ts";
import { makeProject } from "./command-line.ts";
import type { Project } from "./command-line.ts";

const commandOf = (name: string) => COMMANDS.find((each) => each.name === name)!;
const [startCommand, runCommand, testCommand] = ["start", "run", "test"].map(commandOf) as [Command, Command, Command];
const [pipelineCommand, stageCommand, cleanCommand] = ["pipeline", "stage", "clean"].map(commandOf) as [
  Command,
  Command,
  Command,
];
const manifest = JSON.parse(readFileSync(join(import.meta.dirname, "../../package.json"), "utf8")) as {
  version: string;
};

describe("the words behind a command", () => {
  for (const [command, words, expected] of [
    [cleanCommand, ["--snapshot"], "[--snapshots] [--caches] [--every-host]: Unknown option '--snapshot'"],
    [cleanCommand, ["--no-snapshots"], "[--snapshots] [--caches] [--every-host]: Unknown option '--no-snapshots'"],
    [cleanCommand, ["snapshots"], '[--snapshots] [--caches] [--every-host], got "snapshots"'],
    [pipelineCommand, ["test"], 'nothing behind it, got "test"'],
    [pipelineCommand, ["--grep", "x"], "nothing behind it: Unknown option '--grep'"],
    [stageCommand, [], "<name>, got nothing"],
    [commandOf("snapshot"), ["save"], 'save|load FILE [stack], snapshot push|pull IMAGE [stack], got "save" alone'],
    [stageCommand, ["build", "release"], '<name>, got "release"'],
    [
      testCommand,
      ["specs/unit/a.spec.ts"],
      '[--shard 2/5] [--pass-with-no-specs] [selection] [mocha options], got "specs/unit/a.spec.ts"',
    ],
    [
      testCommand,
      ["--gerp", "x"],
      "[--shard 2/5] [--pass-with-no-specs] [selection] [mocha options]: Unknown option '--gerp'",
    ],
    [
      testCommand,
      ["--grep"],
      "[--shard 2/5] [--pass-with-no-specs] [selection] [mocha options]: Option '-g, --grep <value>' argument missing",
    ],
    [
      testCommand,
      ["--keep"],
      "[--shard 2/5] [--pass-with-no-specs] [selection] [mocha options]: Unknown option '--keep'",
    ],
    [
      runCommand,
      [],
      "<suite> [--keep-on-failure] [--shard 2/5] [--pass-with-no-specs] [selection] [spec files] [mocha options], got nothing",
    ],
    [
      runCommand,
      ["unit", "--watch"],
      "<suite> [--keep-on-failure] [--shard 2/5] [--pass-with-no-specs] [selection] [spec files] [mocha options]: Unknown option '--watch'",
    ],
    [
      startCommand,
      ["--kep"],
      "[--keep] [--keep-on-failure] [--shard 2/5] [--pass-with-no-specs] [selection] [spec files] [mocha options]: Unknown option '--kep'",
    ],
  ] as const)
    it(`are refused when they are ${["stackspec", command.name, ...words].join(" ")}`, async () => {
      await expect(readWords(command, words)).to.be.rejectedWith(
        `USAGE: stackspec ${command.name}: expected ${expected}`,
      );
    });

  for (const command of COMMANDS)
    it(`are a call for help with --help among them: ${command.name}`, async () => {
      await expect(readWords(command, ["--help"])).to.eventually.equal(undefined);
    });

  it("are refused as a number when they are none", async () => {
    await expect(readWords(testCommand, ["--jobs", "many"])).to.be.rejectedWith(
      'USAGE: --jobs: expected a whole number, got "many"',
    );
  });

  it("are the command's own switches, whatever is between them", async () => {
    const given = await readWords(startCommand, ["--bail", "--keep", "a.spec.ts"]);
    expect([...given!.flags]).to.deep.equal(["keep"]);
  });

  it("are spec files, in their order", async () => {
    const given = await readWords(runCommand, ["unit", "b", "--grep", "x", "a"]);
    expect(given).to.have.deep.property("words", ["unit", "b", "a"]);
  });

  for (const [given, handedOn] of [
    [["--grep", "two words"], ["--grep=two words"]],
    [["--grep=-x"], ["--grep=-x"]],
    [["-g", "x"], ["--grep=x"]],
    [
      ["--parallel", "--jobs", "2"],
      ["--parallel", "--jobs=2"],
    ],
    [["-bC"], ["-b", "-C"]],
    [["--no-exit"], ["--no-exit"]],
    [["--reporter-options", "a=b"], ["--reporter-options=a=b"]],
    [
      ["--require", "a", "--require", "b"],
      ["--require=a", "--require=b"],
    ],
  ] as const)
    it(`are handed on to mocha when they are ${given.join(" ")}`, async () => {
      await expect(readWords(testCommand, given)).to.eventually.have.deep.property("mocha", handedOn);
    });
});

describe("the command", function () {
  this.timeout(60_000);
  let project: Project;
  before(() => {
    project = makeProject({
      "specs/one/a.spec.js": `it("passes", () => {});\nit("fails", () => { throw new Error("no"); });\n`,
    });
  });
  after(() => project.remove());

  it("answers with its version", async () => {
    await expect(project.run(["--version"])).to.eventually.include({ exitCode: 0, output: `${manifest.version}\n` });
  });

  it("answers to nothing with every command", async () => {
    const { exitCode, output } = await project.run([]);
    expect(exitCode).to.equal(0);
    for (const { name, usage } of COMMANDS) expect(output).to.include(`stackspec ${name} ${usage}`.trimEnd());
  });

  for (const { name, usage, summary } of [pipelineCommand, cleanCommand])
    it(`answers ${name} --help with what may follow, and does nothing`, async () => {
      const output = `${`stackspec ${name} ${usage}`.trimEnd()}\n    ${summary}\n`;
      await expect(project.run([name, "--help"])).to.eventually.deep.equal({ exitCode: 0, output, errors: "" });
    });

  for (const [words, sentence] of [
    [["frobnicate"], 'stackspec: expected one of COMMANDS, --help, --version, got "frobnicate"'],
    [["--verison"], 'stackspec: expected one of COMMANDS, --help, --version, got "--verison"'],
    [["--version", "now"], 'stackspec --version: expected nothing behind it, got "now"'],
    [["pipeline", "--dry"], "stackspec pipeline: expected nothing behind it: Unknown option '--dry'"],
    [["run", "one", "b.spec.js"], 'stackspec run: expected spec files, got "b.spec.js"'],
    [["start", "b.spec.js"], 'stackspec start: expected spec files, got "b.spec.js"'],
    [["run", "specs/one"], 'stackspec run: expected the name of a folder under specs/, got "specs/one"'],
    [["run", ".."], 'stackspec run: expected the name of a folder under specs/, got ".."'],
    [["run", ""], 'stackspec run: expected the name of a folder under specs/, got ""'],
    [["report", "package.json"], 'stackspec report: expected a folder, got "package.json", which is none'],
    [
      ["snapshot", "push", "a b"],
      'stackspec snapshot: expected an image such as registry.example/team/snapshots:main, got "a b"',
    ],
  ] as const)
    it(`refuses ${words.join(" ")} in one line`, async () => {
      const errors = `USAGE: ${sentence.replace("COMMANDS", COMMANDS.map(({ name }) => name).join(", "))}\n`;
      await expect(project.run(words)).to.eventually.deep.equal({ exitCode: 2, output: errors, errors });
    });

  it("hands options on to mocha", async () => {
    const { exitCode, output } = await project.run(["run", "one", "--grep", "passes"]);
    expect(exitCode, output).to.equal(0);
    expect(output).to.include("1 passing");
  });
});
