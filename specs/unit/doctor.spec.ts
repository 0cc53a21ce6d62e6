import { expect } from "chai";
import { diagnose } from "../../src/cli/diagnose.ts";
import type { Facts } from "../../src/cli/diagnose.ts";
import { makeProject } from "./command-line.ts";
import type { Project } from "./command-line.ts";

const GIB = 1024 ** 3;
const engine = {
  name: "Docker",
  version: "28.5",
  storage: "overlay2",
  local: true,
  platform: "linux/amd64",
  memoryBytes: 16 * GIB,
  cpus: 4,
  disk: { path: "/var/lib/docker", freeBytes: 50 * GIB },
  networks: 4,
  mostNetworks: 31,
  images: 12,
};
/** Nothing is wrong here. */
const WELL: Facts = {
  versions: [{ name: "node", found: "24.1.0", range: ">=22.22", fits: true }],
  project: { stacks: ["shop"] },
  cacheProblem: undefined,
  engine,
  freeMemoryBytes: 8 * GIB,
  images: { setting: "registry", registry: "registry-1.docker.io", problem: undefined },
  snapshots: { off: false, images: 3, stacks: 1 },
  left: { up: 0, here: 0, elsewhere: 0 },
};

/** What is found that is not fine: "what state found — advice". */
const problems = (facts: Partial<Facts>): string[] =>
  diagnose({ ...WELL, ...facts })
    .filter(({ state }) => state !== "fine")
    .map(({ what, state, found, advice }) => `${what} ${state}: ${found} — ${advice}`);

describe("the doctor", () => {
  it("finds nothing where nothing is wrong", () => {
    expect(problems({})).to.deep.equal([]);
  });

  for (const [what, facts, found] of [
    [
      "a package of another version",
      { versions: [{ name: "mocha", found: "10.0.0", range: "^11.8.0", fits: false }] },
      'mocha broken: 10.0.0 — npm install --save-dev "mocha@^11.8.0"',
    ],
    [
      "a config file that cannot be read",
      { project: { problem: "USAGE: stackspec.config.ts: expected x", stacks: [] } },
      "project broken: USAGE: stackspec.config.ts: expected x — correct it: docs/settings.md",
    ],
    [
      "a folder that is no project",
      { project: { stacks: [] } },
      "project limited: no stack is declared in this folder — npx stackspec init writes one",
    ],
    [
      "a home that cannot be written",
      { cacheProblem: "EROFS" },
      "cache broken: EROFS — set HOME to a folder that can be written",
    ],
    [
      "no engine",
      { engine: { missing: "none answers", advice: "start Docker" } },
      "engine broken: none answers — start Docker",
    ],
    [
      "an engine elsewhere",
      { engine: { ...engine, local: false, disk: undefined } },
      "engine limited: Docker 28.5, overlay2, linux/amd64, 4 cores, 16.0 GiB, on another machine — expect slower starts: databases are kept on its disk",
    ],
    [
      "storage that copies every layer",
      { engine: { ...engine, storage: "vfs" } },
      "storage limited: vfs copies every layer — use overlay2 or fuse-overlayfs",
    ],
    [
      "little memory",
      { freeMemoryBytes: GIB / 2 },
      "memory limited: 0.5 GiB free: databases are kept on disk — end what is not needed",
    ],
    [
      "a full disk",
      { engine: { ...engine, disk: { path: "/data", freeBytes: GIB } } },
      "disk broken: 1.0 GiB free in /data — docker image prune, stackspec clean --snapshots",
    ],
    [
      "networks that run out",
      { engine: { ...engine, networks: 30 } },
      "networks broken: 30 of about 31 — stackspec clean, docker network prune, or more default-address-pools",
    ],
    [
      "a registry that does not answer",
      { images: { ...WELL.images, problem: "timeout" } },
      'images limited: 12 on the engine; images: "registry"; registry-1.docker.io does not answer: timeout — images that are not there cannot be pulled: STACKSPEC_IMAGES=auto builds substitutes',
    ],
    [
      "snapshots that are off",
      { snapshots: { ...WELL.snapshots, off: true } },
      "snapshots limited: switched off: every start initialises — STACKSPEC_SNAPSHOTS=on",
    ],
    [
      "what runs have left",
      { left: { up: 1, here: 2, elsewhere: 0 } },
      "leftovers limited: 2 runs of this host left something — stackspec clean",
    ],
    [
      "what runs of other hosts may have left",
      { left: { up: 0, here: 0, elsewhere: 1 } },
      "leftovers limited: perhaps 1 run of other hosts — stackspec clean --every-host",
    ],
  ] as const)
    it(`finds ${what}, and says what to do`, () => {
      expect(problems(facts)).to.deep.equal([found]);
    });

  it("has nothing against a client that no service needs", () => {
    const pg = { name: "pg", found: undefined, range: "^8.16.0", fits: false, neededBy: "PostgreSQL" };
    expect(problems({ versions: [pg] })).to.deep.equal([]);
  });

  it("finds many networks no problem where they have other addresses", () => {
    expect(problems({ engine: { ...engine, networks: 90, mostNetworks: undefined } })).to.deep.equal([]);
  });

  describe("as a command", function () {
    this.timeout(60_000);
    let project: Project;
    before(() => {
      project = makeProject({});
    });
    after(() => project.remove());

    it("exits with 1 where something cannot work", async () => {
      const { exitCode, output } = await project.run(["doctor"], { DOCKER_HOST: "tcp://127.0.0.1:1" });
      expect(exitCode).to.equal(1);
      expect(output).to.match(/^✔ node +\d+\.\d+\.\d+$/m);
      expect(output).to.match(
        /^✖ engine +expected an engine at tcp:\/\/127\.0\.0\.1:1, none answers there — start it/m,
      );
    });
  });
});
