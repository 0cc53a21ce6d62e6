import { expect } from "chai";
import { answers, defineStack, imageFrom, started } from "stackspec";
import { imagesOf } from "../../src/stack/define-stack.ts";
import { imageName } from "../../src/stack/image.ts";
import { declare, startable } from "./declare.ts";

describe("a declared stack", () => {
  it("has its services and tasks in the order of their declaration", () => {
    const stack = defineStack("shop", (parts) => {
      const db = parts.service("db", startable);
      const migrate = parts.task("migrate", startable, { after: [db] });
      parts.service("app", startable, { after: [migrate] });
      return {};
    });
    expect(stack.nodes.map(({ name }) => name)).to.deep.equal(["db", "migrate", "app"]);
  });

  it("knows services from tasks", () => {
    const stack = declare((parts) => {
      parts.service("db", startable);
      parts.task("migrate", startable);
    })();
    expect(stack.nodes.map(({ kind }) => kind)).to.deep.equal(["service", "task"]);
  });

  it("has the networks that were declared", () => {
    const stack = declare((parts) => void parts.network("backstage"))();
    expect(stack.networks).to.deep.equal([{ kind: "network", name: "backstage" }]);
  });

  it("has no volumes and no networks that were not declared", () => {
    const { volumes, networks } = declare(() => {})();
    expect({ volumes, networks }).to.deep.equal({ volumes: [], networks: [] });
  });

  it("hands out what it exports, under the names of its choice", () => {
    const stack = defineStack("shop", (parts) => ({ database: parts.service("db", startable) }));
    expect(stack.exports.database).to.equal(stack.nodes[0]);
  });

  it("keeps the options of a service as they were given", () => {
    const stack = defineStack("shop", (parts) => ({ db: parts.service("db", startable, { image: "mysql:9.7" }) }));
    expect(stack.nodes[0]?.options).to.deep.equal({ image: "mysql:9.7" });
  });

  it("makes nothing: no factory is called", () => {
    const create = () => {
      throw new Error("called");
    };
    expect(declare((stack) => stack.service("db", create))).not.to.throw();
  });

  it("cannot be changed afterwards", () => {
    expect(declare(() => {})()).to.be.frozen;
  });

  it("lists each image once", () => {
    const app = imageFrom("app", "containers/app");
    const stack = declare((parts) => {
      parts.service("app", startable, { image: app });
      parts.task("migrate", startable, { image: app });
      parts.service("db", startable, { image: "mysql:9.7" });
      parts.service("cache", startable);
    })();
    expect(imagesOf(stack)).to.deep.equal([app, "mysql:9.7"]);
  });

  it("knows a service that has to run, but need not be ready", () => {
    const { exports } = defineStack("shop", (parts) => ({ db: parts.service("db", startable) }));
    expect(started(exports.db)).to.deep.equal({ kind: "started", node: exports.db });
  });
});

