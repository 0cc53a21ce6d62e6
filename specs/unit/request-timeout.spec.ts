import { expect } from "chai";
import { makeProject } from "./command-line.ts";
import type { Project } from "./command-line.ts";

/** A server that takes requests and answers none. */
const SPEC = `
import { once } from "node:events";
import { createServer } from "node:http";
import { httpClient } from "stackspec";
const server = createServer(() => {}).listen(0, "127.0.0.1");
await once(server, "listening");
const api = httpClient("http://127.0.0.1:" + server.address().port);
after(() => server.closeAllConnections());
after(() => server.close());
`;

describe("a request that is not answered", function () {
  this.timeout(30_000);
  let project: Project;
  afterEach(() => project.remove());
  const outputOf = async (text: string, ...words: string[]): Promise<string> => {
    project = makeProject({ "specs/unit/a.spec.js": SPEC + text });
    const { output } = await project.run(["run", "unit", ...words]);
    return output;
  };
  const unanswered = (path: string): RegExp =>
    new RegExp(`GET http://127\\.0\\.0\\.1:\\d+/${path}: no answer within \\d+ ms`);

  for (const words of [[], ["--parallel"]])
    it(`is named before mocha ends its spec${words.map((word) => `, with ${word}`).join("")}`, async () => {
      const output = await outputOf(`it("waits", () => api.get("/slow")).timeout(500);\n`, ...words);
      expect(output)
        .to.match(unanswered("slow"))
        .and.not.to.match(/Timeout of/);
    });

  it("is named when others before it took most of the spec's time", async () => {
    const output = await outputOf(
      `it("waits", async () => { await api.get("/1").timeout(400).catch(() => {}); await api.get("/2"); }).timeout(600);\n`,
    );
    expect(output)
      .to.match(unanswered("2"))
      .and.not.to.match(/Timeout of/);
  });

  it("is named before mocha ends its hook", async () => {
    const output = await outputOf(
      `before(function () { this.timeout(500); return api.get("/hook"); });\nit("is there", () => {});\n`,
    );
    expect(output)
      .to.match(unanswered("hook"))
      .and.not.to.match(/Timeout of/);
  });
});
