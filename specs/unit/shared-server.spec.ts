import { expect } from "chai";
import { isOwn } from "../../src/engine/drivers/mysql/mysql-reset.ts";
import { workerSuffix } from "../../src/engine/drivers/worker-suffix.ts";

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
