import { randomUUID } from "node:crypto";
import { expect } from "chai";
import { listSettings, readConfig } from "../../src/config/config.ts";
import type { Config } from "../../src/config/config.ts";
import { tellWorkers } from "../../src/config/inner-runs.ts";
import { defineConfig } from "../../src/config/project-config.ts";
import type { ProjectConfig } from "../../src/config/project-config.ts";
import type { ConfigFile } from "../../src/config/settings.ts";
import type { Selection } from "../../src/config/selection.ts";
import { mask } from "../../src/secrets.ts";

/** A project that says nothing. */
const NO_FILE: ConfigFile = { path: "stackspec.config.ts", exported: {} };
const selection: Selection = {
  order: "declared",
  seed: undefined,
  repeatEach: 1,
  lastFailed: undefined,
  failOnFlaky: false,
};
const defaults: Config = {
  folders: { specs: "specs", stacks: "specs/stacks", pipelines: "specs/pipelines", reports: "reports" },
  timings: undefined,
  suites: {},
  stack: undefined,
  defaultStack: undefined,
  fallbackStack: undefined,
  url: undefined,
  ci: false,
  engine: "auto",
  publishAddress: undefined,
  images: "registry",
  startTimeoutMs: 120_000,
  memoryWaitMs: 600_000,
  debianMirror: undefined,
  profiles: [],
  keep: false,
  onFailure: { keeps: false, saves: false },
  selection,
  snapshots: { off: false, count: 10, days: 14 },
  reportPath: "reports/",
  reportStack: false,
  jenkins: false,
  github: { annotates: false, summary: undefined },
  hubPrefix: "",
  faultImage: undefined,
  reaper: { disabled: false, image: "node:24-slim" },
  worker: undefined,
  outerRuns: [],
};

/** What a setting makes of the defaults. */
const GOOD: readonly [name: string, value: string, changed: Partial<Config>][] = [
  ["STACK", "embedded", { stack: "embedded" }],
  ["URL", "https://todo.example/v1/todos", { url: "https://todo.example/v1/todos" }],
  ["URL", "http://127.0.0.1:8080/", { url: "http://127.0.0.1:8080/" }],
  ["CI", "true", { ci: true }],
  ["CI", "woodpecker", { ci: true }],
  ["CI", "false", {}],
  ["CI", "0", {}],
  ["STACKSPEC_ENGINE", "none", { engine: "none" }],
  ["STACKSPEC_ENGINE", "install", { engine: "install" }],
  ["STACKSPEC_IMAGES", "auto", { images: "auto" }],
  ["STACKSPEC_IMAGES", "debian", { images: "debian" }],
  ["STACKSPEC_START_TIMEOUT_MS", "1", { startTimeoutMs: 1 }],
  ["STACKSPEC_MEMORY_WAIT_MS", "0", { memoryWaitMs: 0 }],
  ["STACKSPEC_DEBIAN_MIRROR", "http://mirror/debian", { debianMirror: "http://mirror/debian" }],
  ["STACKSPEC_KEEP", "1", { keep: true }],
  ["STACKSPEC_TIMINGS", ".timings", { timings: ".timings" }],
  ["STACKSPEC_ORDER", "declared", {}],
  ["STACKSPEC_SEED", "7", { selection: { ...selection, order: "random", seed: 7 } }],
  ["STACKSPEC_REPEAT_EACH", "3", { selection: { ...selection, repeatEach: 3 } }],
  ["STACKSPEC_LAST_FAILED", "1", { selection: { ...selection, lastFailed: "" } }],
  ["STACKSPEC_LAST_FAILED", "ci/unit.xml", { selection: { ...selection, lastFailed: "ci/unit.xml" } }],
  ["STACKSPEC_FAIL_ON_FLAKY", "true", { selection: { ...selection, failOnFlaky: true } }],
  ["STACKSPEC_SNAPSHOTS", "off", { snapshots: { ...defaults.snapshots, off: true } }],
  ["STACKSPEC_SNAPSHOTS_KEPT", "0", { snapshots: { ...defaults.snapshots, count: 0 } }],
  ["STACKSPEC_SNAPSHOTS_DAYS", "30", { snapshots: { ...defaults.snapshots, days: 30 } }],
  ["JUNIT_REPORT_PATH", "out/", { reportPath: "out/" }],
  ["JUNIT_REPORT_STACK", "1", { reportStack: true }],
  ["JUNIT_REPORT_STACK", "true", { reportStack: true }],
  ["JUNIT_REPORT_STACK", "0", {}],
  ["JENKINS_URL", "https://jenkins.example/", { jenkins: true }],
  ["TESTCONTAINERS_HUB_IMAGE_NAME_PREFIX", "mirror.example/hub", { hubPrefix: "mirror.example/hub" }],
  ["TESTCONTAINERS_RYUK_DISABLED", "true", { reaper: { ...defaults.reaper, disabled: true } }],
  ["STACKSPEC_RUN", '{"id":"1a2b3c4d"}', { worker: { number: 0, run: { id: "1a2b3c4d" } } }],
  ["STACKSPEC_OUTER_RUNS", "42 4711", { outerRuns: [42, 4711] }],
  ["STACKSPEC_PUBLISH_ADDRESS", "10.0.0.5", { publishAddress: "10.0.0.5" }],
  ["STACKSPEC_REAPER_IMAGE", "my/node:24", { reaper: { ...defaults.reaper, image: "my/node:24" } }],
];

