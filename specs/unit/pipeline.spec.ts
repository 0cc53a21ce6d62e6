import { mkdtemp, mkdir, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect } from "chai";
import { defineStack } from "stackspec";
import type { PipelineBuilder } from "../../src/pipeline/define-pipeline.ts";
import { definePipeline } from "../../src/pipeline/define-pipeline.ts";
import { checksums } from "../../src/pipeline/record.ts";
import { learnSecrets } from "../../src/secrets.ts";
import { markdownSummary, textSummary } from "../../src/pipeline/summary.ts";
import { forbiddenTag, tagsFor } from "../../src/pipeline/tags.ts";

describe("the tags of an image", () => {
  const sources = {
    version: "1.2.3",
    short: "abc1234",
    branch: "main",
    mainBranch: "main",
    build: undefined,
    extra: [],
  };

  it("are version, branch, latest and short hash on the main branch", () => {
    expect(tagsFor(sources)).to.deep.equal(["1.2.3", "main", "latest", "abc1234"]);
  });

  it("do not have latest among them on another branch", () => {
    expect(tagsFor({ ...sources, branch: "next" })).not.to.include("latest");
  });

  it("have no branch among them on a detached head", () => {
    expect(tagsFor({ ...sources, branch: undefined })).to.deep.equal(["1.2.3", "abc1234"]);
  });

  it("have the build's number behind each that a later build may move", () => {
    expect(tagsFor({ ...sources, build: "7" }).filter((tag) => tag.endsWith(".7"))).to.deep.equal([
      "1.2.3.7",
      "main.7",
      "latest.7",
    ]);
  });

  for (const [branch, tag] of [
    ["feature/todo-list", "feature-todo-list"],
    ["renovate/@types", "renovate-types"],
    ["../x", "x"],
    ["f\u{1f415}", "f-"],
    ["v1.-x_y", "v1.-x_y"],
    ["x".repeat(101), "x".repeat(100)],
  ] as const)
    it(`call the branch ${branch} ${tag}`, () => {
      expect(tagsFor({ ...sources, branch })).to.deep.equal(["1.2.3", tag, "abc1234"]);
    });

  it("have no branch among them when nothing of its name is left", () => {
    expect(tagsFor({ ...sources, branch: "../-" })).to.deep.equal(["1.2.3", "abc1234"]);
  });

  it("have the pipeline's own among them, with the build's number too", () => {
    expect(tagsFor({ ...sources, branch: undefined, extra: ["beta"], build: "7" })).to.deep.equal([
      "1.2.3",
      "beta",
      "abc1234",
      "1.2.3.7",
      "beta.7",
    ]);
  });

  it("come once each", () => {
    expect(tagsFor({ ...sources, extra: ["main", "1.2.3"] })).to.deep.equal(["1.2.3", "main", "latest", "abc1234"]);
  });

  it("are refused when Docker forbids the version", () => {
    expect(() => tagsFor({ ...sources, version: "1.2.3+4" })).to.throw(
      'USAGE: tag: expected a tag of at most 128 letters, digits, "_", "." and "-" that starts with none of the last two, got "1.2.3+4"',
    );
  });

  for (const tag of ["1.2.3", "_", "A-1_b.c"])
    it(`may be ${tag}`, () => {
      expect(forbiddenTag(tag)).to.equal(undefined);
    });

  for (const tag of ["", ".1", "-1", "+1", "1+", "a/b", "1\n"])
    it(`may not be ${JSON.stringify(tag)}`, () => {
      expect(forbiddenTag(tag)).to.contain(`got "${tag}"`);
    });

  it("are refused when Docker forbids any of them", () => {
    expect(() => tagsFor({ ...sources, extra: ["a/b"] })).to.throw("USAGE: tag: expected a tag of at most 128");
  });

  it("may be 128 characters long, and not 129", () => {
    expect([forbiddenTag("x".repeat(128)), typeof forbiddenTag("x".repeat(129))]).to.deep.equal([undefined, "string"]);
  });
});

