import { mkdtemp, mkdir, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect } from "chai";
import type { PipelineBuilder } from "../../src/pipeline/define-pipeline.ts";
import { definePipeline } from "../../src/pipeline/define-pipeline.ts";
import { checksums } from "../../src/pipeline/record.ts";
import { readPipelineSettings } from "../../src/config/pipeline-settings.ts";
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
  ])
    it(`call the branch ${branch} ${tag}`, () => {
      expect(tagsFor({ ...sources, branch })).to.include(tag);
    });

  it("are refused when Docker forbids the version", () => {
    expect(() => tagsFor({ ...sources, version: "1.2.3+4" })).to.throw(
      'expected a tag of at most 128 letters, digits, "_", "." and "-"',
    );
  });

  it("may be 128 characters long, and not 129", () => {
    expect([forbiddenTag("x".repeat(128)), typeof forbiddenTag("x".repeat(129))]).to.deep.equal([undefined, "string"]);
  });
});

describe("the settings of a pipeline", () => {
  it("take an empty variable for one that is not set", () => {
    expect(readPipelineSettings({ STACKSPEC_REGISTRY: "" })).to.have.property("registry", undefined);
  });

  for (const registry of ["registry.example", "127.0.0.1:5000", "ghcr.io/owner/repository"])
    it(`accept the registry ${registry}`, () => {
      expect(readPipelineSettings({ STACKSPEC_REGISTRY: registry })).to.have.property("registry", registry);
    });

  for (const registry of ["https://registry.example", "registry.example/", "registry.example:port"])
    it(`refuse the registry ${registry}`, () => {
      expect(() => readPipelineSettings({ STACKSPEC_REGISTRY: registry })).to.throw(`got "${registry}"`);
    });

  it("do not repeat a registry with a password in it", () => {
    expect(() => readPipelineSettings({ STACKSPEC_REGISTRY: "me:open-sesame@registry.example" })).to.throw(
      /^((?!open-sesame).)*$/,
    );
  });

  it("refuse a user without a password", () => {
    expect(() => readPipelineSettings({ STACKSPEC_REGISTRY_USER: "me" })).to.throw(
      "expected user and password, got only one of them",
    );
  });

  it("take the build's number from the CI system", () => {
    expect(readPipelineSettings({ GITHUB_RUN_NUMBER: "12" })).to.have.property("build", "12");
  });

  it("take our own setting before the CI system's", () => {
    expect(readPipelineSettings({ GITHUB_RUN_NUMBER: "12", STACKSPEC_BUILD: "13" })).to.have.property("build", "13");
  });

  it("never take the source branch of a pull request for the branch", () => {
    const settings = readPipelineSettings({ GITHUB_HEAD_REF: "main", GITHUB_REF_NAME: "12/merge" });
    expect(settings).to.have.property("branch", "12/merge");
  });
});

describe("the declaration of a pipeline", () => {
  const noTasks = (): void => {};
  const declare = (more: (pipeline: PipelineBuilder) => void) => () => definePipeline("tiny", more);

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
      expect(outside).to.throw("expected an artefact in a folder such as target/app");
    });
});

describe("the summary of a pipeline", () => {
  const stages = [
    {
      name: "test",
      verdict: "failed",
      why: "unit failed",
      tookMs: 1_234,
      tasks: [{ name: "unit", verdict: "failed", why: "exited with 1 | 2", tookMs: 1_200 }],
      notes: [],
    },
    { name: "build", verdict: "not run", why: undefined, tookMs: 0, tasks: [], notes: [] },
  ] as const;

  it("is a table in Markdown, whose cells have no bars of their own", () => {
    expect(markdownSummary("tiny", stages)).to.contain("| &nbsp;&nbsp;unit | failed | 1.2 | exited with 1 \\| 2 |");
  });

  it("gives no time to what has not run", () => {
    expect(textSummary(stages)).to.match(/^build +not run$/m);
  });

  it("ends with the time of all", () => {
    expect(textSummary(stages)).to.match(/^total +1\.2$/m);
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
