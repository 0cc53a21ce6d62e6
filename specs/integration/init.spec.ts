import { expect } from "chai";
import { requireEngine } from "stackspec";
import { makePackedProject } from "../packed.ts";
import type { PackedProject } from "../packed.ts";

describe("a new project", function () {
  requireEngine();
  this.timeout(300_000);
  let project: PackedProject;
  before(async () => (project = await makePackedProject()));
  after(() => project.remove());

  // This repository's machines may reach no registry; a new project says nothing of substitutes.
  const environment = { STACKSPEC_IMAGES: "auto", STACKSPEC_SNAPSHOTS: "off" };
  const totals = async (): Promise<string | undefined> => {
    const { output, errors } = await project.run("npm", ["test"], environment);
    return /^\d+ passed.*$/m.exec(output.trimEnd().split("\n").at(-1)!)?.[0] ?? output + errors;
  };

  it("passes as init has written it", async () => {
    await project.run("stackspec", ["init"]);
    await expect(totals()).to.eventually.equal("1 passed, 0 failed");
  });

  it("passes with another stack in it", async () => {
    await project.run("stackspec", ["init", "--stack", "redis"]);
    await expect(totals()).to.eventually.equal("2 passed, 0 failed");
  });

  it("passes with a stack of a database and its own application", async () => {
    project.write({
      Dockerfile: `FROM node:24-slim
EXPOSE 8080
CMD ["node", "-e", "http.createServer((_, answer) => answer.writeHead(process.env.DATABASE_URL ? 200 : 500).end()).listen(8080)"]
`,
    });
    await project.run("stackspec", ["init", "--stack", "postgres"]);
    await expect(totals()).to.eventually.equal("4 passed, 0 failed");
  });
});
