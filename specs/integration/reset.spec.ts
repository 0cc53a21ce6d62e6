import { expect } from "chai";
import { requireEngine, useStack } from "stackspec";
import release from "../stacks/release.ts";

describe("a stack's reset", function () {
  this.timeout(120_000);
  requireEngine();

  const stack = useStack(release);
  const sql = (statement: string): Promise<string> => stack.db.executeQuery(statement, ["todobackend"], true);
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
    expect(await sql("SELECT * FROM migrations")).to.equal(before);
  });

  it("drops a table that a spec made", async () => {
    await sql("CREATE TABLE mine (id INT)");
    await stack.reset();
    expect(await sql("SHOW TABLES LIKE 'mine'")).not.to.contain("mine");
  });

  it("brings back a table that a spec dropped", async () => {
    await sql("DROP TABLE todos");
    await stack.reset();
    await expect(stack.target.http.get("/todos")).to.eventually.have.property("status", 200);
  });

  it("brings back the definition of a table that a spec altered", async () => {
    await sql("ALTER TABLE todos ADD COLUMN surprise INT");
    await stack.reset();
    expect(await sql("SHOW CREATE TABLE todos")).not.to.contain("surprise");
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
