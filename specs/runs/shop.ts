import { spawn } from "node:child_process";
import type { ChildProcessWithoutNullStreams } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { text } from "node:stream/consumers";
import { expect } from "chai";
import { makePackedProject } from "../packed.ts";
import { RUN_LABEL, engine, removeLabelled } from "../integration/engine.ts";

/** How a command ended. */
export interface Answer {
  readonly exitCode: number | null;
  readonly output: string;
  readonly errors: string;
}

interface Options {
  /** Default: the project's folder. */
  readonly cwd?: string;
  readonly environment?: Readonly<Record<string, string>>;
  /** Default: `stackspec`. */
  readonly program?: string;
}

/** A foreign project with a shop: PostgreSQL, Redis, a task, a web server with a volume; and another stack, `tiny`. */
export interface Shop {
  readonly folder: string;
  /** The shop's stack, and the other. */
  readonly name: string;
  readonly tiny: string;
  readonly password: string;
  begin(words: readonly string[], options?: Options): ChildProcessWithoutNullStreams;
  ask(words: readonly string[], options?: Options & { readonly input?: string }): Promise<Answer>;
  /** The same of a command that succeeds. @returns its output */
  tell(words: readonly string[], options?: Options & { readonly input?: string }): Promise<string>;
  /** What the stacks that are kept of it are called on the engine. */
  kept(): Promise<string[]>;
  /** Removes it, its kept stacks and their snapshots. */
  remove(): Promise<void>;
}

export async function makeShop(id: string): Promise<Shop> {
  const [name, tiny, password] = [`shop-${id}`, `tiny-${id}`, `Pw-${id}`];
  /** What is noted of kept stacks is below this. */
  const HOME = mkdtempSync(join(tmpdir(), "stackspec-shop-"));
  const { folder, remove } = await makePackedProject({
    "package.json": '{ "name": "shop", "type": "module" }',
    "specs/stacks/shop.js": `
      import { defineStack, secret } from "stackspec";
      import { GenericContainer } from "testcontainers";
      export default defineStack("${name}", (stack) => {
        const password = process.env.SECRET ? secret("shop") : "${password}";
        const environment = { POSTGRES_PASSWORD: password, POSTGRES_DB: "shop" };
        const url = "postgres://postgres:" + password + "@db:5432/shop";
        const files = stack.volume("files");
        const db = stack.service("db", ({ image }) => new GenericContainer(image).withEnvironment(environment), { image: "postgres:18", url });
        const fill = "create table items (name text); insert into items values ('first')";
        const migrate = stack.task("migrate", ({ image }) => new GenericContainer(image).withCommand(["psql", url, "-c", fill]), { image: "postgres:18", after: [db] });
        const cache = stack.service("cache", ({ image }) => new GenericContainer(image), { image: "redis:8" });
        const serve = 'console.log("web is up"); require("node:http").createServer((request, response) => { console.log(request.url); response.end("shop"); }).listen(8000)';
        const target = stack.service("web", ({ image }) => new GenericContainer(image).withCommand(["node", "-e", serve]), { image: "node:24-slim", after: [migrate], http: { port: 8000 }, mounts: [files.at("/files")] });
        return { db, cache, target };
      });`,
    "specs/stacks/tiny.js": `
      import { defineStack } from "stackspec";
      import { GenericContainer } from "testcontainers";
      export default defineStack("${tiny}", (stack) => ({
        web: stack.service("web", ({ image }) => new GenericContainer(image).withCommand(["sleep", "infinity"]), { image: "node:24-slim" }),
      }));`,
    "specs/acceptance/shop.spec.js": `
      import { once } from "node:events";
      import { useStack } from "stackspec";
      import shop from "../stacks/shop.js";
      describe("the shop", function () {
        this.timeout(60_000);
        const stack = useStack(shop);
        before("opens", () => { if (process.env.FAIL_HOOK) throw new Error("no key"); });
        it("answers", async () => {
          await stack.target.http.get("/from-a-spec");
          if (process.env.HOLD) {
            console.log("holds");
            await once(process.stdin, "data");
          }
        });
        it("sells", async () => {
          await stack.db.exec(["psql", "-U", "postgres", "shop", "-c", "insert into items values ('sold')"]);
          await stack.cache.exec(["redis-cli", "set", "sold", "1"]);
          await stack.target.exec(["sh", "-c", "echo sold > /files/receipt"]);
          if (process.env.FAIL) throw new Error("no change");
        });
        it("closes", () => console.log("closed"));
      });`,
  });

  function begin(words: readonly string[], { cwd = folder, environment = {}, program = "stackspec" }: Options = {}) {
    const path = [join(folder, "node_modules/.bin"), dirname(process.execPath), process.env["PATH"]].join(":");
    const { DOCKER_HOST } = process.env;
    return spawn(program, words, {
      cwd,
      env: {
        HOME,
        PATH: path,
        STACKSPEC_IMAGES: "auto",
        ...(DOCKER_HOST !== undefined && { DOCKER_HOST }),
        ...environment,
      },
    });
  }
  const ask: Shop["ask"] = async (words, options = {}) => {
    const child = begin(words, options);
    child.stdin.end(options.input ?? "");
    const [output, errors, [exitCode]] = await Promise.all([
      text(child.stdout),
      text(child.stderr),
      once(child, "close") as Promise<[number | null]>,
    ]);
    return { exitCode, output, errors };
  };
  const kept = async (): Promise<string[]> => {
    const networks = await (await engine()).listNetworks({ filters: { label: [RUN_LABEL] } });
    const names = networks.map(({ Labels }) => Labels![RUN_LABEL]!);
    return [...new Set(names)].filter((each) =>
      [name, tiny].some((stack) => each.startsWith(`stackspec-${stack}-kept-`)),
    );
  };
  return {
    folder,
    name,
    tiny,
    password,
    begin,
    ask,
    async tell(words, options) {
      const { exitCode, output, errors } = await ask(words, options);
      expect(exitCode, `${output}${errors}`).to.equal(0);
      return output;
    },
    kept,
    async remove() {
      for (const owner of await kept()) await removeLabelled(`${RUN_LABEL}=${owner}`);
      const docker = await engine();
      for (const stack of [name, tiny]) {
        const filters = { reference: [`localhost/stackspec/snapshot/${stack}/*`] };
        for (const { Id } of await docker.listImages({ filters })) await docker.getImage(Id).remove({ force: true });
      }
      remove();
      rmSync(HOME, { recursive: true });
    },
  };
}
