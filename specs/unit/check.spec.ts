import { expect } from "chai";
import {
  acceptsSql,
  answers,
  defineStack,
  eventually,
  healthy,
  imageFrom,
  listens,
  logs,
  secret,
  startStack,
  started,
  useStack,
} from "stackspec";
import { postgres } from "stackspec/drivers";
import type { Volume } from "../../src/stack/volume.ts";
import { declare, startable } from "./declare.ts";

describe("an option is refused", () => {
  const { of } = defineStack("another", (stack) => ({ of: stack.volume("of") })).exports;
  const image = "image: expected an image's name or what imageFrom() returns";
  for (const [title, options, said] of [
    ["that there is not", { imgae: "mysql:9.7" }, /: expected options of after, data, .*, got "imgae"$/],
    ["that has the name of what every object has", { toString: 1 }, /, got "toString"$/],
    ["as image: no name", { image: "" }, `${image}, got ""`],
    ["as image: another object", { image: { context: "app" } }, `${image}, got an object with context`],
    ["as ready: a function", { ready: () => true }, /: ready: expected what answers\(\), .* returns, got a function$/],
    ["as mounts: a volume at no path", { mounts: [of] }, /: mounts: expected volumes of this stack, each as volume.at/],
    ["as mounts: another stack's", { mounts: [of.at("/a")] }, /: mounts: .*, got a list with something else$/],
    ["as networks: a name", { networks: ["backstage"] }, /: networks: expected networks of this stack, got a list/],
    ["as profiles: no list", { profiles: "testing" }, ': profiles: expected a list of names, got "testing"'],
    ["as sandbox: true", { sandbox: true }, /: sandbox: expected an object, with .*, got true$/],
    ["as sandbox: another object", { sandbox: { writeable: [] } }, /: sandbox: .*, got an object with writeable$/],
    ["as data: no absolute path", { data: "data" }, ': data: expected an absolute path, got "data"'],
    [
      "as driver: a name",
      { driver: "postgres" },
      ': driver: expected a driver, such as postgres(), or false, got "postgres"',
    ],
    ["as durable: a word", { durable: "yes" }, ': durable: expected true or false, got "yes"'],
    ["as shared: a number", { shared: 1 }, ": shared: expected true or false, got 1"],
    ["as ownClock: null", { ownClock: null }, ": ownClock: expected true or false, got null"],
    [
      "as stopTimeoutMs: a time in the past",
      { stopTimeoutMs: -1 },
      ": stopTimeoutMs: expected milliseconds, from 0, got -1",
    ],
    [
      "as stopTimeoutMs: for ever",
      { stopTimeoutMs: Infinity },
      ": stopTimeoutMs: expected milliseconds, from 0, got Infinity",
    ],
  ] as const)
    it(`of a service ${title}`, () => {
      const declares = declare((stack) => stack.service("app", startable, options as never));
      expect(declares).to.throw(said).with.property("subject", 'stack "shop", service "app"');
    });

  for (const [title, options, said] of [
    ["that services have", { http: { port: 80 } }, /: expected options of after, exitCode, .*, got "http"$/],
    ["as inputs: a path", { inputs: "migrations" }, ': inputs: expected a list of paths, got "migrations"'],
    [
      "as inputs: a number among them",
      { inputs: ["a", 1] },
      ": inputs: expected a list of paths, got a list with something else",
    ],
    ["as timeoutMs: no number", { timeoutMs: Number.NaN }, ": timeoutMs: expected milliseconds, from 0, got NaN"],
    ["as exitCode: a number", { exitCode: 5 }, ': exitCode: expected "run", got 5'],
  ] as const)
    it(`of a task ${title}`, () => {
      const declares = declare((stack) => stack.task("migrate", startable, options as never));
      expect(declares).to.throw(said).with.property("subject", 'stack "shop", task "migrate"');
    });

  for (const [title, options] of [
    ["as networks: another stack's, where this one has one", { networks: [{ kind: "network", name: "backstage" }] }],
    ["as mounts: another stack's, where this one has a volume", { mounts: [of.at("/a")] }],
    ["as driver: half of one", { driver: { title: "Kind" } }],
    ["as driver: the other half", { driver: { connect: () => {} } }],
    ["as driver: true", { driver: true }],
    ["as reset: a misspelt word", { reset: "recreat" }],
    ["as data: a number", { data: 5 }],
    ["as sandbox: a path that is none", { sandbox: { writable: [""] } }],
    ["as ready: a kind that there is not", { ready: { kind: "luck" } }],
  ] as const)
    it(`of a service ${title}`, () => {
      const declares = declare((stack) => {
        stack.network("backstage");
        stack.volume("files");
        stack.service("app", startable, options as never);
      });
      expect(declares).to.throw(`USAGE: stack "shop", service "app": ${Object.keys(options)[0]}: expected `);
    });

  for (const [title, options] of Object.entries({
    "answers() as ready": { ready: answers("/") },
    "healthy() as ready": { ready: healthy() },
    "listens() as ready": { ready: listens() },
    "logs() as ready": { ready: logs(/up/) },
    "acceptsSql() as ready": { ready: acceptsSql() },
    "an image that is built": { image: imageFrom("app", "app") },
    "no driver": { driver: false },
    "a driver": { driver: postgres() },
    "a path as data": { data: "/data" },
    "keep as reset": { reset: "keep" },
    "recreate as reset": { reset: "recreate" },
    "a function as reset": { reset: async () => {} },
    "an empty sandbox": { sandbox: {} },
    "a sandbox with a path": { sandbox: { writable: ["/tmp"] } },
    "no time to stop": { stopTimeoutMs: 0 },
    "some time to stop": { stopTimeoutMs: 5_000 },
  }))
    it(`unless it is well: ${title}`, () => {
      expect(declare((stack) => stack.service("app", startable, options as never))).not.to.throw();
    });

  it("unless it is well: the exit code of the run, of a task", () => {
    expect(declare((stack) => stack.task("migrate", startable, { exitCode: "run", timeoutMs: 1 }))).not.to.throw();
  });

  it("unless it is well: a volume and a network of its own", () => {
    expect(
      declare((stack) => {
        const [files, other] = [stack.volume("files"), stack.volume("other")];
        const [backstage, front] = [stack.network("backstage"), stack.network("front")];
        stack.service("app", startable, { mounts: [other.at("/b"), files.at("/a")], networks: [front, backstage] });
      }),
    ).not.to.throw();
  });

  it("unless it is undefined, as where it depends on something", () => {
    const options = { image: undefined, ready: undefined, sandbox: undefined, data: undefined };
    expect(declare((stack) => stack.service("app", startable, options as never))).not.to.throw();
  });
});

