import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect } from "chai";
import { startNode } from "../integration/child.ts";

describe("a stack without containers", () => {
  let folder = "";
  before("make a folder for its report", () => {
    folder = mkdtempSync(join(tmpdir(), "stackspec-"));
  });
  after("it is gone", () => rmSync(folder, { recursive: true }));

  it("is started where no engine answers, and said not to stay up", async function () {
    this.timeout(60_000);
    const words = ["src/cli/main.ts", "start", "--keep", "specs/acceptance/method.spec.ts"];
    // Nobody listens there.
    const environment = { STACK: "embedded", DOCKER_HOST: "tcp://127.0.0.1:1", JUNIT_REPORT_PATH: `${folder}/` };
    const { exitCode, output } = await startNode(words, { environment }).ended;
    expect(exitCode, output).to.equal(0);
    expect(output).to.include("embedded does not stay up: app runs in this process");
  });
});
