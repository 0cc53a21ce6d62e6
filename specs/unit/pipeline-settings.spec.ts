import { expect } from "chai";
import { readPipelineSettings } from "../../src/config/pipeline-settings.ts";
import type { PipelineSettings } from "../../src/config/pipeline-settings.ts";

const defaults: PipelineSettings = {
  pipeline: undefined,
  registry: undefined,
  credentials: undefined,
  tags: [],
  build: undefined,
  branch: undefined,
  allowDirty: false,
  deployHook: undefined,
  specs: "host",
  stepSummary: undefined,
};

/** What CI systems set, in the order in which they are asked: our own settings go before. */
const BUILD = ["STACKSPEC_BUILD", "GITHUB_RUN_NUMBER", "CI_PIPELINE_IID", "BUILD_NUMBER", "CIRCLE_BUILD_NUM"];
const BRANCH = ["STACKSPEC_BRANCH", "GITHUB_REF_NAME", "CI_COMMIT_BRANCH", "BRANCH_NAME", "CIRCLE_BRANCH"];

type Case = readonly [environment: Readonly<Record<string, string>>, changed: Partial<PipelineSettings>];
/** Variables, and what they make of the defaults. */
const GOOD: readonly Case[] = [
  [{ PIPELINE: "tiny" }, { pipeline: "tiny" }],
  ...["registry.example", "127.0.0.1:5000", "ghcr.io/owner/repository", "registry.example:5000/a/b"].map(
    (registry) => [{ STACKSPEC_REGISTRY: registry }, { registry }] as const,
  ),
  [
    { STACKSPEC_REGISTRY_USER: "me", STACKSPEC_REGISTRY_PASSWORD: "open-sesame" },
    { credentials: { username: "me", password: "open-sesame" } },
  ],
  [{ STACKSPEC_TAGS: "1.2, next,,beta " }, { tags: ["1.2", "next", "beta"] }],
  [{ STACKSPEC_ALLOW_DIRTY: "1" }, { allowDirty: true }],
  [{ STACKSPEC_ALLOW_DIRTY: "false" }, {}],
  [{ STACKSPEC_DEPLOY_HOOK: "./deploy" }, { deployHook: "./deploy" }],
  [{ STACKSPEC_SPECS: "container" }, { specs: "container" }],
  [{ GITHUB_STEP_SUMMARY: "/tmp/summary" }, { stepSummary: "/tmp/summary" }],
  ...BUILD.map((name) => [{ [name]: "7" }, { build: "7" }] as const),
  ...BRANCH.map((name) => [{ [name]: "main" }, { branch: "main" }] as const),
];

const BAD: readonly (readonly [name: string, value: string, message: string])[] = [
  ["STACKSPEC_ALLOW_DIRTY", "yes", 'expected one of 0, 1, true, false, got "yes"'],
  ["STACKSPEC_SPECS", "both", 'expected one of host, container, got "both"'],
  ...["https://registry.example", "registry.example/", "registry.example:port", "registry.example//a"].map(
    (registry) =>
      [
        "STACKSPEC_REGISTRY",
        registry,
        `expected a registry such as registry.example:5000/team, without a scheme, got "${registry}"`,
      ] as const,
  ),
  [
    "STACKSPEC_REGISTRY",
    "me:open-sesame@registry.example",
    "expected a registry such as registry.example:5000/team, without a scheme, got one with an @ in it",
  ],
];

describe("the settings that a pipeline reads", () => {
  it("have defaults", () => {
    expect(readPipelineSettings({})).to.deep.equal(defaults);
  });

  it("cannot be changed", () => {
    expect(readPipelineSettings({})).to.be.frozen;
  });

  for (const [environment, changed] of GOOD) {
    const shown = Object.entries(environment).map(([name, value]) => `${name}=${value}`);
    it(`take ${shown.join(" ")}`, () => {
      expect(readPipelineSettings(environment)).to.deep.equal({ ...defaults, ...changed });
    });
  }

  for (const [what, names] of Object.entries({ build: BUILD, branch: BRANCH }))
    for (const [index, name] of names.entries())
      it(`take the ${what} from ${name} before those that come after it`, () => {
        const environment = Object.fromEntries(names.slice(index).map((each) => [each, `from ${each}`]));
        expect(readPipelineSettings(environment)).to.have.property(what, `from ${name}`);
      });

  it("never take the source branch of a pull request for the branch", () => {
    const settings = readPipelineSettings({ GITHUB_HEAD_REF: "main", GITHUB_REF_NAME: "12/merge" });
    expect(settings).to.have.property("branch", "12/merge");
  });

  it("take empty variables for none", () => {
    const empty = GOOD.flatMap(([environment]) => Object.keys(environment)).map((name) => [name, ""]);
    expect(readPipelineSettings(Object.fromEntries(empty))).to.deep.equal(defaults);
  });

  for (const [name, value, message] of BAD)
    it(`refuse ${name}=${value.replace(/:.*@/, ":…@")}`, () => {
      expect(() => readPipelineSettings({ [name]: value }))
        .to.throw()
        .with.property("message", `USAGE: ${name}: ${message}`);
    });

  for (const [given, missing] of [
    ["STACKSPEC_REGISTRY_USER", "STACKSPEC_REGISTRY_PASSWORD"],
    ["STACKSPEC_REGISTRY_PASSWORD", "STACKSPEC_REGISTRY_USER"],
  ] as const)
    it(`miss ${missing} when there is only ${given}`, () => {
      expect(() => readPipelineSettings({ [given]: "open-sesame" }))
        .to.throw()
        .with.property("message", `USAGE: ${missing}: expected user and password, got only one of them`);
    });
});
