import { expect } from "chai";
import { readWords } from "../../src/cli/command.ts";
import { COMMANDS } from "../../src/cli/commands.ts";
import { selectionWords, withSelection } from "../../src/cli/selection-words.ts";
import { readConfig } from "../../src/config/config.ts";
import type { Config } from "../../src/config/config.ts";
import type { ProjectConfig } from "../../src/config/project-config.ts";
import type { Selection } from "../../src/config/selection.ts";
import { tellWorkersSelection } from "../../src/config/selection.ts";
import { chooseSpecs } from "../../src/mocha/choice.ts";

const runCommand = COMMANDS.find(({ name }) => name === "run")!;

/** The settings of a run with these words, in a project that says this. */
async function configOf(words: readonly string[], exported: ProjectConfig = {}, environment = {}): Promise<Config> {
  const given = await readWords(runCommand, ["unit", ...words]);
  return withSelection(readConfig(environment, { path: "stackspec.config.ts", exported }), given!);
}
const selectionOf = async (...of: Parameters<typeof configOf>): Promise<Selection> => (await configOf(...of)).selection;

describe("the words that say which specs run", () => {
  for (const [words, expected] of [
    [["--repeat-each", "3"], { repeatEach: 3 }],
    [["--seed", "7"], { order: "random", seed: 7 }],
    [["--fail-on-flaky"], { failOnFlaky: true }],
    [["--last-failed"], { lastFailed: "" }],
    [["--last-failed", "ci/unit.xml"], { lastFailed: "ci/unit.xml" }],
    [["--last-failed=artefacts/unit"], { lastFailed: "artefacts/unit" }],
    [["--last-failed", "--seed", "7"], { lastFailed: "", seed: 7 }],
    [[], { order: "declared", seed: undefined, repeatEach: 1, lastFailed: undefined, failOnFlaky: false }],
  ] as const)
    it(`may be ${words.join(" ") || "none"}`, async () => {
      await expect(selectionOf(words)).to.eventually.include(expected);
    });

  it("leave a spec file behind --last-failed what it is", async () => {
    const given = await readWords(runCommand, ["unit", "--last-failed", "specs/unit/a.spec.ts"]);
    expect(given).to.have.deep.property("words", ["unit", "specs/unit/a.spec.ts"]);
  });

  it("choose a seed where --order random has none", async () => {
    const { seed } = await selectionOf(["--order", "random"]);
    expect(seed).to.be.a("number");
  });

  it("go before the environment, and that before the config file", async () => {
    const project = { order: "random", failOnFlaky: true } as const;
    await expect(selectionOf([], project, { STACKSPEC_SEED: "4" })).to.eventually.include({ seed: 4 });
    await expect(selectionOf(["--seed", "5"], project, { STACKSPEC_SEED: "4" })).to.eventually.include({ seed: 5 });
    await expect(selectionOf(["--order", "declared"], project)).to.eventually.include({ seed: undefined });
  });

  for (const [words, refusal] of [
    [["--repeat-each", "0"], '--repeat-each: expected a whole number from 1, got "0"'],
    [["--repeat-each", "10001"], '--repeat-each: expected at most 10000, got "10001"'],
    [["--order", "shuffled"], '--order: expected one of declared, random, got "shuffled"'],
    [["--seed", "-1"], "stackspec run: expected <suite>"],
    [["--seed=x"], '--seed: expected a whole number, got "x"'],
  ] as const)
    it(`are refused when they are ${words.join(" ")}`, async () => {
      await expect(selectionOf(words)).to.be.rejectedWith(`USAGE: ${refusal}`);
    });

  it("say the same to the process of a suite", async () => {
    const told = await configOf(["--order", "random", "--repeat-each", "2", "--last-failed", "--fail-on-flaky"]);
    await expect(selectionOf(selectionWords(told))).to.eventually.deep.equal(told.selection);
  });

  it("are told to a parallel worker, and not to what that starts", async () => {
    const { selection } = await configOf(["--repeat-each", "3"]);
    tellWorkersSelection(selection);
    const other = (): Selection => selection;
    const [worker, inner] = [chooseSpecs(other), chooseSpecs(other)];
    expect([worker.isWorker, worker.selection, inner.isWorker]).to.deep.equal([true, selection, false]);
  });
});
