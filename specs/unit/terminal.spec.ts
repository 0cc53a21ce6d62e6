/* oxlint-disable no-control-regex */
import { expect } from "chai";
import fc from "fast-check";
import { progressView } from "../../src/cli/progress-view.ts";
import { visible } from "../../src/terminal.ts";
import { makeProject } from "./command-line.ts";
import type { Ended, Project } from "./command-line.ts";

/** What a terminal obeys or hides: all controls but line breaks and tabs, and overrides of the direction of text. */
const UNSEEN = /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u202a-\u202e\u2066-\u2069]/;

describe("text of others on a terminal", () => {
  it("has nothing in it that a terminal obeys or hides", () => {
    fc.assert(
      fc.property(fc.string({ unit: "binary" }), (text) => {
        expect(visible(text)).not.to.match(UNSEEN);
      }),
    );
  });

  it("shows what would not be seen", () => {
    expect(visible("\u001b[31mred\u202e\u009b\r")).to.equal("\\u001b[31mred\\u202e\\u009b\\u000d");
  });

  it("is as it was when it has nothing of the kind", () => {
    fc.assert(
      fc.property(fc.string({ unit: "grapheme" }), (text) => {
        fc.pre(!UNSEEN.test(text));
        expect(visible(`${text}\n\t`)).to.equal(`${text}\n\t`);
      }),
    );
  });

  for (const isTTY of [true, false])
    it(`is visible in the progress of a start ${isTTY ? "on a terminal" : "in lines"}`, () => {
      let shown = "";
      const stream = { isTTY, columns: 200, rows: 50, write: (text: string) => (shown += text) };
      const view = progressView(stream as unknown as NodeJS.WriteStream);
      view.onProgress({ kind: "notice", text: "a notice\u0007" });
      view.onProgress({ kind: "image", name: "an image\u0007", state: "pulling", detail: "a detail\u0007" });
      view.onProgress({ kind: "node", stack: "s", node: "task", name: "a task\u0007", state: "failed", atMs: 0 });
      view.close();
      for (const text of ["a notice", "an image", "a detail", "a task"]) expect(shown).to.include(`${text}\\u0007`);
      expect(shown).not.to.include("\u0007");
    });
});

/** Fails in every way that has a text of its own; each of them with `WHAT`, between marks, in it. */
const FAILS = `import { expect } from "chai";
const what = process.env.WHAT;
describe("a suite " + what, () => {
  it("passes " + what, () => {});
  it.skip("waits " + what, () => {});
  it("throws " + what, () => { throw new Error("said " + what, { cause: new Error("because of " + what) }); });
  it("differs " + what, () => expect("is " + what + "\\nand more").to.equal("is other " + what + "\\nand less"));
  it("prints", () => { console.log("printed " + process.env.PRINTED); console.error("printed " + process.env.PRINTED); });
  it("prints bytes", (done) => { process.stdout.write(Buffer.from("bytes " + process.env.PRINTED + "\\n"), () => done()); });
  describe("with a hook " + what, () => {
    before("sets up " + what, () => { throw new Error("set up " + what); });
    it("is blocked by " + what, () => {});
  });
});
`;
const GREEN = 'it("is another file", () => {});\n';
/** Written as \`printed\`, and as \`said\`. */
const SECRET = "kwyj~ibo+17/what nobody reads";
const ways: readonly (readonly [how: string, words: readonly string[]])[] = [
  ["by itself", []],
  ["in parallel workers", ["--parallel", "--jobs", "2"]],
  ["with mocha's reporter dot", ["--reporter", "dot"]],
  ["with mocha's reporter min", ["--reporter", "min"]],
];

