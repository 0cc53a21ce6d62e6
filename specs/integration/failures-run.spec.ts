import { spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect } from "chai";
import { requireEngine } from "stackspec";
import { resultOf, runOf, startRun } from "./child.ts";
import type { Ended } from "./child.ts";
import { cleanUp, RUN_LABEL, labelled, removeLabelled } from "./engine.ts";
import { caseOf } from "./report.ts";
import { socketToEngine } from "./socket.ts";

/** Where Testcontainers finds an engine whatever it is told: on Linux, in a namespace of its own, it can be made to find none. */
const SOCKETS = "/run";
const canHide = spawnSync("unshare", ["--map-root-user", "--mount", "true"]).status === 0;

describe("a run without an engine", () => {
  it("is told so, with what to do", async function () {
    if (!canHide) return this.skip();
    const failure = await resultOf<{ sentence: string }>("no-engine.ts", {
      hidden: SOCKETS,
      environment: { DOCKER_HOST: "", HOME: "/nonexistent", XDG_RUNTIME_DIR: "/nonexistent" },
    });
    expect(failure.sentence).to.equal(
      "ENGINE_UNREACHABLE: engine: expected a Docker-compatible engine, none answers — start Docker, Podman or Colima, or set DOCKER_HOST",
    );
  });

  it("uses no other one than DOCKER_HOST names", async () => {
    const failure = await resultOf<{ sentence: string }>("no-engine.ts", {
      environment: { DOCKER_HOST: "unix:///no/such.sock" },
    });
    expect(failure.sentence).to.equal(
      "ENGINE_UNREACHABLE: DOCKER_HOST: expected an engine at unix:///no/such.sock, none answers there — start it, or unset DOCKER_HOST to use another",
    );
  });
});

describe("a run whose engine is that of a context of Docker's, and does not answer", () => {
  const sentence =
    'ENGINE_UNREACHABLE: docker context "gone": expected an engine at unix:///no/such.sock, none answers there — start it, or run docker context use default to use another';
  let folder: string;
  let environment: Record<string, string>;
  before("choose that context", () => {
    folder = mkdtempSync(join(tmpdir(), "stackspec-context-"));
    const meta = join(folder, "contexts", "meta", createHash("sha256").update("gone").digest("hex"));
    mkdirSync(meta, { recursive: true });
    const endpoints = { docker: { Host: "unix:///no/such.sock" } };
    writeFileSync(join(meta, "meta.json"), JSON.stringify({ Name: "gone", Endpoints: endpoints }));
    writeFileSync(join(folder, "config.json"), JSON.stringify({ currentContext: "gone" }));
    environment = { DOCKER_HOST: "", DOCKER_CONTEXT: "", DOCKER_CONFIG: folder };
  });
  after(() => rmSync(folder, { recursive: true }));

  it("is told which context that is, and how to leave it", async () => {
    expect(await resultOf("no-engine.ts", { environment })).to.deep.equal({ code: "ENGINE_UNREACHABLE", sentence });
  });

  it("is told so each time that it looks", async () => {
    expect(await resultOf("no-engine-twice.ts", { environment })).to.deep.equal([sentence, sentence]);
  });

  it("is told to unset DOCKER_CONTEXT where that has chosen it", async () => {
    const chosen = { ...environment, DOCKER_CONTEXT: "gone" };
    expect(await resultOf<{ sentence: string }>("no-engine.ts", { environment: chosen }))
      .to.have.property("sentence")
      .that.matches(/ — start it, or unset DOCKER_CONTEXT to use another$/);
  });
});

