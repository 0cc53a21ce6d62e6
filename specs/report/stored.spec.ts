import { existsSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect } from "chai";
import type { Ctrf, CtrfTest } from "../../src/report/ctrf.ts";
import { loadBundles } from "../../src/report/bundles.ts";
import { writeLastPage, writePage } from "../../src/report/page-file.ts";
import { command, storedRuns } from "./stored.ts";

describe("the HTML report of stored results", function () {
  this.timeout(120_000);
  let folder: string;
  let remove: () => void;
  let results: Ctrf;
  before("two runs are over", async () => {
    ({ folder, remove } = await storedRuns());
    results = JSON.parse(readFileSync(join(folder, "shop.ctrf.json"), "utf8")) as Ctrf;
  });
  after("they are gone", () => remove());

  const page = () => join(folder, "index.html");

  it("is made again by a command", async () => {
    rmSync(page());
    expect(await command(["report", folder], folder)).to.equal(`${page()}\n`);
    expect(readFileSync(page(), "utf8")).to.include("<h1>3 specs failed</h1>");
  });

  it("is of all suites whose results lie there", async () => {
    const { environment } = results.results;
    const other = { ...results.results, environment: { ...environment, reportName: "another suite" } };
    writeFileSync(join(folder, "other.ctrf.json"), JSON.stringify({ ...results, results: other }));
    await writePage(folder);
    expect(readFileSync(page(), "utf8")).to.include("<h1>6 specs failed</h1>").and.include("<h2>another suite</h2>");
    rmSync(join(folder, "other.ctrf.json"));
  });

  it("names the stack that a suite has run on, as its file does", async () => {
    const name = `${results.results.environment.reportName}-release`;
    writeFileSync(join(folder, `${name}.ctrf.json`), JSON.stringify(results));
    await writePage(folder);
    expect(readFileSync(page(), "utf8")).to.include(`<h2>${name}</h2>`);
    rmSync(join(folder, `${name}.ctrf.json`));
  });

  it("is made again when another run has ended meanwhile", async () => {
    const bundles = await loadBundles();
    const other = join(folder, "other.ctrf.json");
    const pageOf: typeof bundles.pageOf = (...given) => {
      const made = bundles.pageOf(...given);
      if (!existsSync(other)) writeFileSync(other, JSON.stringify(results));
      return made;
    };
    writeLastPage({ ...bundles, pageOf }, folder);
    rmSync(other);
    expect(readFileSync(page(), "utf8")).to.include("<h1>6 specs failed</h1>");
  });

  it("leaves out what is no whole JSON, and what another tool has written", async () => {
    writeFileSync(join(folder, "cut.ctrf.json"), '{"reportFormat":"CTRF"');
    writeFileSync(join(folder, "foreign.ctrf.json"), '{"reportFormat":"CTRF","results":{}}');
    await writePage(folder);
    expect(readFileSync(page(), "utf8")).to.include("<h1>3 specs failed</h1>");
  });

  it("does not replace a page that is another's", async () => {
    const mine = mkdtempSync(join(tmpdir(), "stackspec-report-"));
    writeFileSync(join(mine, "shop.ctrf.json"), JSON.stringify(results));
    writeFileSync(join(mine, "index.html"), "<p>mine</p>");
    expect(await writePage(mine)).to.equal(undefined);
    expect(readFileSync(join(mine, "index.html"), "utf8")).to.equal("<p>mine</p>");
    rmSync(mine, { recursive: true });
  });

  it("is bad input where there are none", async () => {
    expect(await command(["report", join(folder, "previous/none")], folder)).to.match(
      /^USAGE: stackspec report: expected/,
    );
  });

  it("has less than 20 MB for 5,000 specs, of which many failed with much to see, and says what it leaves out", async () => {
    const big = mkdtempSync(join(tmpdir(), "stackspec-report-"));
    const failed = results.results.tests.find(({ name }) => name === "takes an order")!;
    const tests = Array.from({ length: 5_000 }, (_, index): CtrfTest => {
      const named = { ...failed, testId: `t${index}`, name: `spec ${index}` };
      return index % 5 === 0
        ? { ...named, trace: "x".repeat(30_000) }
        : { ...named, status: "passed", rawStatus: "passed" };
    });
    writeFileSync(join(big, "big.ctrf.json"), JSON.stringify({ ...results, results: { ...results.results, tests } }));
    await writePage(big);
    expect(statSync(join(big, "big.ctrf.json")).size).to.be.above(30_000_000);
    expect(statSync(join(big, "index.html")).size).to.be.below(20_000_000);
    expect(readFileSync(join(big, "index.html"), "utf8"))
      .to.match(/Of the last \d+ failures only the first lines are shown\./)
      .and.include('<a href="big.ctrf.json">');
    rmSync(big, { recursive: true });
  });
});

describe("the HTML report of a run that is killed", function () {
  this.timeout(120_000);
  it("is there, with what had ended", async () => {
    const folder = mkdtempSync(join(tmpdir(), "stackspec-report-"));
    await command(["run", "shop", "specs/report/fixtures/killed.ts"], folder);
    const page = readFileSync(join(folder, "index.html"), "utf8");
    expect(page).to.include("This run has not ended, or was killed").and.include("1 spec passed");
    rmSync(folder, { recursive: true });
  });
});
