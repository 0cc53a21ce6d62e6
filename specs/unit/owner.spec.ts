import { spawn } from "node:child_process";
import { once } from "node:events";
import { hostname } from "node:os";
import { expect } from "chai";
import { eventually } from "stackspec";
import { isOwnerDead, thisProcess } from "../../src/engine/docker/labels.ts";

describe("the owner of what is on the engine", () => {
  it("is not dead while its process runs", () => {
    expect(isOwnerDead(thisProcess())).to.equal(false);
  });

  it("is dead when no process has its id", () => {
    // More than the kernel gives: https://man7.org/linux/man-pages/man5/proc_sys_kernel.5.html
    expect(isOwnerDead(`${hostname()}/4194305`)).to.equal(true);
  });

  it("is dead when it has ended, and its parent has not asked how", async () => {
    const parent = spawn("sh", ["-c", "true & echo $!; exec sleep 100"], { stdio: ["ignore", "pipe", "ignore"] });
    try {
      const [pid] = (await once(parent.stdout, "data")) as [Buffer];
      await eventually(() => expect(isOwnerDead(`${hostname()}/${pid.toString().trim()}`)).to.equal(true));
    } finally {
      parent.kill();
    }
  });

  it("is not known to be dead when it is another host's", () => {
    expect(isOwnerDead("another/4194305")).to.equal(false);
  });

  it("is not known to be dead when nobody says who it is", () => {
    expect(isOwnerDead()).to.equal(false);
  });
});