describe("a run whose engine stops answering", () => {
  requireEngine();
  let ended: Ended;
  let report: string;
  before("its engine has gone", async function () {
    this.timeout(60_000);
    const socket = await socketToEngine();
    const run = startRun(["engine-lost.ts"], {
      environment: { DOCKER_HOST: socket.address, TESTCONTAINERS_RYUK_DISABLED: "true" },
    });
    try {
      await run.shown(/under way/);
    } finally {
      socket.cut();
    }
    ended = await run.ended;
    report = run.report();
  });
  cleanUp("what it could not remove itself is removed", async () => {
    // Its watchdog may have found the engine at its other address.
    await removeLabelled(`${RUN_LABEL}=${runOf(ended)}`);
  });

  it("ends by itself with exit code 1", () => {
    expect(ended).to.include({ exitCode: 1, signal: null });
  });

  it("says so in every later spec", () => {
    for (const title of ["cannot go on", "can still less go on"])
      expect(caseOf(report, title)).to.match(
        /ENGINE_LOST: engine: expected it to answer until the end, it stopped answering in the middle of the run/,
      );
  });
});

describe("a run whose services die, one under a spec and one between two", () => {
  requireEngine();
  let ended: Ended;
  let report: string;
  before("it has ended", async function () {
    this.timeout(180_000);
    const run = startRun(["service-dies.ts"]);
    ended = await run.ended;
    report = run.report();
  });

  for (const title of ["asks the second time", "asks the third time", "asks the fourth time"])
    it(`says in the spec that ${title} which service has died`, () => {
      expect(caseOf(report, title)).to.include("SERVICE_DIED: web: was ready and has exited since, with code 5");
    });

  it("shows what the service wrote last", () => {
    expect(caseOf(report, "asks the second time")).to.include("  | told to quit");
  });

  it("says after the failure of the service what the spec itself failed with", () => {
    expect(caseOf(report, "asks the second time")).to.match(
      /\n\nthe spec failed with: .*(ECONNREFUSED|ECONNRESET|socket hang up)/,
    );
  });

  it("says in the spec after it which service has died, and before that spec what the service wrote last", () => {
    const died = "SERVICE_DIED: web: was ready and has exited since, with code 5";
    expect(caseOf(report, "comes after that")).to.include(`blocked: ${died}`).and.not.to.include("told to quit");
    const [hook] = /<testcase [^>]*before each[^>]*comes after that[\s\S]*?<\/testcase>/.exec(report)!;
    expect(hook).to.include(died).and.to.include("  | told to quit");
  });

  it("does not say that a connection was refused", () => {
    for (const title of ["asks the second time", "asks the third time", "asks the fourth time"])
      expect(caseOf(report, title).split("\n")[1]).not.to.match(/ECONNREFUSED|ECONNRESET|socket hang up/);
  });

  it("passes the specs before", () => {
    expect(caseOf(report, "talks to it")).not.to.match(/<(failure|error)/);
  });

  it("leaves nothing on the engine", async () => {
    expect(await labelled(`${RUN_LABEL}=${runOf(ended)}`)).to.deep.equal([]);
  });
});

describe("a run of whose services somebody else removes one, and pauses one", () => {
  requireEngine();
  let ended: Ended;
  let report: string;
  before("it has ended", async function () {
    this.timeout(180_000);
    const run = startRun(["foreign-hands.ts"]);
    ended = await run.ended;
    report = run.report();
  });

  it("says in the spec that fails because of it which was removed, and that it was", () => {
    expect(caseOf(report, "loses it")).to.include(
      "SERVICE_DIED: web: was ready, and was removed by somebody else — find out who removes containers",
    );
  });

  it("says in the spec that fails because of it which is paused", () => {
    expect(caseOf(report, "waits for it")).to.match(
      /web is paused: [^\n]*\n\nthe spec failed with: .*no answer within 500 ms/,
    );
  });

  it("does not say so in a spec that fails when it goes on", () => {
    expect(caseOf(report, "gets an answer when it goes on"))
      .to.include("for another reason")
      .and.not.to.include("paused:");
  });

  it("releases both, and says nothing of that", async () => {
    expect(ended.output).not.to.include("RELEASE_FAILED");
    expect(await labelled(`${RUN_LABEL}=${runOf(ended)}`)).to.deep.equal([]);
  });
});
