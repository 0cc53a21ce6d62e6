import { expect } from "chai";
import { makeProject } from "./command-line.ts";
import type { Project } from "./command-line.ts";

describe("the command, while it starts,", () => {
  let project: Project;
  before("make a project", () => {
    project = makeProject({ "home/empty": "" });
  });
  after("remove it", () => project.remove());

  it("keeps what Node has compiled, where only this user writes", async () => {
    const { exitCode } = await project.run(["--version"], { HOME: project.path("home") });
    expect(exitCode).to.equal(0);
    expect(project.list("home/.cache/stackspec/compiled")).to.have.lengthOf(1);
  });
});