describe("the declaration of a pipeline", () => {
  const noTasks = (): void => {};
  const declare = (more: (pipeline: PipelineBuilder) => void) => () => definePipeline("tiny", more);

  it("is refused without a function that declares its stages", () => {
    expect(() => definePipeline("tiny", undefined as never)).to.throw(
      'USAGE: pipeline "tiny": expected a function that declares its stages, got undefined',
    );
  });

  it("keeps the order of its stages", () => {
    const { stages } = definePipeline("tiny", (pipeline) => {
      const tested = pipeline.test("check", { sources: ["."] }, noTasks);
      pipeline.build("make", tested, { artefact: "target/app", version: () => "1" }, noTasks);
    });
    expect(stages.map(({ name }) => name)).to.deep.equal(["check", "make"]);
  });

  it("refuses a stage that is declared twice", () => {
    const twice = declare((pipeline) => {
      pipeline.test("check", { sources: [] }, noTasks);
      pipeline.test("check", { sources: [] }, noTasks);
    });
    expect(twice).to.throw('expected every name once, got "check" declared twice');
  });

  it("refuses a task that is declared twice in one stage", () => {
    const twice = declare((pipeline) => {
      pipeline.test("check", { sources: [] }, (stage) => {
        stage.task("lint", noTasks);
        stage.task("lint", noTasks);
      });
    });
    expect(twice).to.throw('got the task "lint" declared twice');
  });

  for (const artefact of [".", "target", "target/..", "target/../src", "reports/x"])
    it(`refuses ${artefact} as an artefact, because it is emptied before each build`, () => {
      const outside = declare((pipeline) => {
        const tested = pipeline.test("check", { sources: [] }, noTasks);
        pipeline.build("make", tested, { artefact, version: () => "1" }, noTasks);
      });
      expect(outside).to.throw(`artefact: expected a folder such as target/app, got "${artefact}"`);
    });

  const build = { artefact: "target/app", version: () => "1" };
  const released = {
    image: "app",
    source: "https://example.test",
    acceptance: { suite: "a", environment: () => ({}) },
  };
  const specs = {
    stack: () => defineStack("s", () => ({})),
    image: "specs",
    create: noTasks,
    report: "/reports/a.xml",
  };
  /** Declares all four stages and a cache, with these options in place of good ones. */
  const all = (given: Readonly<Record<string, object>>) =>
    declare((pipeline) => {
      const cache = pipeline.cache("modules", { keyedBy: ["lock"], fill: async () => {}, ...given["cache"] });
      const tested = pipeline.test("check", { sources: ["src"], ...given["test"] }, (stage) => {
        const first = stage.task("lint", noTasks);
        const options = { image: "node", after: [first], caches: [cache.at("/modules")], collects: { "/a": "a" } };
        stage.task("unit", noTasks, { ...options, timeoutMs: 1, ...given["task"] });
      });
      const built = pipeline.build("make", tested, { ...build, versions: () => ({}), ...given["build"] }, noTasks);
      const image = pipeline.release("image", built, { ...released, network: true, specs, ...given["release"] });
      pipeline.publish("push", image, { repository: "app", mainBranch: "trunk", ...given["publish"] });
    });

  it("takes all that can be said of its stages", () => {
    expect(all({})).not.to.throw();
  });

  for (const [part, options, said] of [
    ["cache", { keydBy: [] }, 'cache "modules": expected options of fill, keyedBy, got "keydBy"'],
    ["cache", { fill: "npm ci" }, 'cache "modules": fill: expected a function, got "npm ci"'],
    ["test", { sources: "src" }, 'stage "check": sources: expected a list of paths, got "src"'],
    [
      "task",
      { img: "x" },
      'stage "check", task "unit": expected options of after, caches, collects, image, on, timeoutMs',
    ],
    ["task", { image: "" }, `task "unit": image: expected an image's name or what imageFrom() returns, got ""`],
    ["task", { after: ["lint"] }, 'task "unit": after: expected tasks that are declared above it in this stage, got'],
    ["task", { on: {} }, 'task "unit": on: expected what stack() of this stage returns, got an object with nothing'],
    ["task", { caches: ["modules"] }, 'task "unit": caches: expected caches, each as cache.at("/path"), got a list'],
    [
      "task",
      { collects: { "/a": 1 } },
      'task "unit": collects: expected an object: paths in the container, and places',
    ],
    ["task", { timeoutMs: "1s" }, 'task "unit": timeoutMs: expected milliseconds, from 0, got "1s"'],
    ["build", { version: "1" }, 'stage "make": version: expected a function, got "1"'],
    ["build", { version: undefined }, 'stage "make": version: expected a function, got undefined'],
    ["build", { versions: {} }, 'stage "make": versions: expected a function, got an object with nothing'],
    ["release", { network: "yes" }, 'stage "image": network: expected true or false, got "yes"'],
    ["release", { acceptance: null }, 'stage "image": acceptance: expected an object, got null'],
    ["release", { acceptance: { suite: "a" } }, 'stage "image", acceptance: environment: expected a function'],
    ["release", { specs: { ...specs, report: "a.xml" } }, 'stage "image", specs: report: expected an absolute path'],
    ["publish", { repository: "" }, 'stage "push": repository: expected a text, got ""'],
    ["publish", { branch: "main" }, 'stage "push": expected options of mainBranch, repository, got "branch"'],
  ] as const)
    it(`refuses ${JSON.stringify(options)} of a ${part}`, () => {
      expect(all({ [part]: options })).to.throw(said);
    });

  it("refuses a stage that goes on from one of another kind", () => {
    const skipped = declare((pipeline) => {
      const tested = pipeline.test("check", { sources: [] }, noTasks);
      pipeline.release("image", tested as never, released);
    });
    expect(skipped).to.throw('stage "image": expected a stage that was declared with build() to go on from, got');
  });

  it("refuses a task that makes nothing", () => {
    const nothing = declare((pipeline) => {
      pipeline.test("check", { sources: [] }, (stage) => void stage.task("lint", undefined as never));
    });
    expect(nothing).to.throw('stage "check", task "lint": expected a function, got undefined');
  });
});

