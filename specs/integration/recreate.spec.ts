import { randomUUID } from "node:crypto";
import { expect } from "chai";
import { defineStack, requireEngine, startStack } from "stackspec";
import { GenericContainer } from "testcontainers";
import { startRun } from "./child.ts";
import { NODE, cleanUp, engine, failureOf, insideOf, shell, useRunning } from "./engine.ts";

/** Keeps what it is told in /data, and tells it to who asks. */
const CODE = `
const { readFileSync, writeFileSync } = require("node:fs");
require("node:http").createServer((request, response) => {
  const note = request.url.slice(1);
  if (note !== "") writeFileSync("/data/note", note);
  let found = "nothing";
  try { found = readFileSync("/data/note", "utf8"); } catch {}
  response.end(found);
}).listen(8000)`;
const TELL = (host: string, note: string): string =>
  `node -e 'fetch("http://${host}:8000/${note}").then((answer) => answer.text()).then(console.log)'`;

describe('a service with reset: "recreate"', function () {
  this.timeout(120_000);
  requireEngine();
  const image = NODE;
  const options = { image, http: { port: 8000 }, reset: "recreate" as const };
  const server = (reference: string) => shell(reference, `mkdir -p /data; exec node -e '${CODE}'`);

  const running = useRunning(
    defineStack("recreate", ({ service, task }) => {
      const filled = service("filled", (given) => server(given.image), { ...options, data: "/data" });
      const empty = service("empty", (given) => server(given.image), options);
      const lost = service("lost", (given) => server(given.image), options);
      task("seed", (given) => shell(given.image, TELL("filled", "seed")), { image, after: [filled] });
      task("seed-lost", (given) => shell(given.image, TELL("lost", "seed")), { image, after: [lost] });
      const client = service("client", (given) => shell(given.image, "sleep 1000"), { image, after: [filled] });
      return { filled, empty, lost, client };
    }),
  );
  const earlier = { ids: [] as string[], ports: [] as number[] };
  const services = () => [running().values.filled, running().values.empty];

  before("they have been told something else, and were reset", async function () {
    this.timeout(60_000);
    earlier.ids = services().map((service) => service.getId());
    earlier.ports = services().map((service) => service.getMappedPort(8000));
    for (const service of services()) await service.http.get("/mine");
    await running().reset();
  });

  it("is another container afterwards, also for who has its started value", () => {
    const ids = services().map((service) => service.getId());
    expect(ids.filter((id) => earlier.ids.includes(id))).to.deep.equal([]);
  });

  it("has the same host ports, so that who has its address has it still", async () => {
    expect(services().map((service) => service.getMappedPort(8000))).to.deep.equal(earlier.ports);
    await expect(running().values.empty.http.get("/")).to.eventually.have.property("text", "nothing");
  });

  it("has the same name on the network", async () => {
    const { stdout } = await running().values.client.exec(["sh", "-c", TELL("filled", "")]);
    expect(stdout.trim()).to.equal("seed");
  });

  it("has what the tasks left in its data directory, each time", async () => {
    await running().values.filled.http.get("/mine");
    await running().reset();
    await expect(running().values.filled.http.get("/")).to.eventually.have.property("text", "seed");
  });

  it("takes commands by its started value", async () => {
    const { stdout } = await running().values.filled.exec(["cat", "/data/note"]);
    expect(stdout).to.equal("seed");
  });

  it("is not said to keep its data", () => {
    expect(insideOf(running()).unreset).to.deep.equal([]);
  });

  it("is not taken for one that has died", async () => {
    await expect(Promise.race([insideOf(running()).death, Promise.resolve("alive")])).to.eventually.equal("alive");
  });

  it("is said to lose what its tasks have stored where nobody knows where that is", () => {
    expect(insideOf(running()).notices).to.deep.equal([
      "lost is recreated without what its tasks have stored: set its option data",
    ]);
  });
});

describe('a service with reset: "recreate" that a task has filled', function () {
  this.timeout(120_000);
  requireEngine();
  const name = randomUUID().slice(0, 8);
  const runs: string[] = [];

  before("two runs have had it, and reset it before each of two specs", async () => {
    for (const _ of [1, 2]) {
      const { exitCode, output } = await startRun(["recreate.ts"], { environment: { STACK_NAME: name } }).ended;
      expect(exitCode, output).to.equal(0);
      runs.push(output);
    }
  });
  cleanUp("its images are gone", async () => {
    const docker = await engine();
    const filters = { reference: [`localhost/stackspec/snapshot/recreate-${name}/*`] };
    const images = await docker.listImages({ filters });
    await Promise.all(images.map(({ Id }) => docker.getImage(Id).remove({ force: true })));
  });
  const told = (output: string): string[] => [...output.matchAll(/^told (.*)$/gm)].map(([, found]) => found!);

  it("has what the task left there before each spec, while the container is there that its snapshot is written from", () => {
    expect(told(runs[0]!)).to.deep.equal(["seed, one of 2", "seed, one of 2"]);
  });

  it("has a snapshot", () => {
    expect(runs[0]).to.include(`Keeping a snapshot of the stack recreate-${name}`);
  });

  it("has the same in the run that starts from the snapshot, where no other container is needed", () => {
    expect(told(runs[1]!)).to.deep.equal(["seed, one of 1", "seed, one of 1"]);
  });
});

describe('reset: "recreate"', () => {
  it("is refused for an object of this process", async () => {
    const own = () => ({ start: async () => ({ stop: async () => {} }) });
    const stack = defineStack("recreate-object", ({ service }) => ({
      own: service("own", own, { reset: "recreate" }),
    }));
    const { sentence } = await failureOf(startStack(stack));
    expect(sentence).to.equal('USAGE: own: reset: expected a container for "recreate", got an object of this process');
  });

  it("is not misspelt", () => {
    const declare = () =>
      defineStack("misspelt", ({ service }) => ({
        web: service("web", () => new GenericContainer("x"), { reset: "recreat" as never }),
      }));
    expect(declare).to.throw(
      'USAGE: stack "misspelt", service "web": reset: expected "keep", "recreate" or a function, got "recreat"',
    );
  });
});
