import { randomUUID } from "node:crypto";
import { expect } from "chai";
import { readConfig, tellWorkers } from "../../src/config/config.ts";
import type { Config } from "../../src/config/config.ts";
import { mask } from "../../src/secrets.ts";

const defaults: Config = {
  stack: undefined,
  url: undefined,
  ci: false,
  engine: "auto",
  images: "auto",
  startTimeoutMs: 120_000,
  debianMirror: undefined,
  profiles: [],
  keep: false,
  snapshots: { off: false, count: 10, days: 14 },
  reportPath: undefined,
  reportStack: false,
  jenkins: false,
  hubPrefix: "",
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
  ["STACKSPEC_IMAGES", "registry", { images: "registry" }],
  ["STACKSPEC_IMAGES", "debian", { images: "debian" }],
  ["STACKSPEC_START_TIMEOUT_MS", "1", { startTimeoutMs: 1 }],
  ["STACKSPEC_DEBIAN_MIRROR", "http://mirror/debian", { debianMirror: "http://mirror/debian" }],
  ["STACKSPEC_KEEP", "1", { keep: true }],
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
  ["STACKSPEC_REAPER_IMAGE", "my/node:24", { reaper: { ...defaults.reaper, image: "my/node:24" } }],
];

const BAD: readonly [name: string, value: string, expected: string][] = [
  ["URL", "todo.example/todos", "an http or https address such as https://host/todos"],
  ["URL", "ftp://todo.example/", "an http or https address such as https://host/todos"],
  ["STACKSPEC_ENGINE", "podman", "one of auto, none"],
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
  ["JUNIT_REPORT_STACK", "yes", "one of 0, 1, true, false"],
  ["TESTCONTAINERS_RYUK_DISABLED", "on", "one of 0, 1, true, false"],
];

describe("the settings", () => {
  it("have defaults", () => {
    expect(readConfig({})).to.deep.equal(defaults);
  });

  it("pass over variables that are not theirs", () => {
    expect(readConfig({ PATH: "/bin", STACKSPEC_UNKNOWN: "1" })).to.deep.equal(defaults);
  });

  it("cannot be changed", () => {
    expect(readConfig({})).to.be.frozen;
  });

  for (const [name, value, changed] of GOOD)
    it(`take ${name}=${value}`, () => {
      expect(readConfig({ [name]: value })).to.deep.equal({ ...defaults, ...changed });
    });

  for (const name of new Set(GOOD.map(([each]) => each)))
    it(`take an empty ${name} for none`, () => {
      expect(readConfig({ [name]: "" })).to.deep.equal(defaults);
    });

  for (const [name, value, expected] of BAD)
    it(`refuse ${name}=${value}`, () => {
      expect(() => readConfig({ [name]: value }))
        .to.throw(`USAGE: ${name}: expected ${expected}, got "${value}"`)
        .with.property("code", "USAGE");
    });

  it("do not repeat a value that may hold a password", () => {
    expect(() => readConfig({ URL: "ftp://me:open-sesame@todo.example/" })).to.throw(
      /^USAGE: URL: expected an http or https address such as https:\/\/host\/todos, got one with an @ in it$/,
    );
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
