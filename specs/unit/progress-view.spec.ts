import { mock } from "node:test";
import { expect } from "chai";
import { progressView } from "../../src/cli/progress-view.ts";

const web = { stack: "shop", name: "web" };
const node = { kind: "node", ...web, node: "service", atMs: 0 } as const;

describe("the progress of a start where lines stay", () => {
  let written = "";
  const stream = { isTTY: false, write: (text: string) => void (written += text) } as unknown as NodeJS.WriteStream;
  beforeEach("time is stopped", () => {
    written = "";
    mock.timers.enable({ apis: ["setTimeout"] });
  });
  afterEach("it goes on", () => mock.timers.reset());

  it("shows what is answered by what is waited for longer than three seconds", () => {
    const view = progressView(stream);
    view.onProgress({ ...node, state: "starting" });
    view.onProgress({ kind: "answer", ...web, answer: "GET / answered 503" });
    view.onProgress({ kind: "answer", ...web, answer: "GET / answered 500" });
    expect(written).to.equal("  web starting\n");
    mock.timers.tick(3_000);
    expect(written).to.match(/^ {2}web starting\n {2}web: GET \/ answered 500 · \d+ s\n$/);
    view.close();
  });

  it("shows nothing of that once it is ready", () => {
    const view = progressView(stream);
    view.onProgress({ ...node, state: "starting" });
    view.onProgress({ kind: "answer", ...web, answer: "GET / answered 500" });
    view.onProgress({ ...node, state: "ready", tookMs: 1_000 });
    mock.timers.tick(60_000);
    expect(written).to.equal("  web starting\n  web ready after 1.0 s\n");
    view.close();
  });

  it("shows controls of an answer, and does not obey them", () => {
    const view = progressView(stream);
    view.onProgress({ ...node, state: "starting" });
    view.onProgress({ kind: "answer", ...web, answer: "\u001b[2J" });
    mock.timers.tick(3_000);
    expect(written).to.include(String.raw`web: \u001b[2J`);
    view.close();
  });
});
