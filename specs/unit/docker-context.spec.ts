import { createHash } from "node:crypto";
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect } from "chai";
import { readContext } from "../../src/engine/docker/context.ts";

describe("Docker's current context", () => {
  let home: string;
  let folder: string;
  let certificates: string;
  before("there are two contexts, and one is chosen", async () => {
    home = await mkdtemp(join(tmpdir(), "stackspec-context-"));
    folder = join(home, ".docker");
    await add("colima", "unix:///home/me/.colima/docker.sock");
    certificates = join(folder, "contexts", "tls", await add("far", "tcp://10.0.0.5:2376"), "docker");
    await mkdir(certificates, { recursive: true });
    await writeFile(join(folder, "config.json"), JSON.stringify({ currentContext: "colima" }));
  });
  after(() => rm(home, { recursive: true }));

  async function add(name: string, Host: string): Promise<string> {
    const id = createHash("sha256").update(name).digest("hex");
    const meta = join(folder, "contexts", "meta", id);
    await mkdir(meta, { recursive: true });
    await writeFile(join(meta, "meta.json"), JSON.stringify({ Name: name, Endpoints: { docker: { Host } } }));
    return id;
  }

  const read = (environment: NodeJS.ProcessEnv, where = home) => readContext(environment, where);
  const colima = {
    name: "colima",
    host: "unix:///home/me/.colima/docker.sock",
    otherwise: "run docker context use default",
    variables: { DOCKER_HOST: "unix:///home/me/.colima/docker.sock" },
  };

  it("is the engine that is used", async () => {
    expect(await read({})).to.deep.equal(colima);
  });

  it("is the one that DOCKER_CONTEXT names, with its certificates", async () => {
    expect(await read({ DOCKER_CONTEXT: "far" })).to.deep.equal({
      name: "far",
      host: "tcp://10.0.0.5:2376",
      otherwise: "unset DOCKER_CONTEXT",
      variables: { DOCKER_HOST: "tcp://10.0.0.5:2376", DOCKER_CERT_PATH: certificates, DOCKER_TLS_VERIFY: "1" },
    });
  });

  it("is read from the folder that DOCKER_CONFIG names", async () => {
    expect(await read({ DOCKER_CONFIG: folder }, "/nowhere")).to.deep.equal(colima);
  });

  it("leaves the environment that it is read from as it is", async () => {
    const environment = {};
    await read(environment);
    expect(environment).to.deep.equal({});
  });

  for (const [title, environment] of Object.entries({
    "DOCKER_HOST is set": { DOCKER_HOST: "unix:///run/docker.sock" },
    "DOCKER_CONTEXT is default": { DOCKER_CONTEXT: "default" },
  }))
    it(`is nothing where ${title}`, async () => {
      expect(await read(environment)).to.equal(undefined);
    });

  it("is nothing where Docker's client was never used", async () => {
    expect(await read({}, "/nowhere")).to.equal(undefined);
  });

  it("fails when it is not there", async () => {
    const failure = await read({ DOCKER_CONTEXT: "gone" }).catch((error: unknown) => error);
    expect(failure)
      .to.have.property("sentence")
      .that.matches(
        /^ENGINE_UNREACHABLE: docker context "gone": expected a context with an engine in .* — docker context ls/,
      );
  });
});
