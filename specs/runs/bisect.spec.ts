import { writeFileSync } from "node:fs";
import { expect } from "chai";
import { shuffledFiles } from "../../src/mocha/arrange.ts";
import { makeProject } from "../unit/command-line.ts";
import type { Ended, Project } from "../unit/command-line.ts";

/** A service of this process that keeps what it is told, and is never reset. */
const STACK = `
import { createServer } from "node:http";
import { once } from "node:events";
import { defineStack, httpClient } from "stackspec";
const start = async () => {
  let kept = "";
  const server = createServer((request, response) => {
    if (request.method === "POST") kept += request.url;
    response.end(kept);
  }).listen(0, "127.0.0.1");
  await once(server, "listening");
  const http = httpClient("http://127.0.0.1:" + server.address().port);
  return { http, stop: async () => { server.closeAllConnections(); server.close(); } };
};
export default defineStack("keeps", (stack) => ({ target: stack.service("keeper", () => ({ start })) }));
`;
const HEAD = `import { expect } from "chai";\nimport { useTarget } from "stackspec";\n`;
const reads = (name: string): string => `${HEAD}describe("${name}", () => {
  const api = useTarget();
  for (const n of [1, 2]) it("reads " + n, () => api.get("/"));
});`;
const FILES = {
  "stackspec.config.js": `export default { fallbackStack: "keeps" };\n`,
  "specs/stacks/keeps.js": STACK,
  "specs/acceptance/a.spec.js": reads("a"),
  "specs/acceptance/b.spec.js": `${reads("b")}
describe("b (writes)", () => {
  const api = useTarget();
  it("stores 'x' [for ever]", () => api.post("/x"));
  it("stores y", () => api.post("/y"));
});`,
  "specs/acceptance/d.spec.js": `${HEAD}
import { readFileSync, writeFileSync } from "node:fs";
const turns = (file) => { const turn = Number(readFileSync(file, "utf8")); writeFileSync(file, String(turn + 1)); return turn; };
describe("d", () => {
  const api = useTarget();
  it("is fine", () => {});
  it("finds nothing", async () => expect((await api.get("/")).text).not.to.include("/x"));
  it("finds not both", async () => expect((await api.get("/")).text).not.to.equal("/x/y"));
  it("fails alone", () => expect(1).to.equal(2));
  it("wavers", () => expect(turns("turn") % 2).to.equal(0));
  it("fails once", () => expect(turns("once")).not.to.equal(1));
});`,
  turn: "0",
  once: "2",
};

