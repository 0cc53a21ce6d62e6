import { execFileSync } from "node:child_process";
import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import type Dockerode from "dockerode";
import { expect } from "chai";
import { requireEngine } from "stackspec";
import { cleanUp, engine, referenceOf } from "../integration/engine.ts";
import { installExample } from "./example.ts";
import type { Ended, Example } from "./example.ts";

const RUN_WITHIN_MS = 900_000;

describe("the example web-postgres-redis, as a CI system runs it", function () {
  this.timeout(RUN_WITHIN_MS);
  requireEngine();
  const services: Dockerode.Container[] = [];
  const deployed: string[] = [];
  const hook = createServer((request, response) => {
    request.on("data", (body: Buffer) => deployed.push(body.toString()));
    request.on("end", () => response.end());
  });
  let example: Example;
  let pipeline: Record<string, string>;

  /** Runs an image as a CI system does, published on all interfaces, and resolves with its port. */
  async function publish(image: string, port: number, Env: string[] = []): Promise<number> {
    const docker = await engine();
    const container = await docker.createContainer({
      Image: await referenceOf(image),
      Env,
      ExposedPorts: { [`${port}/tcp`]: {} },
      HostConfig: { PublishAllPorts: true },
    });
    services.push(container);
    await container.start();
    const { NetworkSettings } = await container.inspect();
    return Number(NetworkSettings.Ports[`${port}/tcp`]![0]!.HostPort);
  }

  const git = (...words: string[]): void => {
    const who = ["-c", "user.name=spec", "-c", "user.email=spec@example.org"];
    execFileSync("git", [...who, ...words], { cwd: example.folder, stdio: "ignore" });
  };

  before("it is installed, in a repository", async () => {
    example = await installExample("web-postgres-redis");
    git("init", "--initial-branch", "main");
    git("add", "--all");
    git("commit", "--message", "Begin");
    hook.listen(0, "127.0.0.1");
    await once(hook, "listening");
    pipeline = {
      STACKSPEC_REGISTRY: `localhost:${await publish("registry:3", 5000)}/team`,
      STACKSPEC_DEPLOY_HOOK: `http://127.0.0.1:${(hook.address() as AddressInfo).port}/`,
    };
  });
  cleanUp("nothing of it is left", async () => {
    for (const container of services) await container.remove({ force: true, v: true });
    hook.close();
    await example.remove();
  });

  describe("on services that run already", () => {
    let ended: Ended;
    before("its `npm test` has ended", async () => {
      const variables = ["POSTGRES_USER=web", "POSTGRES_PASSWORD=web", "POSTGRES_DB=web"];
      const [db, cache] = [await publish("postgres:18", 5432, variables), await publish("redis:8", 6379)];
      ended = await example.npm(["test"], {
        POSTGRES_URL: `postgres://web:web@localhost:${db}/web`,
        REDIS_URL: `redis://localhost:${cache}`,
      });
    });

    it("passes", async () => {
      expect(ended.exitCode, ended.output).to.equal(0);
      const totals = await example.keepReports("web-postgres-redis-external");
      expect(totals).to.deep.equal({ passed: 4, failed: 0, skipped: 0, flaky: 0 });
    });

    it("says that they keep their data", () => {
      expect(ended.output).to.match(/^ *db keeps its data between spec files: it is external/m);
    });
  });

  describe("by its pipeline", () => {
    it("is published from a branch, but not deployed", async () => {
      git("switch", "--create", "feature");
      const ended = await example.npm(["run", "pipeline"], pipeline);
      expect(ended.exitCode, ended.output).to.equal(0);
      expect(ended.output).to.match(/not deployed: feature is not main/);
      expect(deployed).to.deep.equal([]);
    });

    it("is deployed from main, as the image that was tested", async () => {
      git("switch", "main");
      const ended = await example.npm(["run", "pipeline"], pipeline);
      expect(ended.exitCode, ended.output).to.equal(0);
      expect(deployed).to.have.length(1);
      expect(deployed[0]).to.match(/team\/web-postgres-redis@sha256:[0-9a-f]{64}/);
    });

    it("is neither published nor deployed when a spec fails", async () => {
      const before = deployed.length;
      git("rm", "-r", "app/migrate.py");
      git("commit", "--message", "Break it");
      const ended = await example.npm(["run", "pipeline"], pipeline);
      expect(ended.exitCode, ended.output).to.equal(1);
      expect(ended.output)
        .to.match(/^release +failed/m)
        .and.not.to.match(/pushed/);
      expect(deployed).to.have.length(before);
    });
  });
});
