import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect } from "chai";
import { defineStack, imageFrom, listens, requireEngine, startStack } from "stackspec";
import type { ImageSource, StackspecError } from "stackspec";
import { GenericContainer } from "testcontainers";
import { resultOf } from "./child.ts";
import { failureOf, shell, useRunning } from "./engine.ts";

const [user, password] = ["stackspec", "open-sesame"];
/** As `htpasswd -B` writes them. */
const htpasswd = `${user}:$2y$05$x4rMz.QB8rsZ3Ul.89bHY.rGUwQ3TKg/E/Pt4yBlSAUq/CwBnHVY.\n`;

/** One registry that lets everyone in, and one that asks for a password. Both have no image. */
const registries = defineStack("registries", (stack) => {
  const options = { image: "registry:3", http: { port: 5000 }, ready: listens(5000) } as const;
  const open = stack.service("open", ({ image }) => new GenericContainer(image), options);
  const closed = stack.service(
    "closed",
    ({ image }) =>
      new GenericContainer(image)
        .withEnvironment({
          REGISTRY_AUTH: "htpasswd",
          REGISTRY_AUTH_HTPASSWD_REALM: "not for everyone",
          REGISTRY_AUTH_HTPASSWD_PATH: "/htpasswd",
        })
        .withCopyContentToContainer([{ content: htpasswd, target: "/htpasswd" }]),
    options,
  );
  return { open, closed };
});

/** The failure of a stack with one service on this image, which another waits for. */
const startOn = (source: ImageSource): Promise<StackspecError> =>
  failureOf(
    startStack(
      defineStack("image", (stack) => {
        const web = stack.service("web", ({ image }) => shell(image, "sleep 1000"), { image: source });
        stack.service("proxy", ({ image }) => shell(image, "sleep 1000"), { image: source, after: [web] });
        return {};
      }),
    ),
  );

describe("an image that cannot be had", () => {
  requireEngine();

  it("has a registry that cannot be reached", async function () {
    this.timeout(30_000);
    const failure = await startOn("localhost:1/nothing:1");
    expect(failure.code).to.equal("REGISTRY_UNREACHABLE");
    expect(failure.sentence).to.match(/^REGISTRY_UNREACHABLE: localhost:1\/nothing:1: .*registry cannot be reached/);
    expect(failure.sentence).to.include("connection refused");
  });

  describe("from a registry that answers", () => {
    const stack = useRunning(registries);
    const registry = (name: "open" | "closed"): string => `localhost:${stack().values[name].getMappedPort(5000)}`;

    it("is not there", async () => {
      const name = `${registry("open")}/nothing:1`;
      const failure = await startOn(name);
      expect(failure.sentence).to.match(
        new RegExp(
          `^IMAGE_NOT_FOUND: ${name}: expected an image of this name in its registry: .*(unknown|not found).* — check name and tag$`,
        ),
      );
    });

    it("is not for everyone", async () => {
      const name = `${registry("closed")}/secret:1`;
      const failure = await startOn(name);
      expect(failure.sentence).to.match(
        new RegExp(`^REGISTRY_DENIED: ${name}: its registry refuses it: .* — .*docker login$`),
      );
    });

    it("is asked for with the credentials of the Docker config", async function () {
      this.timeout(30_000);
      const folder = await mkdtemp(join(tmpdir(), "stackspec-docker-config-"));
      try {
        const auth = Buffer.from(`${user}:${password}`).toString("base64");
        await writeFile(join(folder, "config.json"), JSON.stringify({ auths: { [registry("closed")]: { auth } } }));
        const IMAGE = `${registry("closed")}/secret:1`;
        const { code, sentence } = await resultOf<StackspecError>("no-engine.ts", {
          environment: { DOCKER_CONFIG: folder, IMAGE },
        });
        expect(code, sentence).to.equal("IMAGE_NOT_FOUND");
      } finally {
        await rm(folder, { recursive: true });
      }
    });

    it("is named with the services that want it", async () => {
      const failure = await startOn(`${registry("open")}/nothing:1`);
      expect(failure.evidence).to.include("proxy waits for web: expected an image");
    });
  });
});

describe("an image that cannot be built", () => {
  requireEngine();
  const folder = "specs/integration/fixtures/broken-image";

  it("shows the failing step and its output", async function () {
    this.timeout(60_000);
    const failure = await startOn(imageFrom("broken", folder));
    expect(failure.sentence).to.match(
      /^IMAGE_BUILD_FAILED: \S*broken\S*: cannot be built from specs\/integration\/fixtures\/broken-image: .*(returned a non-zero code:|exit status) 7 — the failing step's output follows$/,
    );
    expect(failure.evidence)
      .to.match(/RUN echo "the step has begun"/)
      .and.to.match(/^the step has begun$/m)
      .and.to.match(/the step has failed$/m);
  });

  it("shows the output of a command that does not make its artefact", async function () {
    this.timeout(30_000);
    const artefact = ["node", "-e", "console.log('compiling'); console.error('no such module'); process.exit(1)"];
    const failure = await startOn(imageFrom("no-artefact", folder, { artefact }));
    expect(failure.sentence).to.match(/^IMAGE_BUILD_FAILED: no-artefact: its artefact cannot be made: node -e /);
    expect(failure.evidence).to.include("compiling\nno such module");
  });

  it("does not fail for two megabytes that the command of its artefact prints", async function () {
    this.timeout(30_000);
    const artefact = ["node", "-e", "console.log('compiling\\n'.repeat(2 * 1024 ** 2 / 10))"];
    const failure = await startOn(imageFrom("talkative", folder, { artefact }));
    // What fails is what comes after it: no image can be built from this folder.
    expect(failure.sentence).to.match(/^IMAGE_BUILD_FAILED: \S*talkative\S*: cannot be built from /);
  });

  it("names the folder that has no Dockerfile", async () => {
    const failure = await startOn(imageFrom("no-dockerfile", "specs/integration/fixtures"));
    expect(failure.sentence).to.match(
      /^IMAGE_BUILD_FAILED: no-dockerfile: expected a Dockerfile in specs\/integration\/fixtures/,
    );
  });
});
