import { randomBytes } from "node:crypto";
import { once } from "node:events";
import { createServer } from "node:net";
import type { AddressInfo } from "node:net";
import { expect } from "chai";
import { defineStack, requireEngine, startStack } from "stackspec";
import type { StackspecError } from "stackspec";
import type { GenericContainer } from "testcontainers";
import { NODE, RUN_LABEL, engine, failureOf, leftAfter, shell } from "./engine.ts";

/** The failure of a stack with this one service. */
const startWith = (make: (container: GenericContainer) => GenericContainer): Promise<StackspecError> =>
  failureOf(
    startStack(
      defineStack("engine", (stack) => ({
        web: stack.service("web", ({ image }) => make(shell(image, "sleep 1000")), { image: NODE }),
      })),
    ),
  );

describe("a service that asks the engine for what it cannot have", () => {
  requireEngine();

  it("names the port of this machine that is taken", async () => {
    const other = createServer().listen(0, "127.0.0.1");
    await once(other, "listening");
    const { port } = other.address() as AddressInfo;
    try {
      const failure = await startWith((web) => web.withExposedPorts({ container: 8000, host: port }));
      expect(failure.code).to.equal("PORT_TAKEN");
      expect(failure.sentence).to.match(
        /^PORT_TAKEN: web: .* — free the port, or leave the choice to the engine with withExposedPorts\(port\)$/,
      );
      expect(failure.sentence).to.include(`:${port}`);
    } finally {
      other.close();
    }
  });

  it("names the file to copy that does not exist", async () => {
    const failure = await startWith((web) =>
      web.withCopyFilesToContainer([{ source: "specs/no-such-file", target: "/x" }]),
    );
    expect(failure.sentence).to.equal(
      "FILE_MISSING: web: copies specs/no-such-file, which does not exist — check the path in its declaration",
    );
  });

  it("names the folder to copy that does not exist", async () => {
    const failure = await startWith((web) =>
      web.withCopyDirectoriesToContainer([{ source: "specs/no-such-folder", target: "/x" }]),
    );
    expect(failure.sentence).to.equal(
      "FILE_MISSING: web: copies specs/no-such-folder, which does not exist — check the path in its declaration",
    );
  });

  it("names the path to mount that does not exist", async () => {
    const failure = await startWith((web) => web.withBindMounts([{ source: "/no/such/folder", target: "/x" }]));
    expect(failure.sentence).to.equal(
      "FILE_MISSING: web: mounts /no/such/folder, which does not exist — check the path in its declaration",
    );
  });

  it("names the volume to mount that does not exist", async () => {
    const name = `none-${randomBytes(4).toString("hex")}`;
    const failure = await startWith((web) => web.withBindMounts([{ source: name, target: "/x" }]));
    expect(failure.sentence).to.equal(
      `VOLUME_MISSING: web: mounts the volume ${name}, which does not exist on the engine — create it, or declare one with stack.volume()`,
    );
    await expect((await engine()).getVolume(name).inspect(), "the volume must not be made").to.be.rejected;
  });
});

describe("an engine with no more addresses for networks", () => {
  requireEngine();
  it("is said to have none, with what to do", async function () {
    this.timeout(60_000);
    // With the label of a run of ours they go with it, should this process be killed meanwhile.
    const anchor = await startStack(
      defineStack("anchor", (stack) => ({
        one: stack.service("one", ({ image }) => shell(image, "sleep 1000"), { image: NODE }),
      })),
    );
    const [, run] = /-([0-9a-f]{8})-\d+$/.exec(anchor.id)!;
    const docker = await engine();
    const label = "dev.stackspec.spec";
    const mark = randomBytes(4).toString("hex");
    let failure: StackspecError;
    try {
      const fill = async (): Promise<unknown> => {
        for (let count = 0; count < 200; count += 1)
          await docker.createNetwork({
            Name: `stackspec-fill-${mark}-${count}`,
            Labels: { [RUN_LABEL]: run!, [label]: mark },
          });
        throw new Error("the engine does not run out of networks");
      };
      await expect(fill()).to.be.rejectedWith(/address pool/);
      failure = await startWith((web) => web);
    } finally {
      const ours = await docker.listNetworks({ filters: { label: [`${label}=${mark}`] } });
      await Promise.all(ours.map(({ Id }) => docker.getNetwork(Id).remove()));
    }
    await anchor.stop();
    expect(failure.sentence).to.match(
      /^NETWORK_EXHAUSTED: engine: its network cannot be made: .*address pool.* — remove networks that nobody needs: npm run clean, docker network prune$/,
    );
    expect(await leftAfter(`${label}=${mark}`, 0)).to.deep.equal([]);
  });
});
