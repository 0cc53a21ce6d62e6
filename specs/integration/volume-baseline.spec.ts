import { expect } from "chai";
import { defineStack, logs, requireEngine } from "stackspec";
import { GenericContainer } from "testcontainers";
import { connectEngine } from "../../src/engine/docker/connect.ts";
import { takeVolumeBaseline } from "../../src/engine/volumes/volume-baseline.ts";
import type { VolumeBaseline } from "../../src/engine/volumes/volume-baseline.ts";
import { NODE, engine, useRunning } from "./engine.ts";

const WITH_PROGRAMS = "PATH=/usr/bin:/bin";
/** All that archives of engines know of a time: Docker's cut off the rest, Podman's round. */
const WHOLE_SECONDS = "find . -exec touch -hd @1700000000 {} +";

describe("a volume that specs have changed", function () {
  this.timeout(60_000);
  requireEngine();
  /** Files of every kind below /data. The image's programs are only found with a PATH that has them. */
  const service = (image: string, PATH: string) =>
    new GenericContainer(image)
      .withCommand([
        "/bin/sh",
        "-c",
        `${WITH_PROGRAMS}; cd /data; mkdir -p full/deep empty; echo one > full/deep/file; echo two > other; ln -s other link; ln other hard; ${WHOLE_SECONDS}; echo up; sleep 1000`,
      ])
      .withEnvironment({ PATH });
  const running = useRunning(
    defineStack("volume-baseline", (stack) => {
      const [usual, bare] = [stack.volume("usual-data"), stack.volume("bare-data")];
      const options = { image: NODE, ready: logs(/up/) };
      return {
        usual: stack.service("usual", ({ image }) => service(image, "/usr/bin:/bin"), {
          ...options,
          mounts: [usual.at("/data")],
        }),
        bare: stack.service("bare", ({ image }) => service(image, "/usr/local/bin"), {
          ...options,
          mounts: [bare.at("/data")],
        }),
        usualData: usual,
        bareData: bare,
      };
    }),
  );

  /** Everything that can be seen of the files. An archive of the engine's knows times in seconds. */
  const SHOWN =
    "cd /data; find . -printf '%P %y %m %U:%G %n %l\\n' | sort; find . -type f -exec stat -c '%n %Y' {} + -exec cat {} + | sort";
  const ways = {
    "on this machine": "usual",
    "by the programs of its image": "usual",
    "as an archive, where its image has none": "bare",
  } as const;

  for (const [way, name] of Object.entries(ways))
    describe(`and whose files are listed ${way}`, () => {
      const sh = async (lines: string): Promise<string> => {
        for (let tries = 3; ; tries -= 1) {
          const command = ["/bin/sh", "-c", `${WITH_PROGRAMS}; ${lines}`];
          const { output, exitCode } = await running().values[name].exec(command);
          // A busy engine now and then cannot begin what it executes: 126, and nothing has been done.
          if (exitCode === 126 && tries > 0) continue;
          expect(exitCode, output).to.equal(0);
          return output;
        }
      };
      let baseline: VolumeBaseline;
      let before: string;

      beforeEach("it is remembered", async () => {
        const docker = await engine();
        const volume = running().values[`${name}Data`].name;
        const { Mountpoint } = await docker.getVolume(volume).inspect();
        const folder = way === "on this machine" ? Mountpoint : undefined;
        const container = docker.getContainer(running().values[name].getId());
        baseline = await takeVolumeBaseline({ name, container, path: "/data", folder }, undefined, () => {});
        before = await sh(SHOWN);
      });
      afterEach("it is forgotten", () => baseline.close());

      const changes = {
        "content, of the same size and time":
          "cp -p full/deep/file /tmp/was; echo eno > full/deep/file; touch -r /tmp/was full/deep/file",
        "a file that is gone": "rm full/deep/file",
        "a folder that is gone, with all that was in it": "rm -r full",
        "an empty folder that is gone": "rmdir empty",
        "a mode": "chmod 600 other",
        "an owner": "chown 1234 other",
        "a link that leads elsewhere": "ln -sfn full link",
        "one of two names of a file": "rm hard",
        "a file in place of a folder": "rm -r full; echo > full",
        "a folder in place of a file": "rm other; mkdir -p other/more; echo > other/more/file",
      };
      for (const [what, change] of Object.entries(changes)) {
        // What is in that folder has to be removed by the image's `rm`.
        if (name === "bare" && what === "a folder in place of a file") continue;
        it(`gets back ${what}`, async function () {
          // Podman's archives do not have it.
          if (name === "bare" && what === "an owner" && (await connectEngine()).name.startsWith("Podman")) this.skip();
          await sh(`cd /data; ${change}`);
          await baseline.reset();
          expect(await sh(SHOWN)).to.equal(before);
        });
      }

      if (name === "usual")
        it("loses files and folders that were added", async () => {
          await sh("cd /data; mkdir -p new/deep; echo > new/deep/file; echo > '-rf added'");
          await baseline.reset();
          expect(await sh(SHOWN)).to.equal(before);
        });

      it("is not written to by a reset after which no spec has changed it", async () => {
        const written = (): Promise<string> => sh("stat -c %i,%z /data/other");
        await sh("echo mine > /data/other");
        await baseline.reset();
        const putBack = await written();
        await baseline.reset();
        expect(await written()).to.equal(putBack);
      });

      it("is brought back a second time", async () => {
        for (const content of ["first", "second"]) {
          await sh(`echo ${content} > /data/other`);
          await baseline.reset();
        }
        expect(await sh(SHOWN)).to.equal(before);
      });
    });
});
