import { expect } from "chai";
import { Hono } from "hono";
import { baseUrl } from "../../../containers/app/src/url.ts";

/** What the app takes its own address for when http://app:8000/todos is asked for with these headers. */
async function baseOf(headers: Record<string, string> = {}): Promise<string> {
  const app = new Hono().get("/todos", (c) => c.text(baseUrl(c.req)));
  return (await app.request("http://app:8000/todos", { headers })).text();
}

describe("the address of the app", () => {
  it("is that of the request", async () => {
    expect(await baseOf()).to.equal("http://app:8000");
  });

  it("has the protocol that the proxy saw", async () => {
    expect(await baseOf({ "X-Forwarded-Proto": "https" })).to.equal("https://app:8000");
  });

  it("has the host and the port that the proxy saw", async () => {
    expect(await baseOf({ "X-Forwarded-Host": "localhost:49153" })).to.equal("http://localhost:49153");
  });

  it("has the path under which the proxy offers it, and one slash only", async () => {
    expect(await baseOf({ "X-Forwarded-Prefix": "/api/v1/" })).to.equal("http://app:8000/api/v1");
  });

  it("is what the first of several proxies saw", async () => {
    const headers = { "X-Forwarded-Proto": "https, http", "X-Forwarded-Host": "todo.example , inner" };
    expect(await baseOf(headers)).to.equal("https://todo.example");
  });

  for (const [name, value] of [
    ["X-Forwarded-Proto", "javascript"],
    ["X-Forwarded-Host", 'evil/"><script>'],
    ["X-Forwarded-Prefix", "//evil"],
    ["X-Forwarded-Prefix", "evil"],
  ] as const) {
    it(`passes over ${name}: ${value}`, async () => {
      expect(await baseOf({ [name]: value })).to.equal("http://app:8000");
    });
  }
});
