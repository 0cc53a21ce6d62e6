import { cpSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { expect } from "chai";
import { XMLParser } from "fast-xml-parser";
import type { Ctrf } from "../../src/report/ctrf.ts";
import { makeProject } from "../unit/command-line.ts";
import type { Ended, Project } from "../unit/command-line.ts";

const TOTAL = 5;

/** A foreign suite: seven spec files, which ask a server in their own process, and end in every way that there is. */
const SPECS: Readonly<Record<string, string>> = {
  answers: `it("answers", async () => { expect((await api.get("/")).status).to.equal(200); });`,
  fails: `it("fails with ]]> and <b>", async () => { expect((await api.get("/")).body).to.deep.equal({ one: "]]> <b>" }); });`,
  hooks: `before("a hook", () => { throw new Error("no way"); }); it("is blocked", () => {});`,
  nested: `describe("deeper", () => { it("is there", () => {}); }); it("comes before", () => {});`,
  pending: `it("is for later");`,
  slow: `it("takes its time", (done) => { setTimeout(done, 50); });`,
  wavers: `let tries = 0; it("comes round", function () { this.retries(1); expect(++tries).to.equal(2); });`,
};
const FILES: Readonly<Record<string, string>> = {
  "specs/stacks/web.js": `import { createServer } from "node:http";
    import { once } from "node:events";
    import { defineStack, httpClient } from "stackspec";
    export default defineStack("web", (stack) => ({ target: stack.service("web", () => ({
      async start() {
        const server = createServer((_, response) => response.setHeader("content-type", "application/json").end('{"one":1}'));
        await once(server.listen(0, "127.0.0.1"), "listening");
        return { http: httpClient("http://127.0.0.1:" + server.address().port), stop: () => new Promise((done) => server.close(done)) };
      } })) }));`,
  ...Object.fromEntries(
    Object.entries(SPECS).map(([name, text]) => [
      `specs/acceptance/${name}.spec.js`,
      `import { expect } from "chai";\nimport { useTarget } from "stackspec";\ndescribe("${name}", () => {\n  const api = useTarget();\n  ${text}\n});\n`,
    ]),
  ),
};

interface Case {
  readonly name: string;
  readonly classname: string;
  readonly file?: string;
  readonly failure?: { readonly message: string };
  readonly error?: { readonly message: string };
  readonly skipped?: string;
  readonly flakyFailure?: object;
}
interface Suite {
  readonly name: string;
  readonly file: string;
  readonly testcase: readonly Case[];
}
const parser = new XMLParser({
  ignoreAttributes: false,
  attributeNamePrefix: "",
  isArray: (name) => ["testsuite", "testcase"].includes(name),
});

describe("a suite in five shards", function () {
  this.timeout(120_000);
  let project: Project;
  let whole: Ended;
  let shards: readonly Ended[];
  let merged: Ended;
  const numbers = Array.from({ length: TOTAL }, (_, index) => index + 1);

  /** What a JUnit report says, but for times. */
  const junit = (path: string) => {
    const { testsuites } = parser.parse(project.read(path)) as {
      testsuites: { tests: string; failures: string; errors: string; testsuite: Suite[] };
    };
    const { tests, failures, errors, testsuite } = testsuites;
    const suites = testsuite.map(({ name, file, testcase }) => ({
      name,
      file,
      cases: testcase.map(({ name: title, classname, file: of, ...ended }) => ({
        title,
        classname,
        of,
        failed: ended.failure?.message ?? ended.error?.message,
        ended: Object.keys(ended).filter((key) => !["time", "system-out"].includes(key)),
      })),
    }));
    return { tests, failures, errors, suites };
  };
  /** What stored results say, but for times and stack traces. */
  const results = (path: string) => {
    const { results: found } = JSON.parse(project.read(path)) as Ctrf;
    const { tests, passed, failed, skipped, flaky, suites } = found.summary;
    return {
      counts: { tests, passed, failed, skipped, flaky, suites },
      tests: found.tests.map((each) => [each.testId, each.filePath, each.name, each.status, each.message, each.flaky]),
    };
  };
  /** Merges copies of these results, after something has happened to them. */
  const mergeAfter = async (change: (folder: string) => void): Promise<Ended> => {
    const folder = project.path("changed");
    rmSync(folder, { recursive: true, force: true });
    for (const number of numbers)
      cpSync(project.path(`reports/shard-${number}-of-5`), `${folder}/shard-${number}-of-5`, { recursive: true });
    change(folder);
    return project.run(["merge", "changed"], { JUNIT_REPORT_PATH: "other/" });
  };
  const edit = (path: string, change: (content: Ctrf) => unknown): void => {
    const content = JSON.parse(readFileSync(path, "utf8")) as Ctrf;
    change(content);
    writeFileSync(path, JSON.stringify(content));
  };

  before("run it as a whole, in shards, and merge these", async () => {
    project = makeProject(FILES);
    whole = await project.run(["run", "acceptance"], { STACK: "web", JUNIT_REPORT_PATH: "whole/" });
    // As a CI system has them: at the same time. The last report says how long each file takes.
    const asked = (number: number) =>
      project.run(["run", "acceptance"], {
        STACK: "web",
        CI_NODE_INDEX: String(number),
        CI_NODE_TOTAL: String(TOTAL),
        STACKSPEC_TIMINGS: "whole",
      });
    shards = await Promise.all(numbers.map(asked));
    merged = await project.run(["merge"]);
  });
  after("it is gone", () => project.remove());

  it("says of each which files it runs, and what they were dealt by", () => {
    for (const [index, { output }] of shards.entries())
      expect(output).to.match(
        new RegExp(
          `^Shard ${index + 1} of 5 \\(CI_NODE_INDEX and CI_NODE_TOTAL\\): \\d of 7 spec files, dealt by the durations of 7 of them in whole$`,
          "m",
        ),
      );
  });

  it("has the same JUnit report as in one run", () => {
    expect(junit("reports/acceptance.xml")).to.deep.equal(junit("whole/acceptance.xml"));
  });

  it("has the same stored results as in one run", () => {
    expect(results("reports/acceptance.ctrf.json")).to.deep.equal(results("whole/acceptance.ctrf.json"));
  });

  it("has one HTML report, with the evidence of what failed", () => {
    expect(project.read("reports/index.html")).to.include("comes round").and.include("takes its time");
    const { results: found } = JSON.parse(project.read("reports/acceptance.ctrf.json")) as Ctrf;
    const failed = found.tests.find(({ name }) => name.startsWith("fails"));
    expect(failed?.extra?.exchanges?.[0]?.answer?.status).to.equal(200);
  });

  it("ends as in one run: the same totals, the same exit code", () => {
    const last = ({ exitCode, output }: Ended) => [exitCode, output.trimEnd().split("\n").at(-1)];
    expect(last(merged)).to.deep.equal([1, "5 passed, 3 failed, 1 skipped, 1 flaky"]);
    expect(whole.exitCode).to.equal(1);
    expect(merged.output).to.include("✘ acceptance: acceptance.fails: fails with ]]> and <b>");
  });

  it("is merged from its folders again, with the same result", async () => {
    const { exitCode, errors } = await mergeAfter(() => {});
    expect([exitCode, errors]).to.deep.equal([1, ""]);
    expect(results("other/acceptance.ctrf.json")).to.deep.equal(results("reports/acceptance.ctrf.json"));
  });

  it("is green when all shards are", async () => {
    const green = numbers.map((number) =>
      project.run(["run", "acceptance", "--shard", `${number}/5`, "--grep", "there|answers"], { STACK: "web" }),
    );
    for (const { exitCode, output } of await Promise.all(green)) expect(exitCode, output).to.equal(0);
    const { exitCode, output } = await project.run(["merge"], { JUNIT_REPORT_PATH: "green/" });
    expect([exitCode, output.trimEnd().split("\n").at(-1)]).to.deep.equal([0, "2 passed, 0 failed"]);
  });

  for (const [what, change, line] of [
    [
      "a shard is missing",
      (folder: string) => rmSync(`${folder}/shard-3-of-5`, { recursive: true }),
      "shard 3 of 5 is missing",
    ],
    [
      "a shard was killed",
      (folder: string) =>
        edit(`${folder}/shard-2-of-5/acceptance.ctrf.json`, ({ results: { extra } }) =>
          Object.assign(extra, { isOver: false }),
        ),
      "shard 2 of 5 has not ended: changed/shard-2-of-5/acceptance.ctrf.json was written before its end",
    ],
    [
      "a shard is of another version",
      (folder: string) =>
        edit(`${folder}/shard-1-of-5/acceptance.ctrf.json`, ({ results: { tool } }) =>
          Object.assign(tool, { version: "9.9.9" }),
        ),
      "the shards have different versions of stackspec: 9.9.9 (1),",
    ],
    [
      "a JUnit report is missing",
      (folder: string) => rmSync(`${folder}/shard-4-of-5/acceptance.xml`),
      "of some shards there is no JUnit report beside their results",
    ],
  ] as const)
    it(`fails where ${what}, on the terminal and in its report`, async () => {
      const { exitCode, errors } = await mergeAfter(change);
      expect(exitCode).to.equal(1);
      expect(errors).to.include(`acceptance: ${line}`);
      expect(project.read("other/acceptance.xml")).to.include(line);
      expect(project.read("other/acceptance.ctrf.json")).to.include(line);
    });

  it("says so where there is nothing to merge", async () => {
    const { exitCode, errors } = await project.run(["merge", "whole"]);
    expect([exitCode, errors]).to.deep.equal([
      2,
      "USAGE: stackspec merge: expected the results of shards (*.ctrf.json) in whole, got none: what a shard writes is in reports/shard-2-of-5/\n",
    ]);
  });
});

describe("a shard", function () {
  this.timeout(120_000);
  let project: Project;
  before(() => {
    const nested = `import { execFileSync } from "node:child_process";
      it("runs another", () => {
        const words = ["-C", "development", ${JSON.stringify(new URL("../../src/cli/main.ts", import.meta.url).pathname)}, "run", "inner"];
        process.stdout.write(execFileSync(process.execPath, words));
      }).timeout(0);`;
    project = makeProject({
      "specs/few/a.spec.js": `it("is alone", () => {});`,
      "specs/outer/a.spec.js": nested,
      "specs/inner/a.spec.js": `it("one", () => {});`,
      "specs/inner/b.spec.js": `it("two", () => {});`,
    });
  });
  after(() => project.remove());

  it("passes without spec files, and says so", async () => {
    const { exitCode, output } = await project.run(["run", "few", "--shard", "2/2"]);
    expect([exitCode, output.trimEnd().split("\n").at(-1)]).to.deep.equal([
      0,
      "No spec ran: there is none in this shard",
    ]);
    expect(project.list("reports/shard-2-of-2")).to.include.members(["few.xml", "few.ctrf.json"]);
  });

  it("is none for the runs that its specs start", async () => {
    const { exitCode, output } = await project.run(["run", "outer"], { CI_NODE_INDEX: "1", CI_NODE_TOTAL: "2" });
    expect(exitCode, output).to.equal(0);
    expect(output).to.match(/2 passing/);
  });

  it("is one of each suite in `stackspec test`, whose merged totals are those of all", async () => {
    const environment = (number: number) => ({ STACKSPEC_SHARD: `${number}/2` });
    const ended = [await project.run(["test"], environment(1)), await project.run(["test"], environment(2))];
    for (const { exitCode, output } of ended) expect(exitCode, output).to.equal(0);
    const { exitCode, output } = await project.run(["merge", "reports"]);
    expect(exitCode, output).to.equal(0);
    expect(output).to.match(/^few: 1 passed, 0 failed .*\ninner: 2 passed, 0 failed .*\nouter: 1 passed, 0 failed/m);
    // Of four spec files in three suites each shard has two.
    for (const { output: said } of ended) expect(said.trimEnd().split("\n").at(-1)).to.equal("2 passed, 0 failed");
  });
});
