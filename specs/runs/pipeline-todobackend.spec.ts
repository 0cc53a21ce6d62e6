import { readFileSync } from "node:fs";
import { expect } from "chai";
import { defineStack, listens, useStack } from "stackspec";
import { GenericContainer } from "testcontainers";
import { startNode } from "../integration/child.ts";
import type { Ended } from "../integration/child.ts";
import { cleanUp, engine } from "../integration/engine.ts";

const registryStack = defineStack("todobackend-registry", (stack) => ({
  registry: stack.service("registry", ({ image }) => new GenericContainer(image).withExposedPorts(5000), {
    image: "registry:3",
    ready: listens(),
  }),
}));

interface Manifest {
  readonly config: { readonly digest: string };
}

describe("the todobackend's pipeline", function () {
  this.timeout(300_000);
  const stack = useStack(registryStack, { scope: "suite" });
  let registry: string;
  let ended: Ended;

  const released = (): { image: string } =>
    JSON.parse(readFileSync("target/release.json", "utf8")) as { image: string };

  before("it has run", async () => {
    registry = `127.0.0.1:${stack.registry.getMappedPort(5000)}`;
    const environment = {
      STACKSPEC_REGISTRY: `${registry}/team`,
      STACKSPEC_ALLOW_DIRTY: "true",
      STACKSPEC_TAGS: "1.2.3",
    };
    ended = await startNode(["src/cli/main.ts", "pipeline"], { environment }).ended;
  });

  it("is green from its unit tests to the registry", () => {
    expect(ended.exitCode, ended.output).to.equal(0);
  });

  it("leaves the reports of unit tests and acceptance specs", () => {
    for (const path of ["reports/unittests.xml", "reports/acceptance.xml"])
      expect(readFileSync(path, "utf8"), path).to.match(/<testsuite [^>]*tests="[1-9]/);
  });

  it("leaves a coverage report", () => {
    expect(readFileSync("reports/coverage.xml", "utf8")).to.match(/<coverage [^>]*line-rate="0\.[5-9]/);
  });

  it("has pushed the very image that was accepted", async () => {
    const { image } = released();
    const response = await fetch(`http://${registry}/v2/team/todobackend/manifests/1.2.3`, {
      headers: {
        Accept: "application/vnd.docker.distribution.manifest.v2+json, application/vnd.oci.image.manifest.v1+json",
      },
    });
    const { config } = (await response.json()) as Manifest;
    expect(config.digest).to.equal(image);
  });

  it("has labelled that image with the revision it comes from", async () => {
    const { image } = released();
    const docker = await engine();
    const { Config } = await docker.getImage(image).inspect();
    expect(Config.Labels["org.opencontainers.image.revision"]).to.match(/^[0-9a-f]{40}$/);
  });

  cleanUp("its image is gone", async () => {
    const docker = await engine();
    const { image } = released();
    await docker.getImage(image).remove({ force: true });
  });
});
