import { lookup } from "node:dns/promises";
import { expect } from "chai";
import type { ErrorCode } from "stackspec";
import { Refusal, askUntil, refusalOf, watchStatuses } from "../../src/engine/container/asking.ts";
import { askSocket } from "../../src/engine/container/ask-port.ts";
import { makeProject } from "./command-line.ts";

const failed = (code: string): Error => Object.assign(new Error(`connect ${code} 10.0.0.1:80`), { code });
const asking = { subject: "web", code: "NOT_READY" as ErrorCode, hint: "look", intervalMs: 1 };
/** Asks until these answers are over, after which all is well. */
const askFor = (...answers: readonly (string | Error)[]): Promise<void> => {
  let asked = 0;
  return askUntil(async () => answers[asked++], { ...asking, signal: new AbortController().signal });
};

describe("a host that cannot be had", () => {
  it("is one whose name does not resolve", async () => {
    const error: unknown = await lookup("stackspec.invalid").catch((thrown: unknown) => thrown);
    expect(refusalOf(error)).to.have.property("code", "HOST_UNKNOWN");
  });

  for (const code of ["EHOSTUNREACH", "ENETUNREACH"])
    it(`is one to which there is no route: ${code}`, () => {
      expect(refusalOf(failed(code))).to.have.property("code", "HOST_UNREACHABLE");
    });

  for (const code of ["ECONNREFUSED", "ECONNRESET", "ETIMEDOUT"])
    it(`is not one that answers, or may: ${code}`, () => {
      expect(refusalOf(failed(code))).to.equal(undefined);
    });

  it("is one of whose addresses none can be reached", () => {
    const all = (...codes: readonly string[]) => refusalOf(new AggregateError(codes.map(failed)));
    expect(all("ENETUNREACH", "EHOSTUNREACH")).to.have.property("code", "HOST_UNREACHABLE");
    expect(all("ENETUNREACH", "ECONNREFUSED")).to.equal(undefined);
  });

  it("is told by a connection to it", async () => {
    await expect(askSocket("stackspec.invalid", 80, 80)).to.eventually.have.property("code", "HOST_UNKNOWN");
  });

  it("is the one cause that a run says whose URL is there, with the specs that were not run", async function () {
    this.timeout(120_000);
    const talks = `
import { useTarget } from "stackspec";
describe("a", () => { const api = useTarget(); it("talks", () => api.get("/")); it("talks more", () => api.get("/")); });
`;
    const project = makeProject({ "specs/acceptance/a.spec.js": talks, "specs/acceptance/b.spec.js": talks });
    try {
      const { exitCode, output } = await project.run(["start"], { URL: "http://stackspec.invalid/todos" });
      expect(exitCode).to.equal(1);
      expect(
        output.match(/HOST_UNKNOWN: http:\/\/stackspec.invalid\/todos: its name does not resolve/g),
      ).to.have.lengthOf(1);
      expect(output).to.include("4 specs were not run");
    } finally {
      project.remove();
    }
  });
});

describe("an answer that no waiting will change", () => {
  it("ends the wait, with its own code and hint", async () => {
    const refusal = new Refusal("no such user", 0, { code: "SQL_REFUSED", hint: "compare" });
    await expect(askFor("not yet", refusal)).to.be.rejectedWith(/^SQL_REFUSED: web: no such user — compare$/);
  });

  it("ends it with those of what is waited for, where it has none", async () => {
    await expect(askFor(new Refusal("no", 0))).to.be.rejectedWith(/^NOT_READY: web: no — look$/);
  });

  it("ends it only when it has been the same for its time, without another between", async () => {
    const refusals = Array.from({ length: 40 }, () => [new Refusal("no", 30), "not yet"]).flat();
    await expect(askFor(...refusals)).to.be.fulfilled;
  });

  it("is not the status of a server that has begun anew", () => {
    const statuses = watchStatuses(0);
    statuses.refusal(404, "not here");
    statuses.silent();
    expect(statuses.refusal(503, "starting")).to.equal("starting");
  });
});
