import { mkdir, mkdtemp, open, readFile, readdir, readlink, rm, stat, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect } from "chai";
import { reportFile } from "../../src/mocha/reporter.ts";
import { abortedReport } from "../../src/report/junit.ts";
import { classNamePart, xmlText } from "../../src/report/text.ts";
import { readFailures, readTotals, totalsLine } from "../../src/report/totals.ts";
import { isReplaceable, writeAtomically } from "../../src/report/write.ts";
import { nullDevice } from "./device.ts";

/** A folder for each spec of a suite, as a function because it is another for each. */
function useFolder(): () => string {
  let folder = "";
  beforeEach("make a folder", async () => {
    folder = await mkdtemp(join(tmpdir(), "stackspec-report-"));
  });
  afterEach("remove it", () => rm(folder, { recursive: true }));
  return () => folder;
}

describe("the file of a report", () => {
  const folder = useFolder();

  it("is in reports/ and has the suite's name", () => {
    expect(reportFile(undefined, "unit")).to.equal("reports/unit.xml");
  });

  it("is the one that is set", () => {
    expect(reportFile("out/junit.xml", "unit")).to.equal("out/junit.xml");
  });

  it("is in the folder that is set", () => {
    expect(reportFile(folder(), "unit")).to.equal(join(folder(), "unit.xml"));
  });

  it("is in a folder that is not there yet when the setting ends in a slash", () => {
    expect(reportFile("out/", "unit")).to.equal("out/unit.xml");
  });
});

