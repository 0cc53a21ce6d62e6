import { expect } from "chai";
import { defineStack, requireEngine, startStack, useStack } from "stackspec";
import release from "../stacks/release.ts";
import { failureOf } from "./engine.ts";
import { queryAsRoot } from "./mysql.ts";

describe("a stack's reset", function () {
  this.timeout(120_000);
  requireEngine();

  const stack = useStack(release);
  const sql = (statement: string): Promise<unknown> => queryAsRoot(stack.db, "todobackend", statement);
  const create = async (title: string) => (await stack.target.http.post("/todos", { title })).body as { id: number };

  beforeEach("everything is as the tasks left it", () => stack.reset());

  it("removes what was stored", async () => {
    await create("gone");
    await stack.reset();
    const { body } = await stack.target.http.get("/todos");
    expect(body).to.deep.equal([]);
  });

  it("lets ids begin anew", async () => {
    const { id: first } = await create("one");
    await stack.reset();
    const { id: second } = await create("another");
    expect(second).to.equal(first);
  });

  it("brings back what a task had stored", async () => {
    const before = await sql("SELECT * FROM migrations");
    await sql("DELETE FROM migrations");
    await stack.reset();
    expect(await sql("SELECT * FROM migrations")).to.deep.equal(before);
  });

  it("drops a table that a spec made", async () => {
    await sql("CREATE TABLE mine (id INT)");
    await stack.reset();
    expect(await sql("SHOW TABLES LIKE 'mine'")).to.deep.equal([]);
  });

  it("brings back a table that a spec dropped", async () => {
    await sql("DROP TABLE todos");
    await stack.reset();
    await expect(stack.target.http.get("/todos")).to.eventually.have.property("status", 200);
  });

  it("brings back the definition of a table that a spec altered", async () => {
    await sql("ALTER TABLE todos ADD COLUMN surprise INT");
    await stack.reset();
    expect(await sql("SHOW COLUMNS FROM todos LIKE 'surprise'")).to.deep.equal([]);
  });

  it("brings back a file in a volume", async () => {
    const { text: before } = await stack.target.http.get("/static/todobackend.css");
    await stack.app.exec([
      "node",
      "-e",
      `require("node:fs").writeFileSync("/var/www/todobackend/static/todobackend.css", "")`,
    ]);
    await stack.reset();
    const { text } = await stack.target.http.get("/static/todobackend.css");
    expect(text).to.equal(before);
  });

  it("removes a file that a spec added to a volume", async () => {
    await stack.app.exec(["node", "-e", `require("node:fs").writeFileSync("/var/www/todobackend/media/mine.txt", "")`]);
    await stack.reset();
    await expect(stack.target.http.get("/media/mine.txt")).to.eventually.have.property("status", 404);
  });
});

describe("a reset of services of this process", () => {
  /** Two services, of which the first cannot be reset; tells whether the second was. */
  async function resetBoth() {
    let wasReset = false;
    const started = (reset: () => Promise<void>) => ({ start: async () => ({ reset, stop: async () => {} }) });
    const stack = await startStack(
      defineStack("reset-objects", ({ service }) => ({
        queue: service("queue", () => started(() => Promise.reject(new Error("it is on fire")))),
        cache: service("cache", () =>
          started(async () => {
            wasReset = true;
          }),
        ),
      })),
    );
    const failure = await failureOf(stack.reset());
    await stack.stop();
    return { failure, wasReset };
  }

  it("names the one that cannot be reset, and why", async () => {
    const { failure } = await resetBoth();
    expect(failure).to.deep.include({ code: "RESET_FAILED", subject: "queue" });
    expect(failure.what).to.include("it is on fire");
    expect(failure.cause).to.be.an("error").with.property("message", "it is on fire");
  });

  it("resets the others all the same", async () => {
    const { wasReset } = await resetBoth();
    expect(wasReset).to.equal(true);
  });
});
