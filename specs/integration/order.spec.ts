import { expect } from "chai";
import { defineStack, logs, requireEngine, started } from "stackspec";
import type { RunningStack } from "stackspec";
import { NODE, insideOf, inspectAll, script, serving, shell, useRunning } from "./engine.ts";

/** Ready when it has seen the other one answer: one after the other, neither ever is. */
const meeting = (other: string): string =>
  `${serving('"here"')};
   const ask = () => fetch("http://${other}:8000").then(() => console.log("met ${other}"), () => setTimeout(ask, 20));
   ask();`;

const declared = defineStack("order", (stack) => {
  const on = { image: NODE };
  const data = stack.volume("data");
  const mounts = [data.at("/data")];

  const left = stack.service("left", ({ image }) => script(image, meeting("right")), {
    ...on,
    ready: logs(/met right/),
  });
  stack.service("right", ({ image }) => script(image, meeting("left")), { ...on, ready: logs(/met left/) });

  // Ready only when its own visitor has come, which is after it.
  const host = stack.service("host", ({ image }) => script(image, serving('console.log("visited") ?? "come in"')), {
    ...on,
    ready: logs(/visited/),
  });
  stack.service(
    "visitor",
    ({ image }) =>
      script(image, `fetch("http://host:8000").finally(() => console.log("was there")); setInterval(() => {}, 1e6)`),
    {
      ...on,
      after: [started(host)],
      ready: logs(/was there/),
    },
  );

  const seed = stack.task(
    "seed",
    ({ image }) =>
      script(image, `setTimeout(() => require("fs").writeFileSync("/data/seed", String(Date.now())), 300)`),
    {
      ...on,
      mounts,
    },
  );
  const web = stack.service(
    "web",
    ({ image }) =>
      script(image, `console.log("seeded", require("fs").readFileSync("/data/seed", "utf8")); ${serving('"web"')}`),
    {
      ...on,
      mounts,
      after: [seed],
      http: { port: 8000 },
      // Long after its port is open.
      ready: logs(/seeded/),
    },
  );
  const late = stack.service("late", ({ image }) => shell(image, "echo up; sleep 1000"), {
    ...on,
    after: [web, left],
    ready: logs(/up/),
  });

  const greeter = stack.service("greeter", () => {
    const greeting = { text: "hello", stop: async () => {} };
    return { start: async () => greeting };
  });
  const told = stack.service(
    "told",
    async ({ image, started: value }) =>
      shell(image, 'echo "told $GREETING"; sleep 1000').withEnvironment({ GREETING: (await value(greeter)).text }),
    { ...on, ready: logs(/told/) },
  );
  return { web, seed, data, greeter, late, told };
});

describe("the order of a start", () => {
  requireEngine();
  const stack = useRunning(declared);
  const line = (name: string, pattern: RegExp): RegExpExecArray =>
    pattern.exec(insideOf(stack()).logs.get(name)!.lines.join("\n"))!;
  const startedAt = async (name: string): Promise<number> =>
    Date.parse((await inspectAll(stack().id)).get(name)!.State.StartedAt);

  it("starts independent services together", () => {
    expect(line("left", /met right/), "left, ready only while right runs").to.be.an("array");
    expect(line("right", /met left/), "right, ready only while left runs").to.be.an("array");
  });

  it("starts a service only after the service that it depends on is ready", async () => {
    expect(await startedAt("late")).to.be.above(await startedAt("web"));
    expect(await startedAt("late")).to.be.above(await startedAt("left"));
  });

  it("starts a service only after the task that it depends on has completed", async () => {
    expect(await startedAt("web")).to.be.at.least(Number(line("web", /seeded (\d+)/)[1]));
  });

  it("does not wait for the readiness of what is only to be started", async () => {
    expect(line("visitor", /was there/), "the visitor that its host's readiness waits for").to.be.an("array");
    expect(await startedAt("visitor")).to.be.above(await startedAt("host"));
  });

  it("hands the value of a started service to the factory of another", () => {
    expect(line("told", /told (.*)/)[1]).to.equal("hello");
  });

  it("runs an object with start and stop as a service", () => {
    expect(stack().values.greeter.text).to.equal("hello");
  });

  it("hands out the started container of a service, and a client for its HTTP port", async () => {
    const { web } = stack().values;
    expect(web.http.url).to.equal(`http://${web.getHost()}:${web.getMappedPort(8000)}`);
    await expect(web.http.get("/")).to.eventually.have.property("text", "web");
  });

  it("puts a container on the stack's own network only", async () => {
    for (const [name, { NetworkSettings }] of await inspectAll(stack().id))
      expect(Object.keys(NetworkSettings.Networks), name).to.deep.equal([stack().id]);
  });

  describe("of the same stack a second time", () => {
    const second = useRunning(declared);
    const both = (): RunningStack[] => [stack(), second()];

    it("shares no network, no volume and no container", async () => {
      const names = async ({ id, values }: RunningStack): Promise<string[]> => [
        id,
        (values["data"] as { name: string }).name,
        ...[...(await inspectAll(id)).values()].flatMap(({ Id, Name }) => [Id, Name]),
      ];
      const all = (await Promise.all(both().map(names))).flat();
      expect(all).to.have.lengthOf(2 * (2 + 2 * 8));
      expect(new Set(all)).to.have.lengthOf(all.length);
    });

    it("reaches its own services under their names", async () => {
      const addresses = both().map(
        async ({ id }) => (await inspectAll(id)).get("web")!.NetworkSettings.Networks[id]!.IPAddress,
      );
      const lookUps = [stack(), second()].map(({ values }) => values.late.exec(["getent", "hosts", "web"]));
      const resolved = (await Promise.all(lookUps)).map(({ output }) => output.split(/\s/)[0]);
      expect(resolved).to.deep.equal(await Promise.all(addresses));
    });
  });
});