describe("what a run shows", function () {
  // However busy this machine is.
  this.timeout(120_000);
  let project: Project;
  before("make a project", () => {
    project = makeProject({
      "specs/unit/fails.spec.js": FAILS,
      "specs/unit/green.spec.js": GREEN,
      "specs/crash/crash.spec.js":
        "process.nextTick(() => { throw new Error('said ' + process.env.WHAT); }); await new Promise(() => {});\n",
      "specs/load/load.spec.js": "throw new Error('said ' + process.env.WHAT);\n",
    });
  });
  after("remove it", () => project.remove());

  for (const [how, words] of ways)
    describe(how, () => {
      const secrets = { WHAT: SECRET, PRINTED: SECRET, OUR_TOKEN: SECRET, MOCHA_COLORS: "1" };
      let ended: Ended;
      let report: string;
      before("it has ended", async function () {
        this.timeout(120_000);
        ended = await project.run(["run", "unit", ...words], secrets);
        report = project.read("reports/unit.xml");
      });

      it("has its failures", () => {
        expect(ended.exitCode, ended.output).to.be.greaterThan(0);
        expect(ended.output).to.include("said ***").and.to.include("set up ***");
      });

      // Mocha's workers tell nothing of causes.
      if (how !== "in parallel workers")
        it("has their causes", () => {
          expect(ended.output).to.include("because of ***");
        });

      it("has no secret in it, also where a spec prints one", () => {
        expect(ended.output).to.include("printed ***").and.to.include("bytes ***");
        expect(ended.output).not.to.include("kwyj").and.not.to.include("nobody reads");
      });

      if (!words.includes("--reporter"))
        it("has none in its report", () => {
          expect(report).to.include("said ***").and.not.to.include("kwyj").and.not.to.include("nobody reads");
        });
    });

  for (const [suite, when] of [
    ["load", "when a spec file is loaded"],
    ["crash", "that nobody catches, before the first spec"],
  ] as const)
    it(`has no secret of an error ${when}`, async () => {
      const ended = await project.run(["run", suite], { WHAT: SECRET, OUR_TOKEN: SECRET });
      expect(ended.exitCode, ended.output).to.be.greaterThan(0);
      expect(ended.output).to.include("said ***").and.not.to.include("kwyj");
    });

  it("has no secret in what is said of all suites", async () => {
    const ended = await project.run(["test"], { WHAT: SECRET, OUR_TOKEN: SECRET, PRINTED: "" });
    expect(ended.output).to.include("✘").and.not.to.include("kwyj");
  });

  for (const [how, words] of ways)
    it(`has no controls of titles and messages ${how}`, async () => {
      const WHAT = "\u001b[35mred\u0007 \u202eback \u009b2J \u001b]0;title\u0007 \r";
      const { output } = await project.run(["run", "unit", ...words], { WHAT, PRINTED: "", NO_COLOR: "1" });
      // The reporter "min" clears the terminal itself.
      expect(output.replaceAll("\u001b[2J\u001b[1;3H", "")).not.to.match(UNSEEN);
      expect(output).to.include("said \\u001b[35mred\\u0007 \\u202eback \\u009b2J");
    });

  it("has mocha's colours and no others", async () => {
    const { output } = await project.run(["run", "unit"], {
      WHAT: "\u001b[35mred\u001b[0m",
      PRINTED: "",
      MOCHA_COLORS: "1",
    });
    expect(output)
      .to.match(/\u001b\[32m *\+/)
      .and.to.match(/\u001b\[31m *-/)
      .and.not.to.include(String.raw`\u001b[31m`);
    expect(new Set(output.match(/\u001b\[[^m]*m/g))).not.to.include("\u001b[35m");
    expect(output.replaceAll(/\u001b\[(?:0|3[1236]|9[0-2])m/g, "")).not.to.match(UNSEEN);
  });

  it("has what specs print as they print it, but for secrets", async () => {
    const { output } = await project.run(["run", "unit"], { WHAT: "", PRINTED: "\u001b[35mred\u001b[0m" });
    expect(output).to.include("printed \u001b[35mred\u001b[0m\n").and.to.include("bytes \u001b[35mred\u001b[0m\n");
  });
});
