import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect } from "chai";
import { requireEngine } from "stackspec";
import { cleanUp } from "../integration/engine.ts";
import { pack } from "../packed.ts";
import { runNpm } from "./example.ts";

/** Answers when it has been told where its database is. */
const APPLICATION = `FROM node:24-slim
EXPOSE 8080
CMD ["node", "-e", "http.createServer((_, answer) => answer.writeHead(process.env.DATABASE_URL ? 200 : 500).end()).listen(8080)"]
`;

describe("an empty folder", function () {
  this.timeout(600_000);
  requireEngine();
  let folder: string;
  const npm = (...words: string[]) => runNpm(folder, words);
  const lastLine = (output: string) => output.trimEnd().split("\n").at(-1);
  before("it has the package, from a file", async () => {
    folder = await mkdtemp(join(tmpdir(), "stackspec-begin-"));
    // For npm to know that the folder is one: it looks above it otherwise.
    await writeFile(join(folder, "package.json"), "{}\n");
    const { exitCode, output } = await npm("install", "--save-dev", "--prefer-offline", `file:${await pack()}`);
    expect(exitCode, output).to.equal(0);
  });
  cleanUp("it is gone", () => rm(folder, { recursive: true }));

  it("has a green report after `npx stackspec init` and `npm test`", async () => {
    await npm("exec", "--", "stackspec", "init");
    const { exitCode, output } = await npm("test");
    expect([exitCode, lastLine(output)], output).to.deep.equal([0, "1 passed, 0 failed"]);
  });

  it("has a stack of PostgreSQL and its own application after `npx stackspec init --stack postgres`", async () => {
    await writeFile(join(folder, "Dockerfile"), APPLICATION);
    await npm("exec", "--", "stackspec", "init", "--stack", "postgres");
    const { exitCode, output } = await npm("test");
    expect([exitCode, lastLine(output)], output).to.deep.equal([0, "3 passed, 0 failed"]);
    expect(output).not.to.include("keeps its data");
  });
});
