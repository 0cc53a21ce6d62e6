import { expect } from "chai";
import type { Log } from "../../src/engine/docker/log.ts";
import { recordTimeline } from "../../src/mocha/timeline.ts";
import { learnSecrets } from "../../src/secrets.ts";

/** A log that has written these lines already. */
function logOf(lines: readonly string[]): Log {
  return {
    lines,
    count: lines.length,
    file: "reports/logs/shop/web.log",
    follow(onLine) {
      for (const [index, line] of lines.entries()) onLine(line, index);
      return () => {};
    },
    ended: new Promise(() => {}),
    written: new Promise(() => {}),
    cut() {},
  };
}

const web = { stack: "shop", name: "web" };
const node = { kind: "node", ...web, node: "service", atMs: 0 } as const;

describe("the time axis of a run", () => {
  it("has the states of each service, and for whom it waited", () => {
    const timeline = recordTimeline();
    timeline.hear({ ...node, state: "waiting", waitsFor: ["db"] });
    timeline.hear({ ...node, state: "starting" });
    const [found] = timeline.read([]).nodes;
    expect(found!.waitsFor).to.deep.equal(["db"]);
    expect(found!.states.map(({ state }) => state)).to.deep.equal(["waiting", "starting"]);
  });

  it("has what a service answered while it was waited for, each answer once until another came", () => {
    const timeline = recordTimeline();
    timeline.hear({ ...node, state: "starting" });
    for (const answer of ["refused", "refused", "500", "refused"]) timeline.hear({ kind: "answer", ...web, answer });
    expect(timeline.read([]).nodes[0]!.answers.map(({ text }) => text)).to.deep.equal(["refused", "500", "refused"]);
  });

  it("has the first and the last lines of a long log, and how many there were", () => {
    const timeline = recordTimeline();
    const lines = Array.from({ length: 200_000 }, (_, index) => `line ${index}`);
    timeline.hear({ kind: "log", ...web, log: logOf(lines) });
    const [log] = timeline.read([]).logs;
    expect(log).to.include({ count: 200_000, file: "reports/logs/shop/web.log", head: 100 });
    expect(log!.lines).to.have.lengthOf(1_500);
    expect([log!.lines[99], log!.lines[100], log!.lines.at(-1)]).to.deep.equal([
      [99, "line 99"],
      [198_600, "line 198600"],
      [199_999, "line 199999"],
    ]);
  });

  it("has no more than 4 MB of all logs together", () => {
    const timeline = recordTimeline();
    const lines = Array.from({ length: 1_500 }, () => "x".repeat(2_000));
    for (let count = 0; count < 20; count += 1) timeline.hear({ kind: "log", ...web, log: logOf(lines) });
    expect(JSON.stringify(timeline.read([])).length).to.be.within(1_000_000, 4_000_000);
  });

  it("has no secret in what services wrote and answered", () => {
    const secret = "kD8s-2mQp7xZ";
    learnSecrets({ API_TOKEN: secret });
    const timeline = recordTimeline();
    timeline.hear({ ...node, state: "starting" });
    timeline.hear({ kind: "answer", ...web, answer: `no ${secret}` });
    timeline.hear({ kind: "notice", text: `not ${secret}` });
    timeline.hear({ kind: "log", ...web, log: logOf([`my token is ${secret}`]) });
    const stored = JSON.stringify(timeline.read([]));
    expect(stored).to.include("no ***").and.include("not ***").and.include("my token is ***");
    expect(stored).not.to.include(secret);
  });
});