const BAD: readonly [name: string, value: string, expected: string][] = [
  ["URL", "todo.example/todos", "an http or https address such as https://host/todos"],
  ["URL", "ftp://todo.example/", "an http or https address such as https://host/todos"],
  ["STACKSPEC_ENGINE", "podman", "one of auto, none, install"],
  ["STACKSPEC_IMAGES", "hub", "one of auto, registry, debian"],
  ["STACKSPEC_START_TIMEOUT_MS", "2m", "a whole number of milliseconds"],
  ["STACKSPEC_START_TIMEOUT_MS", "-1", "a whole number of milliseconds"],
  ["STACKSPEC_START_TIMEOUT_MS", "0", "at least 1 ms"],
  ["STACKSPEC_START_TIMEOUT_MS", "2147483648", "at most 2147483647 ms"],
  ["STACKSPEC_DEBIAN_MIRROR", "debian", "an address"],
  ["STACKSPEC_SNAPSHOTS", "0", "one of on, off"],
  ["STACKSPEC_SNAPSHOTS_KEPT", "many", "a whole number"],
  ["STACKSPEC_SNAPSHOTS_DAYS", "-1", "a whole number"],
  ["STACKSPEC_SNAPSHOTS_DAYS", "14d", "a whole number"],
  ["STACKSPEC_ORDER", "any", "one of declared, random"],
  ["STACKSPEC_REPEAT_EACH", "0", "a whole number from 1"],
  ["JUNIT_REPORT_STACK", "yes", "one of 0, 1, true, false"],
  ["TESTCONTAINERS_RYUK_DISABLED", "on", "one of 0, 1, true, false"],
];

