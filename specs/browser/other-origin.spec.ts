import { createServer } from "node:http";
import { once } from "node:events";
import { readFile } from "node:fs/promises";
import type { AddressInfo } from "node:net";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { expect } from "chai";
import { build } from "esbuild";
import { useTarget } from "stackspec";
import { useBrowser } from "stackspec/browser";
import { startEmbedded } from "todobackend/embed";
import type { Embedded } from "todobackend/embed";
import { createTodo, deleteAllTodos, listTitles } from "../acceptance/todobackend.ts";
import type { PageResults } from "./page/todo-backend.ts";

describe("from a page of another origin", () => {
  const api = useTarget();
  const page = useBrowser();

  describe("the web client", () => {
    let elsewhere: Embedded;
    before("it is served elsewhere", async () => {
      elsewhere = await startEmbedded();
    });
    after("no more", () => elsewhere?.stop());

    it("works on a list that its address names", async () => {
      await deleteAllTodos(api);
      await createTodo(api, { title: "walk the dog" });
      await page.goto(`${elsewhere.url}/client/?api=${encodeURIComponent(`${api.url}/todos`)}`);
      await page.getByRole("checkbox", { name: "walk the dog" }).waitFor();
      await page.getByLabel("What needs to be done?").fill("buy milk");
      await page.keyboard.press("Enter");
      await page.getByText("2 of 2 open").waitFor();
      expect(await listTitles(api)).to.deep.equal(["walk the dog", "buy milk"]);
    });
  });

  describe("mocha", () => {
    let server: Awaited<ReturnType<typeof servePage>>;
    before("it is served", async () => {
      server = await servePage();
    });
    after("no more", () => server?.stop());

    it("finds all that todobackend.com asks of a todobackend", async function () {
      this.timeout(30_000);
      await page.goto(`${server.url}/?${api.url}/todos`);
      // All that page asks, on a machine that may have other work.
      const results = await page.waitForFunction(() => window.results, undefined, { timeout: 25_000 });
      const { passed, failed } = (await results.jsonValue()) as PageResults;
      expect(failed).to.deep.equal([]);
      expect(passed).to.have.lengthOf(16);
    });
  });
});

/** Serves `page/`, with the mocha and chai that npm has installed. */
async function servePage() {
  const folder = join(import.meta.dirname, "page");
  const require = createRequire(import.meta.url);
  const options = { bundle: true, format: "esm", write: false, logLevel: "warning" } as const;
  const { outputFiles } = await build({
    ...options,
    entryPoints: [join(folder, "todo-backend.ts")],
    external: ["chai"],
  });
  const files: Readonly<Record<string, readonly [type: string, content: string]>> = {
    "/": ["text/html", await readFile(join(folder, "index.html"), "utf8")],
    "/specs.js": ["text/javascript", outputFiles[0]!.text],
    "/mocha.js": [
      "text/javascript",
      await readFile(join(dirname(require.resolve("mocha/package.json")), "mocha.js"), "utf8"),
    ],
    "/chai.js": ["text/javascript", await readFile(require.resolve("chai"), "utf8")],
  };
  const server = createServer(({ url = "" }, response) => {
    const [type, content] = files[url.split("?")[0]!] ?? [];
    response.writeHead(content === undefined ? 404 : 200, { "Content-Type": `${type ?? "text/plain"}; charset=utf-8` });
    response.end(content);
  });
  await once(server.listen(0, "127.0.0.1"), "listening");
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    stop: () => server.close().closeAllConnections(),
  };
}
