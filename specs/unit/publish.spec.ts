import { setTimeout as sleep } from "node:timers/promises";
import { expect } from "chai";
import { StackspecError } from "../../src/errors.ts";
import { deploy } from "../../src/pipeline/deploy.ts";
import type { TaskOutcome } from "../../src/pipeline/outcome.ts";
import { outcomeOf } from "../../src/pipeline/outcome.ts";
import { checkRevision } from "../../src/pipeline/publish.ts";
import { checkPushed, digestIn } from "../../src/pipeline/push.ts";
import { isRoot } from "../../src/pipeline/release.ts";
import { serveHttp } from "./server.ts";

describe("what may be published", () => {
  const revision = "a".repeat(40);
  const clean = { hash: revision, dirty: [] };

  it("is an artefact of the revision that is checked out", () => {
    expect(() => checkRevision({ revision, dirty: false }, clean, false)).not.to.throw();
  });

  it("is not an artefact of another revision, whatever else is allowed", () => {
    const other = { ...clean, hash: "b".repeat(40) };
    expect(() => checkRevision({ revision, dirty: false }, other, true)).to.throw(
      "git: expected an artefact of revision bbbbbbbbbbbb, it is of aaaaaaaaaaaa",
    );
  });

  it("is not in a dirty tree", () => {
    const dirty = { ...clean, dirty: ["one.txt", "two.txt", "three.txt"] };
    expect(() => checkRevision({ revision, dirty: false }, dirty, false)).to.throw(
      "git: expected a clean tree, one.txt and 2 more is not committed",
    );
  });

  it("is not an artefact that was built in a dirty tree, though that is clean now", () => {
    expect(() => checkRevision({ revision, dirty: true }, clean, false)).to.throw(
      "git: expected an artefact of a clean tree, it was built in a dirty one",
    );
  });

  it("may be dirty where that is allowed", () => {
    expect(() => checkRevision({ revision, dirty: true }, { ...clean, dirty: ["one.txt"] }, true)).not.to.throw();
  });

  for (const user of [undefined, "", "root", "root:users", "0", "0:0", "00", ":1000"])
    it(`is not an image of the user "${user}"`, () => {
      expect(isRoot(user)).to.equal(true);
    });

  for (const user of ["1000", "1000:0", "node", "rooter", "01000"])
    it(`is an image of the user "${user}"`, () => {
      expect(isRoot(user)).to.equal(false);
    });
});

describe("what the registry has after a push", () => {
  const name = "127.0.0.1:5000/team/tiny:1.2.3";
  const pushed = { id: "sha256:image", digest: "sha256:manifest" };
  const found = { ...pushed, digests: ["127.0.0.1:5000/team/tiny@sha256:manifest"] };

  it("is what was pushed", () => {
    expect(() => checkPushed(name, pushed, found)).not.to.throw();
  });

  for (const [what, other] of [
    ["another manifest", { digest: "sha256:other", digests: ["127.0.0.1:5000/team/tiny@sha256:other"] }],
    ["another image under this name on the engine", { id: "sha256:other" }],
    ["a manifest that the engine has of another repository", { digests: ["elsewhere/tiny@sha256:manifest"] }],
    ["a manifest that the engine knows nothing of", { digests: [] }],
  ] as const)
    it(`is refused when it is ${what}`, () => {
      expect(() => checkPushed(name, pushed, { ...found, ...other })).to.throw(`${name}: expected sha256:manifest`);
    });

  it("is refused when the engine does not say what it has pushed", () => {
    expect(() => checkPushed(name, { ...pushed, digest: undefined }, found)).to.throw("expected undefined");
  });
});

describe("the digest that an engine says while it pushes", () => {
  const digest = `sha256:${"7a".repeat(32)}`;

  for (const [engine, message] of [
    ["Docker", { aux: { Digest: digest } }],
    ["Docker with containerd's images", { status: `1.2.3: digest: ${digest} size: 1560` }],
  ] as const)
    it(`is found as ${engine} writes it`, () => {
      expect(digestIn(message)).to.equal(digest);
    });

  it("is not that of a layer", () => {
    expect(digestIn({ status: `Pushing ${digest}` })).to.equal(undefined);
  });
});