describe("stackspec bisect", function () {
  this.timeout(300_000);
  let project: Project;
  const bisect = (...words: readonly string[]): Promise<Ended> => project.run(["bisect", "acceptance", ...words]);
  before("run all specs", async () => {
    project = makeProject(FILES);
    await project.run(["run", "acceptance"]);
  });
  after(() => project.remove());

  describe("of the first spec that failed, which does so after another", () => {
    let ended: Ended;
    before(async () => {
      ended = await bisect("--times", "2");
    });

    it("finds that one", () => {
      expect(ended.output).to.match(/^d › finds nothing \(specs\/acceptance\/d\.spec\.js\)$/m);
      expect(ended.output).to.include(
        "It fails after these, 2 of 2 times:\n  b (writes) › stores 'x' [for ever] (specs/acceptance/b.spec.js)\n",
      );
      expect(ended.exitCode).to.equal(0);
    });

    it("has run it alone, and then no more often than halving takes", () => {
      const lines = ended.output.match(/: (passes|fails)$/gm) ?? [];
      expect(ended.output.match(/^alone: passes$/gm)).to.have.lengthOf(2);
      // Alone, with all twice, two halvings of three files, two of four specs, and again.
      expect(lines.length).to.be.at.most(2 + 2 + 2 * 2 + 2 * 2 + 2);
    });

    it("prints a command that repeats the failure", async () => {
      const line = ended.output.trimEnd().split("\n").at(-1)!;
      const [, words, pattern] = /^npx stackspec (run .*) --grep '(.*)'$/.exec(line.replaceAll(String.raw`'\''`, "'"))!;
      const { exitCode, output } = await project.run([...words!.split(" "), "--grep", pattern!]);
      expect([exitCode, /(\d+) passing/.exec(output)?.[1], /(\d+) failing/.exec(output)?.[1]]).to.deep.equal([
        1,
        "1",
        "1",
      ]);
    });
  });

  it("finds two that it takes together", async () => {
    const { output } = await bisect("finds not both", "--times", "1");
    expect(output).to.match(/times:\n {2}b \(writes\) › stores 'x'.*\n {2}b \(writes\) › stores y .*\n\n/);
  });

  it("tells a spec that fails alone", async () => {
    const { exitCode, output } = await bisect("fails alone", "--times", "2");
    expect(output).to.include("It fails alone, 2 of 2 times: it needs no other spec for that.\n");
    expect(exitCode).to.equal(0);
  });

  it("tells a spec that fails at times", async () => {
    const { output } = await bisect("wavers", "--times", "4");
    expect(output).to.include("It fails alone 2 of 4 times: it depends on time or chance");
  });

  it("tells a spec that fails once after all others, and not again", async () => {
    writeFileSync(project.path("once"), "0");
    const { output } = await bisect("fails once", "--times", "1");
    expect(output).to.include("It fails after all others 1 of 3 times: it depends on time or chance");
  });

  it("says that a spec does not fail", async () => {
    const { exitCode, output } = await bisect("is fine", "--times", "1");
    expect(output).to.include("It has not failed alone, and not after all others, 2 times");
    expect(exitCode).to.equal(1);
  });

  it("stops after so many runs, with what it knows by then", async () => {
    const { output } = await bisect("finds nothing", "--times", "1", "--runs", "4");
    expect(output.match(/: (passes|fails)$/gm)).to.have.lengthOf(4);
    expect(output).to.include("which may not be the fewest: 4 runs have not told. More of them: --runs\n");
  });

  it("keeps the random order in which the spec failed", async () => {
    const files = ["a", "b", "d"].map((name) => `specs/acceptance/${name}.spec.js`);
    // Others come first than otherwise, but what stores still comes before what finds.
    const seed = Array.from({ length: 100 }, (_, each) => each).find((each) => {
      const [a, b, d] = files.map((file) => shuffledFiles(files, each).indexOf(file)) as [number, number, number];
      return b < a && b < d;
    });
    // The other specs go on with the results of the first run.
    const elsewhere = { JUNIT_REPORT_PATH: "random/" };
    await project.run(["run", "acceptance", "--seed", `${seed}`], elsewhere);
    const { output } = await project.run(["bisect", "acceptance", "finds nothing", "--times", "1"], elsewhere);
    expect(output)
      .to.include(`in the order of --seed ${seed}\n`)
      .and.match(new RegExp(`--seed ${seed}\n$`));
    expect(output).to.include("  b (writes) › stores 'x' [for ever]");
  });

  for (const [words, refusal] of [
    [["reads"], 'expected one spec called "reads" in reports/acceptance.ctrf.json, got a › reads 1, '],
    [
      ["nothing of the kind"],
      'expected one spec called "nothing of the kind" in reports/acceptance.ctrf.json, got none',
    ],
    [["wavers", "--times", "0"], '--times: expected a whole number from 1, got "0"'],
    [
      ["finds nothing", "--runs", "1", "--times", "2"],
      "--runs: expected more than 1: 1 have not told whether it fails alone, or after all others",
    ],
  ] as const)
    it(`is refused with ${words.join(" ")}`, async () => {
      const { exitCode, errors } = await bisect(...words);
      expect(errors).to.include(refusal);
      expect(exitCode).to.equal(2);
    });

  it("is refused where the suite has not run", async () => {
    const { exitCode, errors } = await project.run(["bisect", "unit"]);
    expect(errors).to.include(
      "USAGE: stackspec bisect: expected results of a run in reports/unit.ctrf.json: stackspec run unit",
    );
    expect(exitCode).to.equal(2);
  });
});