describe("what specs ask for is refused", () => {
  it("without a stack to start", async () => {
    await expect(startStack("shop" as never)).to.be.rejectedWith(
      "USAGE: startStack: expected a stack made by defineStack",
    );
  });

  it("without a stack to use", () => {
    expect(() => useStack(undefined as never)).to.throw("USAGE: useStack: expected a stack made by defineStack");
  });

  it("without a function to try again and again", async () => {
    await expect(eventually("up" as never)).to.be.rejectedWith("USAGE: eventually(): expected a function");
  });
});

describe("a part is refused", () => {
  for (const [title, create, found] of [
    ["a container", {}, "an object with nothing"],
    ["nothing", undefined, "undefined"],
  ] as const)
    it(`when ${title} stands in the place of its factory`, () => {
      for (const [kind, declares] of Object.entries({
        service: declare((stack) => stack.service("app", create as never)),
        task: declare((stack) => stack.task("app", create as never)),
      }))
        expect(declares).to.throw(
          `USAGE: stack "shop", ${kind} "app": expected a function that makes its container, got ${found}`,
        );
    });

  it("when a stack exports it that does not declare it", () => {
    const { of } = defineStack("another", (stack) => ({ of: stack.service("of", startable) })).exports;
    expect(() => defineStack("shop", () => ({ of }))).to.throw(
      'USAGE: stack "shop", export "of": expected a service, task or volume that it declares, got an object with kind',
    );
  });

  for (const exported of ["target", null, undefined])
    it(`when its stack exports ${exported}`, () => {
      expect(() => defineStack("shop", (() => exported) as never)).to.throw(
        "expected its function to return an object of what it exports, got ",
      );
    });

  it("when what it comes after is no list", () => {
    expect(declare((stack) => stack.task("seed", startable, { after: "db" as never }))).to.throw(
      'USAGE: stack "shop", task "seed": after: expected services and tasks of this stack that are declared above, as a list, got a string',
    );
  });

  it("when a stack exports undefined", () => {
    expect(() => defineStack("shop", () => ({ of: undefined as never }))).to.throw(
      'export "of": expected a service, task or volume that it declares, got undefined',
    );
  });
});