describe("the deploy hook of a pipeline", () => {
  const deployment = { image: "tiny@sha256:manifest", tags: ["1", "2"], revision: "a1b2c3", version: "1" };
  const said: string[] = [];
  const context = { say: (line: string) => void said.push(line), signal: new AbortController().signal };

  it("has failed when it answers 500, and its address is not repeated", async () => {
    const server = await serveHttp((_, response) => response.writeHead(500).end());
    const { verdict, why } = await deploy(`${server.url}/?token=open-barley`, deployment, context).finally(
      server.close,
    );
    expect([verdict, why, said.join().includes("open-barley")]).to.deep.equal([
      "failed",
      `TASK_FAILED: deploy hook: 127.0.0.1:${server.port} answered 500`,
      false,
    ]);
  });

  it("has passed when it answers 204", async () => {
    const server = await serveHttp((_, response) => response.writeHead(204).end());
    const { verdict } = await deploy(server.url, deployment, context).finally(server.close);
    expect(verdict).to.equal("passed");
  });

  it("has failed when nobody is there", async () => {
    const server = await serveHttp(() => {});
    await server.close();
    const { why } = await deploy(`${server.url}/?token=open-barley`, deployment, context);
    expect(why).to.equal("TASK_FAILED: deploy hook: it does not answer: ECONNREFUSED");
  });

  it("is not repeated either when it is no address to ask", async () => {
    const { why } = await deploy("https://me:sesame@registry.example/open-barley", deployment, context);
    expect(why).to.match(/^TASK_FAILED: deploy hook: it does not answer: ((?!open-barley).)*$/);
  });

  it("tells a command what is deployed", async () => {
    const command = `test "$DEPLOY_IMAGE $DEPLOY_TAGS" = "tiny@sha256:manifest 1,2"`;
    expect(await deploy(command, deployment, context)).to.have.property("verdict", "passed");
  });

  it("has what its command prints told line by line, without secrets", async () => {
    said.length = 0;
    await deploy("echo one; echo token=open-barley; echo three >&2", deployment, context);
    expect(said.slice(0, -1).toSorted()).to.deep.equal(["one", "three", "token=***"]);
  });

  it("does not wait for what its command leaves in the background", async function () {
    this.timeout(60_000);
    said.length = 0;
    const { verdict } = await deploy("sleep 1000 & echo $!", deployment, context);
    process.kill(Number(said[0]));
    expect(verdict).to.equal("passed");
  });

  it("has failed when its command does", async () => {
    const { why } = await deploy("exit 3", deployment, context);
    expect(why).to.equal("TASK_FAILED: deploy hook: the command exited with 3");
  });
});

describe("the outcome of a task", () => {
  const failing = (error: Error, signal = new AbortController().signal): Promise<{ outcome: TaskOutcome }> =>
    outcomeOf("lint", { say: () => {}, signal }, async () => {
      throw error;
    });

  /** How it ended, and what was said of that. */
  async function ended(work: () => Promise<unknown>): Promise<{ outcome: TaskOutcome; value?: unknown; said: string }> {
    const said: string[] = [];
    const signal = new AbortController().signal;
    const { outcome, value } = await outcomeOf("lint", { say: (line) => void said.push(line), signal }, work);
    const seconds = (outcome.tookMs / 1000).toFixed(1);
    return { outcome, value, said: said.join("\n").replace(`after ${seconds} s`, "after … s") };
  }

  it("has passed with what the work comes to", async () => {
    const { outcome, value, said } = await ended(async () => 7);
    expect([outcome.name, outcome.verdict, outcome.why, value, said]).to.deep.equal([
      "lint",
      "passed",
      undefined,
      7,
      "  lint passed after … s",
    ]);
  });

  it("has passed with work that comes to nothing", async () => {
    const { outcome } = await ended(async () => {});
    expect(outcome.verdict).to.equal("passed");
  });

  it("is not checked where the work could not find out, and says why", async () => {
    const { outcome, said } = await ended(async () => ({ unchecked: "no registry" }));
    expect([outcome.verdict, outcome.why, said]).to.deep.equal([
      "not checked",
      "no registry",
      "  lint not checked after … s: no registry",
    ]);
  });

  it("says all of an error, and keeps its sentence", async () => {
    const { outcome, said } = await ended(async () => {
      throw new StackspecError("TASK_FAILED", "exited with 1", { subject: "lint", evidence: "main.ts: unused" });
    });
    expect([outcome.verdict, outcome.why, said]).to.deep.equal([
      "failed",
      "TASK_FAILED: lint: exited with 1",
      "  lint failed after … s: TASK_FAILED: lint: exited with 1\nmain.ts: unused",
    ]);
  });

  it("knows how many milliseconds it took", async () => {
    const startedAt = performance.now();
    let worked = 0;
    const { outcome, said } = await ended(async () => {
      const workedFrom = performance.now();
      await sleep(5);
      worked = performance.now() - workedFrom;
    });
    expect(outcome.tookMs).to.be.within(Math.floor(worked), Math.ceil(performance.now() - startedAt));
    expect(said).to.equal("  lint passed after … s");
  });

  it("is one line, of however many the error has", async () => {
    const { outcome } = await failing(new Error("two findings\nin main.ts"));
    expect([outcome.verdict, outcome.why]).to.deep.equal(["failed", "two findings"]);
  });

  it("is none where its input is bad", async () => {
    const bad = new StackspecError("USAGE", "expected a container");
    expect(await failing(bad).catch((error: unknown) => error)).to.equal(bad);
  });

  it("is none where the run was ended", async () => {
    const reason = new Error("stopped by SIGINT");
    const outcome = failing(new Error("killed"), AbortSignal.abort(reason));
    expect(await outcome.catch((error: unknown) => error)).to.equal(reason);
  });
});