describe("the settings", () => {
  it("have defaults", () => {
    expect(readConfig({}, NO_FILE)).to.deep.equal(defaults);
  });

  it("pass over variables that are not theirs", () => {
    expect(readConfig({ PATH: "/bin", STACKSPEC_UNKNOWN: "1" }, NO_FILE)).to.deep.equal(defaults);
  });

  it("cannot be changed", () => {
    expect(readConfig({}, NO_FILE)).to.be.frozen;
  });

  for (const [name, value, changed] of GOOD)
    it(`take ${name}=${value}`, () => {
      expect(readConfig({ [name]: value }, NO_FILE)).to.deep.equal({ ...defaults, ...changed });
    });

  for (const name of new Set(GOOD.map(([each]) => each)))
    it(`take an empty ${name} for none`, () => {
      expect(readConfig({ [name]: "" }, NO_FILE)).to.deep.equal(defaults);
    });

  for (const [name, value, expected] of BAD)
    it(`refuse ${name}=${value}`, () => {
      expect(() => readConfig({ [name]: value }, NO_FILE))
        .to.throw(`USAGE: ${name}: expected ${expected}, got "${value}"`)
        .with.property("code", "USAGE");
    });

  it("do not repeat a value that may hold a password", () => {
    expect(() => readConfig({ URL: "ftp://me:open-sesame@todo.example/" })).to.throw(
      /^USAGE: URL: expected an http or https address such as https:\/\/host\/todos, got one with an @ in it$/,
    );
  });
});

/** What a line of the config file makes of the defaults. */
const SAID: readonly [said: ProjectConfig, changed: Partial<Config>][] = [
  [{ specs: "test" }, { folders: { ...defaults.folders, specs: "test" } }],
  [{ stacks: "stacks" }, { folders: { ...defaults.folders, stacks: "stacks" } }],
  [{ pipelines: "ci" }, { folders: { ...defaults.folders, pipelines: "ci" } }],
  [{ reports: "out" }, { folders: { ...defaults.folders, reports: "out" }, reportPath: "out/" }],
  [{ suites: { e2e: { needs: "target" } } }, { suites: { e2e: { needs: "target" } } }],
  [{ defaultStack: "shop" }, { defaultStack: "shop" }],
  [{ fallbackStack: "small" }, { fallbackStack: "small" }],
  [{ engine: "install" }, { engine: "install" }],
  [{ images: "auto" }, { images: "auto" }],
  [{ debianMirror: "http://mirror/debian" }, { debianMirror: "http://mirror/debian" }],
  [{ startTimeoutMs: 1 }, { startTimeoutMs: 1 }],
  [{ snapshots: false }, { snapshots: { ...defaults.snapshots, off: true } }],
  [{ snapshotsKept: 0 }, { snapshots: { ...defaults.snapshots, count: 0 } }],
  [{ snapshotsDays: 30 }, { snapshots: { ...defaults.snapshots, days: 30 } }],
  [{ reportStack: true }, { reportStack: true }],
  [{ reaperImage: "my/node:24" }, { reaper: { ...defaults.reaper, image: "my/node:24" } }],
  [{ order: "declared" }, {}],
  [{ failOnFlaky: true }, { selection: { ...selection, failOnFlaky: true } }],
  [{ secrets: [] }, {}],
];

/** What a config file may not say, and what is said of it. */
const WRONG: readonly [said: unknown, refusal: string][] = [
  [
    { engin: "auto" },
    'stackspec.config.ts: expected one of specs, stacks, pipelines, reports, timings, suites, defaultStack, fallbackStack, engine, publishAddress, images, debianMirror, startTimeoutMs, memoryWaitMs, snapshots, snapshotsKept, snapshotsDays, snapshotOnFailure, reportStack, reaperImage, order, failOnFlaky, faultImage, secrets, got "engin"',
  ],
  [{ engine: "docker" }, 'stackspec.config.ts: engine: expected one of auto, none, install, got "docker"'],
  [{ startTimeoutMs: "2m" }, 'stackspec.config.ts: startTimeoutMs: expected a whole number of milliseconds, got "2m"'],
  [{ startTimeoutMs: 0 }, "stackspec.config.ts: startTimeoutMs: expected at least 1 ms, got 0"],
  [{ startTimeoutMs: 1.5 }, "stackspec.config.ts: startTimeoutMs: expected a whole number of milliseconds, got 1.5"],
  [{ snapshots: "on" }, 'stackspec.config.ts: snapshots: expected true or false, got "on"'],
  [{ specs: "" }, 'stackspec.config.ts: specs: expected a text that is not empty, got ""'],
  [{ specs: null }, "stackspec.config.ts: specs: expected a text, got null"],
  [{ suites: "unit" }, 'stackspec.config.ts: suites: expected suites by name, got "unit"'],
  [
    { suites: { unit: "nothing" } },
    'stackspec.config.ts: suites.unit: expected a suite such as { needs: "engine" }, got "nothing"',
  ],
  [
    { suites: { unit: { needs: "docker" } } },
    'stackspec.config.ts: suites.unit.needs: expected one of nothing, engine, target, got "docker"',
  ],
  [
    { suites: { unit: { need: "engine" } } },
    'stackspec.config.ts: suites.unit.need: expected a suite such as { needs: "engine" }, got "need"',
  ],
  [{ secrets: "LICENSE" }, 'stackspec.config.ts: secrets: expected a list of texts, got "LICENSE"'],
  [undefined, "stackspec.config.ts: expected a default export made by defineConfig"],
  [() => ({}), "stackspec.config.ts: expected a default export made by defineConfig"],
];