describe("a file that is written whole", () => {
  const folder = useFolder();

  it("has the content", async () => {
    const file = join(folder(), "report.xml");
    writeAtomically(file, "<xml/>");
    await expect(readFile(file, "utf8")).to.eventually.equal("<xml/>");
  });

  it("takes the place of the one before", async () => {
    const file = join(folder(), "report.xml");
    writeAtomically(file, "a longer text");
    writeAtomically(file, "short");
    await expect(readFile(file, "utf8")).to.eventually.equal("short");
  });

  it("gets the folders that it needs", async () => {
    writeAtomically(join(folder(), "a/b/report.xml"), "<xml/>");
    await expect(readdir(join(folder(), "a/b"))).to.eventually.deep.equal(["report.xml"]);
  });

  it("leaves no other file", async () => {
    writeAtomically(join(folder(), "report.xml"), "<xml/>");
    await expect(readdir(folder())).to.eventually.deep.equal(["report.xml"]);
  });

  it("is another file than the one before: who reads that goes on reading it", async () => {
    const path = join(folder(), "report.xml");
    writeAtomically(path, "<old/>");
    const before = await open(path);
    writeAtomically(path, "<new/>");
    const read = await before.readFile("utf8");
    await before.close();
    expect(read).to.equal("<old/>");
  });

  it("is no device: that is written to and stays one", async () => {
    const device = nullDevice(folder());
    writeAtomically(device, "<xml/>");
    expect((await stat(device)).isCharacterDevice()).to.equal(true);
  });

  it("can be replaced when it is a file, or not there yet, and not when it is a device or a folder", async () => {
    const path = join(folder(), "report.xml");
    const notYet = isReplaceable(path);
    await writeFile(path, "");
    const others = [path, nullDevice(folder()), folder()].map(isReplaceable);
    expect([notYet, ...others]).to.deep.equal([true, true, false, false]);
  });

  it("stays where a symbolic link leads, and the link stays too", async () => {
    const [file, link] = [join(folder(), "elsewhere.xml"), join(folder(), "report.xml")];
    await writeFile(file, "<old/>");
    await symlink(file, link);
    writeAtomically(link, "<xml/>");
    await expect(readFile(file, "utf8")).to.eventually.equal("<xml/>");
    await expect(readlink(link)).to.eventually.equal(file);
  });

  it("fails when a folder has its name", async () => {
    await mkdir(join(folder(), "report.xml"));
    expect(() => writeAtomically(join(folder(), "report.xml"), "<xml/>")).to.throw(/EISDIR|ENOTEMPTY|EEXIST/);
  });

  it("leaves nothing of itself when it fails", async () => {
    await mkdir(join(folder(), "report.xml"));
    expect(() => writeAtomically(join(folder(), "report.xml"), "<xml/>")).to.throw();
    await expect(readdir(folder())).to.eventually.deep.equal(["report.xml"]);
  });

  it("fails for the reason for which it could not be made, with nothing to remove", () => {
    expect(() => writeAtomically("/dev/fd/report.xml", "<xml/>")).to.throw(/, open '\/dev\/fd\/report\.xml/);
  });

  it("fails when a file has the name of its folder", async () => {
    await writeFile(join(folder(), "reports"), "");
    expect(() => writeAtomically(join(folder(), "reports/unit.xml"), "<xml/>")).to.throw(/ENOTDIR|EEXIST/);
  });
});

describe("text for XML", () => {
  for (const [name, text, expected] of [
    ["keeps letters of all scripts", "läden 犬 नमस्ते", "läden 犬 नमस्ते"],
    ["keeps emoji", "🐕 👩‍👩‍👧‍👦", "🐕 👩‍👩‍👧‍👦"],
    ["keeps tabs and line breaks", "a\tb\r\nc", "a\tb\r\nc"],
    ["keeps markup, which is escaped later", "<a>&]]>", "<a>&]]>"],
    ["loses colours", "\u001b[31mred\u001b[39;49m", "red"],
    ["shows control characters as U+FFFD", "a\u0000b\u0008c\u001b", "a\uFFFDb\uFFFDc\uFFFD"],
    ["shows half an emoji as U+FFFD", "a\uD83Db", "a\uFFFDb"],
    ["shows what is no character as U+FFFD", "a\uFFFEb\uFFFF", "a\uFFFDb\uFFFD"],
    ["may be empty", "", ""],
  ] as const)
    it(name, () => {
      expect(xmlText(text)).to.equal(expected);
    });
});

describe("a very long text for XML", () => {
  it("is cut where readers would refuse it, and says so", () => {
    expect(xmlText("x".repeat(20_000_000))).to.equal(`${"x".repeat(1024 * 1024)}… (cut: it has 20000000 characters)`);
  });
});

describe("a title as part of a class name", () => {
  it("has no full stop, which would begin a package", () => {
    expect(classNamePart("GET /todos answers 1.1")).to.equal("GET /todos answers 1\u{2024}1");
  });
});

describe("the totals of reports", () => {
  const folder = useFolder();

  const report = async (name: string, ...suites: string[]): Promise<string> => {
    const file = join(folder(), name);
    await writeFile(file, `<testsuites tests="99">${suites.join("")}</testsuites>`);
    return file;
  };
  const suite = (tests: number, failures: number, errors: number, skipped: number): string =>
    `<testsuite name="a" tests="${tests}" failures="${failures}" errors="${errors}" skipped="${skipped}"></testsuite>`;

  it("count errors as failed, and as passed what is nothing else", async () => {
    const file = await report("a.xml", suite(10, 1, 2, 3));
    expect(readTotals([file])).to.deep.equal({ passed: 4, failed: 3, skipped: 3, flaky: 0 });
  });

  it("add up the suites of all of them", async () => {
    const files = [
      await report("a.xml", suite(1, 0, 0, 0), suite(2, 1, 0, 0)),
      await report("b.xml", suite(3, 0, 0, 1)),
    ];
    expect(readTotals(files)).to.deep.equal({ passed: 4, failed: 1, skipped: 1, flaky: 0 });
  });

  it("are nothing without reports", () => {
    expect(readTotals([])).to.deep.equal({ passed: 0, failed: 0, skipped: 0, flaky: 0 });
  });

  it("are nothing in a report without suites", async () => {
    expect(readTotals([await report("a.xml")])).to.deep.equal({ passed: 0, failed: 0, skipped: 0, flaky: 0 });
  });

  it("count a report whose root is one suite, without the counts that are none", async () => {
    const file = join(folder(), "other.xml");
    await writeFile(file, '<testsuite name="a" tests="2" failures="1"><testcase name="b"/></testsuite>');
    expect(readTotals([file])).to.deep.equal({ passed: 1, failed: 1, skipped: 0, flaky: 0 });
  });

  for (const [what, text] of Object.entries({ "a page": "<html></html>", "an empty file": "" }))
    it(`refuse ${what}, by its path`, async () => {
      const file = join(folder(), "other.xml");
      await writeFile(file, text);
      expect(() => readTotals([file])).to.throw(`USAGE: ${file}: expected a JUnit report`);
    });

  it("come with no failure from a suite without cases", async () => {
    expect(readFailures(await report("a.xml", suite(0, 0, 0, 0)))).to.deep.equal([]);
  });

  it("come with the failure of the one case of a suite", async () => {
    const file = join(folder(), "aborted.xml");
    await writeFile(file, abortedReport("unit", "no engine\nat all"));
    expect(readFailures(file)).to.deep.equal([{ name: "unit: the run reaches its first spec", message: "no engine" }]);
  });

  it("come with a failure that says nothing", async () => {
    const says = '<testcase name="fails" classname="unit.a"><failure/></testcase>';
    const file = await report("a.xml", `<testsuite>${says}</testsuite>`);
    expect(readFailures(file)).to.deep.equal([{ name: "unit.a: fails", message: "" }]);
  });

  it("come with what failed: its suite, its name and the first line of why", async () => {
    const file = join(folder(), "failed.xml");
    await writeFile(
      file,
      `<testsuites><testsuite name="a" tests="3" failures="1" errors="1" skipped="0">
        <testcase name="passes" classname="unit.a"></testcase>
        <testcase name="fails" classname="unit.a"><failure message="expected &lt;1&gt;\ngot 2" type="E"/></testcase>
        <testcase name="breaks" classname="unit.a"><error message="no engine" type="E"/></testcase>
      </testsuite></testsuites>`,
    );
    expect(readFailures(file)).to.deep.equal([
      { name: "unit.a: fails", message: "expected <1>" },
      { name: "unit.a: breaks", message: "no engine" },
    ]);
  });

  it("are a line to read", () => {
    expect(totalsLine({ passed: 251, failed: 1, skipped: 2, flaky: 3 })).to.equal(
      "251 passed, 1 failed, 2 skipped, 3 flaky",
    );
  });

  it("do not mention skipped specs where there are none", () => {
    expect(totalsLine({ passed: 251, failed: 0, skipped: 0, flaky: 0 })).to.equal("251 passed, 0 failed");
  });
});
