import { expect } from "chai";
import { defineStack, logs, requireEngine, startStack, useStack } from "stackspec";
import { GenericContainer } from "testcontainers";
import { NODE, engine, failureOf, shell, useNotices } from "./engine.ts";

/** Resolves when the container that was declared second has the volume, still empty. */
const second = Promise.withResolvers<void>();

/** A container that is not even created before that. */
class LateContainer extends GenericContainer {
  protected override beforeContainerCreated = (): Promise<void> => second.promise;
}

const shared = defineStack("volumes", (stack) => {
  const data = stack.volume("data");
  // The user's home of this image, and its owner, are what the volume is to be filled with.
  const first = stack.service(
    "first",
    ({ image }) =>
      new LateContainer(image)
        .withCommand(["sh", "-c", "echo from first > /home/node/note; echo up; sleep 1000"])
        .withUser("1000:1000"),
    { image: NODE, mounts: [data.at("/home/node")], ready: logs(/up/) },
  );
  // The same path has other content, of another owner, in this one.
  const other = stack.service("other", ({ image }) => shell(image, "echo up; sleep 1000"), {
    image: "nginx:1.30",
    mounts: [data.at("/etc/nginx")],
    ready: logs(/up/),
  });
  stack.service(
    "signal",
    () => ({
      start: async () => {
        second.resolve();
        return { stop: async () => {} };
      },
    }),
    { after: [other] },
  );
  const reader = stack.service("reader", ({ image }) => shell(image, "echo up; sleep 1000"), {
    image: NODE,
    mounts: [data.at("/data", "ro")],
    ready: logs(/up/),
  });
  return { first, other, reader, data };
});

describe("a volume", () => {
  requireEngine();
  const stack = useStack(shared, { scope: "suite" });

  it("is filled by the service declared first, also when another mounts it before", async () => {
    const { output } = await stack.other.exec(["ls", "-A", "/etc/nginx"]);
    expect(output).to.include(".bashrc").and.not.to.include("nginx.conf");
  });

  it("belongs to whom its folder belongs to in the image of the service declared first", async () => {
    const { output } = await stack.other.exec(["stat", "-c", "%u:%g", "/etc/nginx"]);
    expect(output.trim()).to.equal("1000:1000");
  });

  it("is shared by all that mount it", async () => {
    const { output } = await stack.reader.exec(["cat", "/data/note"]);
    expect(output.trim()).to.equal("from first");
  });

  it("cannot be written where it is mounted for reading", async () => {
    const { exitCode, output } = await stack.reader.exec(["touch", "/data/other"]);
    expect(exitCode).to.equal(1);
    expect(output).to.include("Read-only file system");
  });

  it("hands out its name on the engine", async () => {
    const found = await (await engine()).getVolume(stack.data.name).inspect();
    expect(found.Labels).to.have.property("dev.stackspec.stack");
  });
});

describe("a volume of a stack that has stopped", () => {
  requireEngine();
  it("is gone from the engine", async () => {
    const running = await startStack(
      defineStack("volume-gone", (stack) => {
        const data = stack.volume("data");
        stack.task("write", ({ image }) => shell(image, "touch /data/x"), { image: NODE, mounts: [data.at("/data")] });
        return { data };
      }),
    );
    const volume = (await engine()).getVolume(running.values.data.name);
    await volume.inspect();
    await running.stop();
    await expect(volume.inspect()).to.be.rejected.and.eventually.have.property("statusCode", 404);
  });
});

describe("a volume that was made elsewhere", () => {
  requireEngine();
  it("has to be there before", async () => {
    const failure = await failureOf(
      startStack(
        defineStack("volume-missing", (stack) => ({
          web: stack.service(
            "web",
            ({ image }) =>
              shell(image, "true").withBindMounts([{ source: "stackspec-no-such-volume", target: "/data" }]),
            { image: NODE },
          ),
        })),
      ),
    );
    expect(failure.sentence).to.equal(
      "VOLUME_MISSING: web: mounts the volume stackspec-no-such-volume, which does not exist on the engine — create it, or declare one with stack.volume()",
    );
    await expect((await engine()).getVolume("stackspec-no-such-volume").inspect()).to.be.rejected;
  });
});

/** More than stackspec keeps the content of. */
const LARGE_MIB = 100;

describe("a volume with more content than is kept", function () {
  this.timeout(60_000);
  requireEngine();
  const declared = defineStack("volume-large", (stack) => {
    const data = stack.volume("data");
    const fill = `dd if=/dev/zero of=/data/large bs=1M count=${LARGE_MIB} 2>/dev/null; echo up; sleep 1000`;
    return {
      web: stack.service("web", ({ image }) => shell(image, fill), {
        image: NODE,
        mounts: [data.at("/data")],
        ready: logs(/up/),
      }),
    };
  });
  const { running, notes } = useNotices(declared);
  const sh = (lines: string) => running().values.web.exec(["sh", "-c", lines]);

  it("is told of in one line as soon as its stack is ready", () => {
    expect(notes).to.deep.equal([
      `a reset cannot bring back the volume data where specs change or remove files: it has ${LARGE_MIB} MiB, and 64 MiB is the most that is kept`,
    ]);
  });

  it("can be reset while no spec has changed a file of it", async () => {
    await running().reset();
  });

  it("loses a file that a spec added", async () => {
    await sh("echo mine > /data/mine");
    await running().reset();
    const { output } = await sh("ls /data");
    expect(output.trim()).to.equal("large");
  });

  it("is named, with its size and the file, by a reset that would have to bring a changed one back", async () => {
    await sh("echo more >> /data/large");
    const failure = await failureOf(running().reset());
    expect(failure.sentence).to.equal(
      `RESET_FAILED: data: a file was changed or removed (large), and its content was not kept: it has ${LARGE_MIB} MiB, and 64 MiB is the most that is kept — mount it with "ro" where it is only read, or use a stack of its own: useStack(stack, { scope: "suite" })`,
    );
  });
});
