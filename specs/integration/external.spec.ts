import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { once } from "node:events";
import { expect } from "chai";
import { answers, defineStack, requireEngine, startStack } from "stackspec";
import { NODE, cleanUp, script, serving } from "./engine.ts";

/** Asks a service by the address in its environment, and prints the answer. */
const ASKS = `fetch(process.env.ADDRESS).then((answer) => answer.text()).then(console.log)`;

const asking = (name: string, external?: string) =>
  defineStack(name, (stack) => {
    const web = stack.service("web", ({ image }) => script(image, serving('"the container"')), {
      image: NODE,
      url: "http://web:8000",
      external,
      ready: answers("/"),
      http: { port: 8000 },
    });
    const ask = stack.task("ask", ({ image, url }) => script(image, ASKS).withEnvironment({ ADDRESS: url(web) }), {
      image: NODE,
      after: [web],
    });
    return { web, ask };
  });

describe("a service with an address", () => {
  requireEngine();
  // As services of a CI system are published.
  const server = createServer((_, response) => response.end("the external one"));
  before("one runs on this machine", async () => {
    server.listen(0, "0.0.0.0");
    await once(server, "listening");
  });
  cleanUp("it is gone", () => void server.close());

  it("is reached by it from other containers, and from here", async function () {
    this.timeout(60_000);
    const stack = await startStack(asking("address-within"));
    try {
      expect(stack.values.ask.output).to.equal("the container");
      expect(await (await fetch(stack.values.web.url)).text()).to.equal("the container");
    } finally {
      await stack.stop();
    }
  });

  it("is reached by containers where it runs outside of the stack, on this machine", async function () {
    this.timeout(60_000);
    const { port } = server.address() as AddressInfo;
    const stack = await startStack(asking("address-external", `http://localhost:${port}`));
    try {
      expect(stack.values.ask.output).to.equal("the external one");
      expect(stack.values.web.http.url).to.equal(`http://localhost:${port}`);
    } finally {
      await stack.stop();
    }
  });
});
