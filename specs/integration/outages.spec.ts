import { expect } from "chai";
import { eventually, requireEngine, useStack } from "stackspec";
import { createTodo, listTodos } from "../acceptance/todobackend.ts";
import { releaseStack } from "../stacks/release.ts";

/** How long the todobackend may take to answer as ever when its database is back, in milliseconds. */
const RECOVERS_WITHIN_MS = 5_000;

const WRITERS = 4;

describe("the todobackend", function () {
  this.timeout(60_000);
  requireEngine();
  const stack = useStack(releaseStack("outages", { durable: true }), { scope: "suite", reset: "test" });
  const statusOf = async (work: PromiseLike<{ status: number }>): Promise<number> => (await work).status;

  /** Creates todos, several at a time, until told to stop, and says which of them were acknowledged. */
  function writeTodos(): { stop(): Promise<string[]> } {
    const acknowledged: string[] = [];
    const over = new AbortController();
    const write = async (writer: number): Promise<void> => {
      for (let count = 1; !over.signal.aborted; count += 1) {
        const title = `${writer}.${count}`;
        const { status } = await stack.target.http.post("/todos", { title });
        expect(status).to.be.oneOf([201, 503]);
        if (status === 201) acknowledged.push(title);
      }
    };
    const writing = Promise.all(Array.from({ length: WRITERS }, (_, writer) => write(writer)));
    writing.catch(() => {});
    return {
      async stop() {
        over.abort();
        await writing;
        return acknowledged;
      },
    };
  }

  const titles = async (): Promise<unknown[]> => (await listTodos(stack.target.http)).map(({ title }) => title);
  const recovered = (): Promise<unknown[]> => eventually(titles, { timeoutMs: RECOVERS_WITHIN_MS });

  it("says that it is unavailable while its database is gone, and shows no empty list", async () => {
    await createTodo(stack.target.http);
    await stack.cut("db");
    const { status, body } = await stack.target.http.get("/todos");
    expect({ status, body }).to.deep.equal({ status: 503, body: { error: "the database is unavailable" } });
  });

  it("acknowledges no todo while its database is gone", async () => {
    await stack.cut("db");
    expect(await statusOf(stack.target.http.post("/todos", { title: "lost" }))).to.equal(503);
  });

  it("has all that it had, and nothing else, when its database is back", async () => {
    await createTodo(stack.target.http, { title: "before" });
    const cut = await stack.cut("db");
    await stack.target.http.post("/todos", { title: "meanwhile" });
    await cut.heal();
    expect(await recovered()).to.deep.equal(["before"]);
  });

  it("answers the same while its database is slow", async () => {
    await createTodo(stack.target.http, { title: "before" });
    await stack.slow("db", { latencyMs: 100, bandwidthKbps: 500 });
    await createTodo(stack.target.http, { title: "meanwhile" });
    expect(await titles()).to.deep.equal(["before", "meanwhile"]);
  });

  for (const outage of ["cut", "killed", "restarted"] as const)
    it(`keeps every todo that it has acknowledged when its database is ${outage} under them`, async () => {
      const todos = writeTodos();
      if (outage === "restarted") await stack.restart("db");
      else await (outage === "cut" ? await stack.cut("db") : await stack.kill("db")).heal();
      await recovered();
      const acknowledged = await todos.stop();
      expect(await titles()).to.include.members(acknowledged);
    });
});
