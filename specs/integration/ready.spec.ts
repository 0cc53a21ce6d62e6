import { expect } from "chai";
import { defineStack, requireEngine, startStack } from "stackspec";
import { NODE, script } from "./engine.ts";

describe("a service that closes each connection at once", () => {
  requireEngine();

  it("is ready when it listens", async function () {
    this.timeout(20_000);
    const code = "net.createServer((socket) => socket.destroy()).listen(8000)";
    const stack = defineStack("hangs-up", ({ service }) => ({
      door: service("door", ({ image }) => script(image, code).withExposedPorts(8000), { image: NODE }),
    }));
    const running = await startStack(stack);
    await running.stop();
    expect(running.values.door.getMappedPort(8000)).to.be.a("number");
  });
});
