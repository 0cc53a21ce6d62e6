import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Readable } from "node:stream";
import { text } from "node:stream/consumers";
import { randomUUID } from "node:crypto";
import { expect } from "chai";
import { requireEngine } from "stackspec";
import { untilShown } from "../output.ts";
import { RUN_LABEL, cleanUp, engine, inspectAll, labelled } from "../integration/engine.ts";
import { makeShop } from "./shop.ts";
import type { Shop } from "./shop.ts";

describe("the stack at hand", function () {
  this.timeout(180_000);
  requireEngine();

  const id = randomUUID().slice(0, 8);
  /** A folder that is no project. */
  const elsewhere = mkdtempSync(join(tmpdir(), "stackspec-elsewhere-"));
  const name = `shop-${id}`;
  let shop: Shop;
  let kept: string;
  const tell: Shop["tell"] = (...words) => shop.tell(...words);

  const items = async (): Promise<string> =>
    (await tell(["shell", "db", "-tA", "-c", "select name from items"])).trim();
  const add = (item: string): Promise<string> => tell(["shell", "db", "-c", `insert into items values ('${item}')`]);
  const containers = async (): Promise<Record<string, string>> =>
    Object.fromEntries([...(await inspectAll(kept))].map(([service, { Id }]) => [service, Id]));

  before("it is up", async () => {
    shop = await makeShop(id);
    expect(await tell(["up", "shop"])).to.include(`The stack ${name} stays up`);
    [kept] = (await shop.kept()) as [string];
  });
  cleanUp("it is gone", async () => {
    await shop.remove();
    rmSync(elsewhere, { recursive: true });
  });

  it("has containers whose names say whose they are", async () => {
    const names = [...(await inspectAll(kept)).values()].map(({ Name }) => Name.replace(/[0-9a-f]{6}$/, "#"));
    expect(names.toSorted()).to.deep.equal(
      ["cache", "db", "migrate", "web"].map((each) => `/stackspec-${name}-${each}-#`),
    );
  });

  it("is listed with state, address and container of each service, and without its tasks", async () => {
    const lines = (await tell(["ps"])).trimEnd().split("\n");
    expect(lines[0]).to.equal(`${name}  ${kept}`);
    expect(lines.slice(1, 4).map((line) => /^ {2}(\w+ +Up) /.exec(line)?.[1])).to.deep.equal([
      "cache  Up",
      "db     Up",
      "web    Up",
    ]);
    expect(lines[3]).to.match(/ http:\/\/127\.0\.0\.1:\d+ +stackspec-shop-/);
  });

  it("is listed elsewhere only when all are asked for, with its folder", async () => {
    await expect(tell(["ps"], { cwd: elsewhere })).to.eventually.match(
      /^No stack of this folder is up.*\n.*ps --all\n$/,
    );
    await expect(tell(["ps", "--all"], { cwd: elsewhere })).to.eventually.include(`${kept}, of ${shop.folder}\n`);
  });

  it("is counted by the doctor, who knows the engine", async () => {
    const { output } = await shop.ask(["doctor"]);
    expect(output).to.match(/^[✔!] engine +\w+ [\d.]+\S*, \w+, linux\/\w+, \d+ cores, [\d.]+ GiB, on this machine/m);
    expect(output).to.match(/^✔ up +[1-9]\d* stacks?: stackspec ps --all$/m);
  });

  it("has a target whose address is told", async () => {
    const url = (await tell(["url"])).trim();
    await expect(fetch(url).then((answer) => answer.text())).to.eventually.equal("shop");
  });

  it("has services whose addresses are told with their passwords", async () => {
    const { Ports } = (await inspectAll(kept)).get("db")!.NetworkSettings;
    const port = Ports["5432/tcp"]![0]!.HostPort;
    await expect(tell(["url", "db"])).to.eventually.equal(
      `postgres://postgres:${shop.password}@127.0.0.1:${port}/shop\n`,
    );
  });

  it("shows what a service has written", async () => {
    await expect(tell(["logs", "web"])).to.eventually.match(/^web is up$/m);
  });

  it("shows what several services have written, each line with its service", async () => {
    const output = await tell(["logs", "--tail", "5"]);
    expect(
      new Set(
        output
          .trimEnd()
          .split("\n")
          .map((line) => line.split("|")[0]),
      ),
    ).to.deep.equal(new Set(["cache ", "db    ", "web   "]));
  });

  it("shows what a service writes from now on", async () => {
    const child = shop.begin(["logs", "-f", "--tail", "0", "web"]);
    let output = "";
    const listeners = new Set<() => void>();
    child.stdout.setEncoding("utf8").on("data", (piece: string) => {
      output += piece;
      for (const listener of listeners) listener();
    });
    const ended = once(child, "close").then(() => ({ output }));
    const url = (await tell(["url"])).trim();
    // What is asked before it listens is not shown.
    const asking = setInterval(() => void fetch(`${url}/asked`).catch(() => {}), 200);
    try {
      await untilShown(/^\/asked$/m, () => output, listeners, ended);
    } finally {
      clearInterval(asking);
      child.kill();
      await ended;
    }
  });

  it("runs a command with options of its own, and ends with its exit code", async () => {
    const { exitCode, output } = await shop.ask(["exec", "web", "sh", "-c", "echo $0; exit 3", "--help"]);
    expect({ exitCode, output }).to.deep.equal({ exitCode: 3, output: "--help\n" });
  });

  it("runs a command that reads what this process reads, and writes bytes as they are", async () => {
    const input = `${shop.password} \u001b[1m\n`;
    await expect(tell(["exec", "web", "cat"], { input })).to.eventually.equal(input);
  });

  it("runs a command on a terminal, if there is one", async () => {
    const child = shop.begin(
      ["-qec", "stackspec exec web sh -c 'test -t 0 && test -t 1 && echo a terminal'", "/dev/null"],
      {
        program: "script",
      },
    );
    await expect(text(child.stdout)).to.eventually.equal("a terminal\r\n");
  });

  it("has prompts of PostgreSQL and Redis, and else a shell", async () => {
    await expect(
      tell(["shell", "db", "-tA"], { input: "select current_user, current_database()\n" }),
    ).to.eventually.equal("postgres|shop\n");
    await expect(tell(["shell", "cache", "ping"])).to.eventually.equal("PONG\n");
    await expect(tell(["shell", "web"], { input: "hostname && exit\n" })).to.eventually.equal(
      `${(await containers())["web"]!.slice(0, 12)}\n`,
    );
  });

  it("is at hand in another folder by its name", async () => {
    await expect(tell(["exec", "--stack", name, "web", "echo", "here"], { cwd: elsewhere })).to.eventually.equal(
      "here\n",
    );
  });

  it("is left as it is when it is asked to be up again", async () => {
    const before = await containers();
    await add("by hand");
    await tell(["up", "shop"]);
    await expect(containers()).to.eventually.deep.equal(before);
    await expect(items()).to.eventually.include("by hand");
  });

  it("has its data back after a reset, by its name from another folder too", async () => {
    await add("of yesterday");
    await tell(["reset", name], { cwd: elsewhere });
    await expect(items()).to.eventually.equal("first");
  });

  it("has the same container of a service that was restarted, started anew, and other data as it was", async () => {
    const before = (await inspectAll(kept)).get("web")!;
    await add("before the restart");
    await tell(["restart", "web"]);
    const after = (await inspectAll(kept)).get("web")!;
    expect(after.Id).to.equal(before.Id);
    expect(after.State.StartedAt).not.to.equal(before.State.StartedAt);
    await expect(items()).to.eventually.include("before the restart");
    await expect(fetch((await tell(["url"])).trim()).then(({ status }) => status)).to.eventually.equal(200);
  });

  it("has a server with its data in memory started anew as its tasks leave it, when that is restarted", async () => {
    const before = await containers();
    await add("in memory");
    await expect(tell(["restart", "db"])).to.eventually.include("db has its data in memory");
    await add("after the restart");
    await tell(["reset"]);
    const after = await containers();
    expect(after["db"]).not.to.equal(before["db"]);
    expect(after["cache"]).to.equal(before["cache"]);
    await expect(items()).to.eventually.equal("first");
  });

  it("is taken over by a run that keeps it, and not to be removed meanwhile", async () => {
    const before = await containers();
    const run = shop.begin(["start", "--keep"], { environment: { STACK: "shop", HOLD: "1" } });
    const output = text(run.stdout);
    const held = once(run, "close");
    const web = (await engine()).getContainer(before["web"]!);
    // The spec has begun.
    const logs = await web.logs({ follow: true, stdout: true, tail: 0 });
    for await (const chunk of logs) if (String(chunk).includes("/from-a-spec")) break;
    (logs as unknown as Readable).destroy();
    await expect(shop.ask(["down"])).to.eventually.deep.include({
      exitCode: 2,
      errors: `USAGE: stackspec down: expected a stack that no run uses, got ${name}, which one uses now\n`,
    });
    run.stdin.end("go on\n");
    await held;
    expect(await output).to.include("3 passing");
    await expect(containers()).to.eventually.deep.equal(before);
  });

  for (const [what, words, problem] of [
    ["service", ["url", "dv"], 'stackspec url: expected one of cache, db, web, got "dv"'],
    ["stack", ["logs", "--stack", "shoop"], 'stackspec logs: expected one of NAME, got "shoop"'],
    ["number of lines", ["logs", "--tail", "few"], 'stackspec logs: --tail: expected a number of lines, got "few"'],
  ] as const)
    it(`refuses another ${what}, and says which there are`, async () => {
      const errors = `USAGE: ${problem.replace("NAME", name)}\n`;
      await expect(shop.ask(words)).to.eventually.deep.equal({ exitCode: 2, output: "", errors });
    });

  it("is named where a folder has none that is up", async () => {
    const { exitCode, errors } = await shop.ask(["url"], { cwd: elsewhere });
    expect(exitCode).to.equal(2);
    expect(errors).to.match(
      /^USAGE: stackspec url: expected a stack that is up, got none in this folder — up elsewhere: /,
    );
    expect(errors).to.include(kept);
  });

  describe("beside another of its folder", () => {
    before("both are up", () => tell(["up", "tiny"]));

    it("is asked for by name", async () => {
      await expect(shop.ask(["url"])).to.eventually.deep.include({
        exitCode: 2,
        errors: `USAGE: stackspec url: expected one of ${name}, tiny-${id}, got no name\n`,
      });
      await expect(tell(["url", "--stack", name])).to.eventually.match(/^http:/);
    });

    it("says that a service publishes no port", async () => {
      const { exitCode, errors } = await shop.ask(["url", "--stack", `tiny-${id}`, "web"]);
      expect(exitCode).to.equal(2);
      expect(errors).to.match(/^USAGE: web: it publishes no port/);
    });

    it("is gone when it is taken down, and the other stays", async () => {
      await tell(["down", name]);
      await expect(labelled(`${RUN_LABEL}=${kept}`)).to.eventually.deep.equal([]);
      await expect(tell(["ps"])).to.eventually.match(new RegExp(`^tiny-${id} `));
    });
  });
});