describe("the config file of a project", () => {
  const file = (exported: unknown): ConfigFile => ({ path: "stackspec.config.ts", exported });

  for (const [said, changed] of SAID)
    it(`may say ${JSON.stringify(said)}`, () => {
      expect(readConfig({}, file(defineConfig(said)))).to.deep.equal({ ...defaults, ...changed });
    });

  for (const [said, refusal] of WRONG)
    it(`may not say ${JSON.stringify(said) ?? String(said)}`, () => {
      expect(() => readConfig({}, file(said)))
        .to.throw(`USAGE: ${refusal}`)
        .with.property("code", "USAGE");
    });

  it("comes after the environment", () => {
    const { engine, images } = readConfig({ STACKSPEC_ENGINE: "none" }, file({ engine: "install", images: "auto" }));
    expect({ engine, images }).to.deep.equal({ engine: "none", images: "auto" });
  });

  it("names variables whose values are masked", () => {
    const value = randomUUID();
    readConfig({ LICENSE: value }, file({ secrets: ["LICENSE"] }));
    expect(mask(`it is ${value}`)).to.equal("it is ***");
  });
});

describe("the list of settings", () => {
  const file: ConfigFile = { path: "stackspec.config.mjs", exported: { images: "auto", snapshots: false } };
  const sourceOf = (name: string) =>
    listSettings({ STACKSPEC_SNAPSHOTS: "on", STACK: "shop" }, file).find((each) => each.name === name);

  for (const [name, value, source] of [
    ["engine", "auto", "default"],
    ["images", "auto", "stackspec.config.mjs"],
    ["snapshots", true, "STACKSPEC_SNAPSHOTS"],
    ["STACK", "shop", "environment"],
    ["URL", undefined, "default"],
  ] as const)
    it(`says that ${name} is from ${source}`, () => {
      expect(sourceOf(name)).to.deep.equal({ name, value, source });
    });
});

describe("the environment of this process", () => {
  const name = "STACKSPEC_SPEC_PASSWORD";
  afterEach(() => delete process.env[name]);

  it("is where settings come from, and what is secret in it is masked from then on", () => {
    const password = randomUUID();
    process.env[name] = password;
    readConfig();
    expect(mask(`it is ${password}`)).to.equal("it is ***");
  });

  it("tells mocha's workers which run they belong to", () => {
    const before = process.env["STACKSPEC_RUN"];
    const run = { id: "1a2b3c4d", stack: { name: "release", id: "5e6f", workers: 2 } };
    try {
      tellWorkers(run);
      expect(readConfig({ ...process.env, MOCHA_WORKER_ID: "1" }).worker).to.deep.equal({ number: 1, run });
    } finally {
      if (before === undefined) delete process.env["STACKSPEC_RUN"];
      else process.env["STACKSPEC_RUN"] = before;
    }
  });
});