describe("what is declared is refused where it is said", () => {
  const name =
    "an image's name: lower-case letters and digits, with single dots, hyphens, underscores or slashes between them";
  const volumeOf = (work: (volume: Volume) => unknown) => () =>
    defineStack("shop", (stack) => {
      work(stack.volume("files"));
      return {};
    });
  for (const [title, declares, said] of [
    [
      "answers() without a path",
      () => answers(undefined as never),
      "answers(): expected a path that begins with /, got undefined",
    ],
    [
      "answers() with a path without its root",
      () => answers("up"),
      'answers(): expected a path that begins with /, got "up"',
    ],
    [
      "answers() with a misspelt option",
      () => answers("/", { stauts: 204 } as never),
      'answers(): expected options of body, status, got "stauts"',
    ],
    [
      "answers() with a status that is none",
      () => answers("/", { status: 99 }),
      "answers(): status: expected a status from 100 to 599, got 99",
    ],
    [
      "answers() with a text as body",
      () => answers("/", { body: "up" as never }),
      'answers(): body: expected a regular expression, got "up"',
    ],
    [
      "listens() with a port as text",
      () => listens("80" as never),
      'listens(): expected a port from 1 to 65535, got "80"',
    ],
    ["logs() with a text", () => logs("up" as never), 'logs(): expected a regular expression, got "up"'],
    ["logs() no times", () => logs(/up/, 0), "logs(): times: expected a whole number, from 1, got 0"],
    [
      "imageFrom() without a name",
      () => imageFrom(undefined as never, "app"),
      `imageFrom(): expected ${name}, got undefined`,
    ],
    ["imageFrom() with capitals", () => imageFrom("Shop", "app"), `imageFrom(): expected ${name}, got "Shop"`],
    ["imageFrom() with a tag", () => imageFrom("shop:1", "app"), `imageFrom(): expected ${name}, got "shop:1"`],
    ["imageFrom() with a path", () => imageFrom("./shop", "app"), `imageFrom(): expected ${name}, got "./shop"`],
    [
      "imageFrom() without a folder",
      () => imageFrom("shop", ""),
      'imageFrom("shop"): expected the folder of a Dockerfile, got ""',
    ],
    [
      "imageFrom() with a misspelt option",
      () => imageFrom("shop", "app", { input: [] } as never),
      'imageFrom("shop"): expected options of artefact, inputs, network, target, got "input"',
    ],
    [
      "imageFrom() with a line as artefact",
      () => imageFrom("shop", "app", { artefact: "make" as never }),
      'imageFrom("shop"): artefact: expected a command and its words, as a list, got "make"',
    ],
    [
      "imageFrom() with a path as inputs",
      () => imageFrom("shop", "app", { inputs: "app" as never }),
      'imageFrom("shop"): inputs: expected a list of paths, got "app"',
    ],
    [
      "imageFrom() with no stage",
      () => imageFrom("shop", "app", { target: "" }),
      'imageFrom("shop"): target: expected a stage\'s name, got ""',
    ],
    [
      "started() with a task",
      declare((stack) => started(stack.task("seed", startable) as never)),
      "started(): expected a service, got an object with kind",
    ],
    [
      "a volume in a mode that there is not",
      volumeOf((volume) => volume.at("/a", "readonly" as never)),
      'volume "files": expected "rw" or "ro", got "readonly"',
    ],
    [
      "a volume at no path",
      volumeOf((volume) => volume.at(undefined as never)),
      'volume "files": expected an absolute path, got undefined',
    ],
    [
      "a volume with a misspelt option",
      declare((stack) => stack.volume("files", { size: 1 } as never)),
      'stack "shop", volume "files": expected options of sizeMb, got "size"',
    ],
    [
      "a stack without parts",
      () => defineStack("shop", undefined as never),
      'stack "shop": expected a function that declares its parts, got undefined',
    ],
    ["a password without a name", () => secret(""), "secret(): expected a name"],
    [
      "a stack without a name",
      () => defineStack(undefined as never, () => ({})),
      "stack: expected a name of lower-case letters, digits and hyphens, got undefined",
    ],
    [
      "a stack that is declared later",
      () => defineStack("shop", (async () => ({})) as never),
      'stack "shop": expected its function to return an object of what it exports, got a promise',
    ],
  ] as const)
    it(`: ${title}`, () => {
      expect(declares).to.throw(`USAGE: ${said}`);
    });

  for (const accepted of ["shop", "my-shop", "team/shop", "a.b_c__d--e", "9"])
    it(`unless it is well, as the image's name ${accepted}`, () => {
      expect(imageFrom(accepted, "app").name).to.equal(accepted);
    });
});
