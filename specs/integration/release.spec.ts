import { once } from "node:events";
import { request } from "node:http";
import type { ClientRequest, IncomingMessage } from "node:http";
import { json } from "node:stream/consumers";
import { expect } from "chai";
import { answers, defineStack, requireEngine, startStack, useStack } from "stackspec";
import { GenericContainer } from "testcontainers";
import type { StartedStack } from "../../src/engine/run/started-stack.ts";
import release from "../stacks/release.ts";
import { deathsDuring, engine, insideOf } from "./engine.ts";
import type { Death } from "./engine.ts";

describe("the release stack", () => {
  const stack = useStack(release);

  it("stores in MySQL what is posted over HTTP", async () => {
    const title = "walk the dog ☂";
    const { body: todo } = await stack.target.http.post("/todos", { title, order: 7 });
    const row = await stack.db.executeQuery(
      `SELECT HEX(title), completed, \`order\` FROM todobackend.todos WHERE id = ${todo.id}`,
    );
    expect(row).to.include(`${Buffer.from(title).toString("hex").toUpperCase()}\t0\t7`);
  });

  it("shows over HTTP what is written in MySQL", async () => {
    const { body: todo } = await stack.target.http.post("/todos", { title: "walk the dog" });
    await stack.db.executeQuery(`UPDATE todobackend.todos SET title = 'feed the cat' WHERE id = ${todo.id}`);
    const { body } = await stack.target.http.get(todo.url);
    expect(body).to.have.property("title", "feed the cat");
  });

  it("deletes the row of a todo that is deleted over HTTP", async () => {
    const { body: todo } = await stack.target.http.post("/todos", { title: "walk the dog" });
    await stack.target.http.delete(todo.url);
    const count = await stack.db.executeQuery(
      `SELECT CONCAT('left: ', COUNT(*)) FROM todobackend.todos WHERE id = ${todo.id}`,
    );
    expect(count).to.include("left: 0");
  });

  it("has migrated the database before the app takes traffic", async () => {
    expect(stack.migrate).to.have.property("exitCode", 0);
    expect(stack.migrate.output).to.include('"applied":');
  });

  it("serves static files from the volume, with no help of the app", async () => {
    const app = (await engine()).getContainer(stack.app.getId());
    await app.pause();
    try {
      const response = await stack.target.http.get("/static/todobackend.css");
      expect(response.status).to.equal(200);
      expect(response.headers)
        .to.have.property("server")
        .that.matches(/^nginx/);
    } finally {
      await app.unpause();
    }
  });

  it("serves as media what is written to the volume", async () => {
    const write = `require("fs").writeFileSync("/var/www/todobackend/media/note.txt", "from the volume")`;
    await stack.app.exec(["node", "-e", write]);
    const response = await stack.target.http.get("/media/note.txt");
    expect(response.text).to.equal("from the volume");
  });
});

describe("the app of the release stack", () => {
  requireEngine();
  const { image } = release.nodes.find(({ name }) => name === "app")!.options;
  // Alone and on a port: nginx would keep a request that is under way to itself.
  const alone = defineStack("app-alone", (stack) => ({
    app: stack.service(
      "app",
      ({ image: app }) => new GenericContainer(app).withEnvironment({ SQLITE_PATH: ":memory:" }),
      {
        image: image!,
        http: { port: 8000 },
        ready: answers("/todos"),
        stopTimeoutMs: 10_000,
        sandbox: {},
      },
    ),
  }));

  /** A request that has reached the app, which now waits for its body. */
  async function underWay(url: string): Promise<ClientRequest> {
    const sent = request(`${url}/todos`, {
      method: "POST",
      headers: { "Content-Type": "application/json", Expect: "100-continue" },
    });
    sent.flushHeaders();
    await once(sent, "continue");
    return sent;
  }

  const logged = ({ logs, death }: StartedStack, word: string): Promise<void> =>
    new Promise((resolve) => {
      const stop = logs.get("app")!.follow((line) => line.includes(`"msg":"${word}"`) && resolve());
      void death.then(stop);
    });

  let answer: IncomingMessage;
  let body: unknown;
  let inside: StartedStack;
  let deaths: Death[];
  before("the app is stopped while it has a request", async function () {
    this.timeout(60_000);
    const running = await startStack(alone);
    inside = insideOf(running);
    const sent = await underWay(running.values.app.http.url);
    deaths = await deathsDuring(running.id, async () => {
      const stopped = running.stop();
      await logged(inside, "stopping");
      sent.end('{"title":"just in time"}');
      [answer] = (await once(sent, "response")) as [IncomingMessage];
      body = await json(answer);
      await stopped;
    });
  });

  it("answers the request that is under way when it is stopped", () => {
    expect(answer.statusCode).to.equal(201);
    expect(body).to.have.property("title", "just in time");
  });

  it("says that it has stopped", () => {
    expect(inside.logs.get("app")!.lines.at(-1)).to.include('"msg":"stopped"');
  });

  it("exits 0", () => {
    expect(deaths.map(({ exitCode }) => exitCode)).to.deep.equal([0]);
  });
});