describe("the summary of a pipeline", () => {
  const stages = [
    {
      name: "test",
      verdict: "failed",
      why: "unit failed",
      tookMs: 1_240,
      tasks: [
        { name: "unit", verdict: "failed", why: "exited with 1 | 2", tookMs: 1_200 },
        { name: "lint", verdict: "passed", why: undefined, tookMs: 100 },
      ],
      notes: ["see the log of it"],
    },
    { name: "build", verdict: "not run", why: undefined, tookMs: 0, tasks: [], notes: [] },
  ] as const;

  it("is a table in Markdown, whose cells have no bars of their own", () => {
    expect(markdownSummary("tiny", stages).split("\n")).to.deep.equal([
      "## tiny",
      "",
      "| stage | result | seconds | |",
      "|---|---|---:|---|",
      "| test | failed | 1.2 | unit failed; see the log of it |",
      "| &nbsp;&nbsp;unit | failed | 1.2 | exited with 1 \\| 2 |",
      "| &nbsp;&nbsp;lint | passed | 0.1 |  |",
      "| build | not run |  |  |",
      "| total |  | 1.2 |  |",
      "",
    ]);
  });

  it("keeps a reason of several lines in its row of the table", () => {
    const [, build] = stages;
    expect(markdownSummary("tiny", [{ ...build, why: "one\ntwo" }])).to.contain("| build | not run |  | one two |");
  });

  it("has no secrets, also none that its table would write in another way", () => {
    const [, build] = stages;
    learnSecrets({ SUMMARY_TOKEN: "kwyj|of-a-summary" });
    expect(markdownSummary("tiny", [{ ...build, why: "no kwyj|of-a-summary" }])).to.contain("| no *** |");
  });

  it("has columns on a terminal, as wide as the widest of each", () => {
    expect(textSummary(stages).split("\n")).to.deep.equal([
      "test    failed   1.2  unit failed; see the log of it",
      "  unit  failed   1.2  exited with 1 | 2",
      "  lint  passed   0.1",
      "build   not run",
      "total            1.2",
    ]);
  });

  it("gives no time to what has not run", () => {
    const [, build] = stages;
    expect(textSummary([{ ...build, tookMs: 50 }])).to.equal("build  not run\ntotal           0.1");
  });
});

describe("the checksums of an artefact", () => {
  let folder: string;
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), "artefact-"));
    await mkdir(join(folder, "deep"));
    await writeFile(join(folder, "deep", "file.txt"), "content\n");
  });
  afterEach(() => rm(folder, { recursive: true }));

  it("are those that sha256sum prints, for every file below it", async () => {
    expect(await checksums(folder)).to.deep.equal({
      "deep/file.txt": "434728a410a78f56fc1b5899c3593436e61ab0c731e9072d95e96db290205e53",
    });
  });

  it("are none for a folder that is not there", async () => {
    expect(await checksums(join(folder, "missing"))).to.deep.equal({});
  });
});
