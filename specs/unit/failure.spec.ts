import { expect } from "chai";
import { defineStack, imageFrom, started } from "stackspec";
import { startFailure, waitingChain } from "../../src/engine/container/failure.ts";
import { lastWords } from "../../src/engine/container/remains.ts";
import { startable } from "./declare.ts";

describe("the chain of who waited", () => {
  const { nodes } = defineStack("shop", (stack) => {
    const db = stack.service("db", startable);
    const migrate = stack.task("migrate", startable, { after: [db] });
    const app = stack.service("app", startable, { after: [migrate] });
    stack.service("nginx", startable, { after: [app] });
    const cache = stack.service("cache", startable);
    stack.service("worker", startable, { after: [started(cache)] });
    return {};
  });
  const chainOf = (name: string) =>
    waitingChain(
      nodes.find((node) => node.name === name)!,
      nodes,
    );

  it("ends with what failed", () => {
    expect(chainOf("migrate")).to.equal("nginx waits for app waits for migrate");
  });

  it("goes the whole way", () => {
    expect(chainOf("db")).to.equal("nginx waits for app waits for migrate waits for db");
  });

  it("is a name when nothing waited", () => {
    expect(chainOf("nginx")).to.equal("nginx");
  });

  it("counts who waited only until it ran", () => {
    expect(chainOf("cache")).to.equal("worker waits for cache");
  });
});

describe("the failure of a container that cannot be started", () => {
  const failureOf = (image: Parameters<typeof imageFrom> | string | undefined, cause: unknown) => {
    const { nodes } = defineStack("shop", (stack) => {
      const options = image === undefined ? {} : { image: typeof image === "string" ? image : imageFrom(...image) };
      stack.service("db", startable, options);
      return {};
    });
    return startFailure(nodes[0]!, cause);
  };

  for (const [words, code] of [
    ["Bind for 0.0.0.0:3306 failed: port is already allocated", "PORT_TAKEN"],
    ["listen tcp4 0.0.0.0:3306: bind: address already in use", "PORT_TAKEN"],
    ["(HTTP code 404) no such container - No such image: mysql:9.7", "IMAGE_NOT_FOUND"],
    ["(HTTP code 500) server error - something else", "CREATE_FAILED"],
  ] as const)
    it(`has the code ${code} when the engine says "${words}"`, () => {
      expect(failureOf(undefined, new Error(words))).to.have.property("code", code);
    });

  it("names the service and its image", () => {
    expect(failureOf("mysql:9.7", new Error("no")).sentence).to.equal(
      "CREATE_FAILED: db: cannot be started from mysql:9.7: no",
    );
  });

  it("names an image that is built", () => {
    expect(failureOf(["shop-db", "containers/db"], new Error("no")).what).to.equal(
      "cannot be started from shop-db: no",
    );
  });

  it("keeps the engine's error as its cause", () => {
    const cause = new Error("no");
    expect(failureOf(undefined, cause)).to.have.property("cause", cause);
  });
});

describe("the last message of a log", () => {
  for (const [title, log, message] of [
    ["its last line", ["starting", "no space left", ""], "no space left"],
    [
      "what a Node program throws, without its place, fields and version",
      [
        "file:///app.mjs:7",
        "    ^",
        "",
        "error: no such user",
        "    at connect (app.mjs:7:1) {",
        "  code: '28P01'",
        "}",
        "",
        "Node.js v24.1.0",
      ],
      "error: no such user",
    ],
    [
      "what psql says of a statement, without the place in it",
      ['ERROR:  syntax error at or near "order"', "LINE 1: alter table order", "                    ^"],
      'ERROR:  syntax error at or near "order"',
    ],
    [
      "the last exception of a Java program",
      ["Exception in thread main: no", "\tat a.B", "Caused by: no route", "\tat c.D", "\t... 3 more"],
      "Caused by: no route",
    ],
    [
      "what ended it, whatever it wrote when it cleaned up",
      ["FATAL:  no space left", "child process exited", "running bootstrap script ..."],
      "FATAL:  no space left",
    ],
    ["what npm runs, not npm", ["Error: no port", "npm error code 1", "npm error path /app"], "Error: no port"],
    ["its last line where all are indented", ["  one", "  two"], "two"],
  ] as const)
    it(`is ${title}`, () => {
      expect(lastWords(log)).to.equal(`: ${message}`);
    });
});
