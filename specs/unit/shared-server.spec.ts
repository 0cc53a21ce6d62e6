import { expect } from "chai";
import { defineStack } from "stackspec";
import { isOwn } from "../../src/engine/drivers/mysql/mysql-baseline.ts";
import { workerSuffix } from "../../src/engine/drivers/worker-suffix.ts";
import { stackFactories } from "../../src/engine/plan/factories.ts";
import type { StackRun } from "../../src/engine/plan/stack-run.ts";

describe("a database on a server that parallel workers share", () => {
  const server = (worker: number) => ({ host: "db", port: 3306, password: "", suffix: workerSuffix(worker) });
  const all = [
    "mysql",
    "sys",
    "stackspec_baseline",
    "todo",
    "todo__worker_1",
    "todo__worker_11",
    "stackspec_baseline__worker_1",
  ];

  for (const [worker, own] of [
    [0, ["todo"]],
    [1, ["todo__worker_1"]],
    [11, ["todo__worker_11"]],
    [2, []],
  ] as const)
    it(`is ${own.join() || "none"} for worker ${worker}`, () => {
      expect(all.filter((schema) => isOwn(schema, server(worker)))).to.deep.equal(own);
    });
});

describe("what a declaration calls a database of a server that parallel workers share", () => {
  /** What a declaration is answered in a worker. */
  const asked = (database: string | number, worker: number): Promise<unknown> => {
    let answer: unknown;
    const stack = defineStack("asks", ({ service }) => {
      service("cache", (context) => {
        answer = context.database(database as never);
        return { start: async () => ({ stop: async () => {} }) };
      });
      return {};
    });
    const run = { stack, signal: new AbortController().signal } as StackRun;
    const factories = stackFactories(run, workerSuffix(worker));
    return factories.create(stack.nodes[0]!).then(() => [answer, factories.isDatabaseAsked]);
  };

  for (const [database, worker, answer] of [
    ["todo", 0, "todo"],
    ["todo", 2, "todo__worker_2"],
    [0, 0, 0],
    [15, 0, 15],
    [0, 1, 16],
    [3, 12, 195],
  ] as const)
    it(`is ${answer} for ${database} and worker ${worker}`, async () => {
      expect(await asked(database, worker)).to.deep.equal([answer, true]);
    });

  for (const number of [-1, 16, 1.5, NaN])
    it(`cannot be the number ${number}`, async () => {
      await expect(asked(number, 1)).to.be.rejectedWith(
        `USAGE: cache: database() expects a name, or a number from 0 to 15, got ${number}`,
      );
    });
});