describe("a stack is refused", () => {
  it("when a name is declared twice", () => {
    const twice = declare((stack) => {
      stack.service("db", startable);
      stack.task("db", startable);
    });
    expect(twice).to.throw('USAGE: stack "shop": expected every name once, got "db" declared twice');
  });

  const { db: ofAnother } = defineStack("another", (stack) => ({ db: stack.service("db", startable) })).exports;
  for (const [title, after, found] of [
    ["that was not declared", undefined, "undefined"],
    ["by its name", "db", '"db"'],
    ["of another stack", ofAnother, '"db"'],
    ["of another stack, that it is to have started", started(ofAnother), '"db"'],
  ] as const)
    it(`when a part is to start after one ${title}`, () => {
      const options = { after: [after as never] };
      for (const [kind, declares] of Object.entries({
        service: declare((stack) => stack.service("app", startable, options)),
        task: declare((stack) => stack.task("app", startable, options)),
      }))
        expect(declares).to.throw(
          `USAGE: stack "shop", ${kind} "app": after: expected services and tasks of this stack that are declared above, got ${found}`,
        );
    });

  it("when a volume has the name of a service", () => {
    const twice = declare((stack) => {
      stack.service("db", startable);
      stack.volume("db");
    });
    expect(twice).to.throw('got "db" declared twice');
  });

  for (const name of ["", "Shop", "my_shop", "-shop", "shop-", "shop.com", "läden", "x".repeat(64)])
    it(`when its name is "${name}"`, () => {
      expect(() => defineStack(name, () => ({}))).to.throw(
        `USAGE: stack: expected a name of lower-case letters, digits and hyphens, got "${name}"`,
      );
    });

  for (const [kind, bad] of Object.entries({
    service: declare((stack) => stack.service("My DB", startable)),
    task: declare((stack) => stack.task("My DB", startable)),
    volume: declare((stack) => stack.volume("My DB")),
    network: declare((stack) => stack.network("My DB")),
  }))
    it(`when a ${kind} has a name that is no host name`, () => {
      expect(bad).to.throw(
        `USAGE: stack "shop", ${kind}: expected a name of lower-case letters, digits and hyphens, got "My DB"`,
      );
    });

  for (const port of [0, -1, 65_536, 80.5, Number.NaN])
    it(`when a service speaks HTTP on port ${port}`, () => {
      expect(declare((stack) => stack.service("web", startable, { http: { port } }))).to.throw(
        `USAGE: stack "shop", service "web": expected a port from 1 to 65535, got ${port}`,
      );
    });

  for (const sizeMb of [0, -1, 1.5, 1_025, Number.NaN])
    it(`when a volume has ${sizeMb} MiB`, () => {
      expect(declare((stack) => stack.volume("files", { sizeMb }))).to.throw(
        `USAGE: stack "shop", volume "files": sizeMb: expected a whole number from 1 to 1024, got ${sizeMb}`,
      );
    });
});

describe("a port", () => {
  for (const port of [1, 65_535])
    it(`can be ${port}`, () => {
      expect(declare((stack) => stack.service("web", startable, { http: { port } }))).not.to.throw();
    });
});

describe("a name", () => {
  for (const name of ["a", "9", "db-2", "x".repeat(63)])
    it(`can be ${name}`, () => {
      expect(declare((stack) => stack.service(name, startable))).not.to.throw();
    });
});

describe("a volume", () => {
  const mount = (path: string, mode?: "ro") => {
    let made: unknown;
    const stack = declare((parts) => (made = parts.volume("webroot").at(path, mode)))();
    return { made, volume: stack.volumes[0] };
  };

  it("is known for one", () => {
    expect(mount("/var/www").volume).to.have.property("kind", "volume");
  });

  it("is mounted for reading and writing", () => {
    const { made, volume } = mount("/var/www");
    expect(made).to.deep.equal({ volume, path: "/var/www", mode: "rw" });
  });

  it("is mounted for reading only on demand", () => {
    expect(mount("/var/www", "ro").made).to.have.property("mode", "ro");
  });

  it("is not mounted at a relative path", () => {
    expect(() => mount("var/www")).to.throw('USAGE: volume "webroot": expected an absolute path, got "var/www"');
  });
});

describe("an image from a folder", () => {
  it("depends on that folder", () => {
    expect(imageFrom("app", "containers/app").inputs).to.deep.equal(["containers/app"]);
  });

  it("depends on what it is said to depend on", () => {
    expect(imageFrom("app", "containers/app", { inputs: ["src"] }).inputs).to.deep.equal(["src"]);
  });

  it("is known for one that is to be built", () => {
    expect(imageFrom("app", "containers/app")).to.have.property("kind", "build");
  });

  it("is called by its name", () => {
    expect(imageName(imageFrom("app", "containers/app"))).to.equal("app");
  });
});

describe("a probe of HTTP", () => {
  it("expects 200", () => {
    expect(answers("/up")).to.deep.equal({ kind: "http", path: "/up", status: 200, body: undefined });
  });

  it("expects what it is told", () => {
    const expected = { status: 204, body: /^$/ };
    expect(answers("/up", expected)).to.deep.equal({ kind: "http", path: "/up", ...expected });
  });
});
