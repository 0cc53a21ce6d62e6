import { randomUUID } from "node:crypto";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect } from "chai";
import { imageFrom, requireEngine } from "stackspec";
import type { ImageSource } from "stackspec";
import type { ResolvedImage } from "../../src/images/resolve.ts";
import { NODE, cleanUp, engine, imagesOfRun } from "./engine.ts";

/** What an image means to a run that has looked for none before. */
const resolve = (source: ImageSource): Promise<ResolvedImage> => imagesOfRun()(source);

describe("an image that could not be had", () => {
  requireEngine();
  it("is looked for again by a later stack of the run", async function () {
    this.timeout(60_000);
    const [repo, tag] = [`localhost:1/${randomUUID()}`, "1"];
    const resolveAgain = imagesOfRun();
    await expect(resolveAgain(`${repo}:${tag}`)).to.be.rejectedWith(/^REGISTRY_UNREACHABLE/);
    const docker = await engine();
    await docker.getImage((await resolve(NODE)).reference).tag({ repo, tag });
    try {
      await expect(resolveAgain(`${repo}:${tag}`)).to.eventually.have.property("origin", "local");
    } finally {
      await docker.getImage(`${repo}:${tag}`).remove();
    }
  });
});

describe("an image that is built", () => {
  requireEngine();
  const name = `spec-${randomUUID()}`;
  const base = `localhost/stackspec-spec/${name}`;
  const made: string[] = [];
  let folder: string;
  before("a base and a folder", async () => {
    folder = await mkdtemp(join(tmpdir(), "stackspec-image-"));
    await retag((await resolve(NODE)).reference);
  });
  cleanUp("its images are gone", async () => {
    await rm(folder, { recursive: true });
    const docker = await engine();
    for (const reference of [...made.toReversed(), `${base}:1`]) await docker.getImage(reference).remove();
  });

  /** Makes `reference` the image that the base's name means. */
  async function retag(reference: string): Promise<void> {
    await (await engine()).getImage(reference).tag({ repo: base, tag: "1" });
  }

  const build = (steps: string, options?: Parameters<typeof imageFrom>[2]): Promise<ResolvedImage> =>
    buildWhole(`ARG BASE=${base}:1\nFROM \${BASE} AS first\n${steps}\n`, options);
  async function buildWhole(dockerfile: string, options: Parameters<typeof imageFrom>[2] = {}): Promise<ResolvedImage> {
    await writeFile(join(folder, "Dockerfile"), dockerfile);
    const image = await resolve(imageFrom(name, folder, options));
    if (!made.includes(image.reference)) made.push(image.reference);
    return image;
  }

  it("has no network while it is", async function () {
    this.timeout(60_000);
    // Fails where there is another interface than the loopback's.
    const { reference } = await build('RUN test "$(ls /sys/class/net)" = lo');
    expect((await (await engine()).getImage(reference).inspect()).Id).to.match(/^sha256:/);
  });

  it("has one when it is declared to need it", async function () {
    this.timeout(60_000);
    await build('RUN test "$(ls /sys/class/net)" != lo', { network: true });
  });

  it("is the stage of its Dockerfile that is asked for, else the last one", async function () {
    this.timeout(60_000);
    const steps = "LABEL stage=first\nFROM first\nLABEL stage=last";
    const docker = await engine();
    const stages = await Promise.all(
      [{ target: "first" }, {}].map(async (options) => {
        const { Config } = await docker.getImage((await build(steps, options)).reference).inspect();
        return Config.Labels["stage"];
      }),
    );
    expect(stages).to.deep.equal(["first", "last"]);
  });

  it("stands on what the images are here that its Dockerfile names", async function () {
    this.timeout(60_000);
    const { reference } = await buildWhole(
      `FROM ${NODE} AS first\nLABEL own=yes\nFROM first\nCOPY --from=${NODE} /etc/hostname /\n`,
    );
    const docker = await engine();
    const layersOf = async (image: string) => (await docker.getImage(image).inspect()).RootFS.Layers!;
    const ofBase = await layersOf((await resolve(NODE)).reference);
    expect((await layersOf(reference)).slice(0, ofBase.length)).to.deep.equal(ofBase);
  });

  it("is built once for the same folder and base", async function () {
    this.timeout(60_000);
    const first = await build("LABEL kept=yes");
    expect(await build("LABEL kept=yes")).to.deep.equal(first);
  });

  it("is built anew when its base's name means another image", async function () {
    this.timeout(60_000);
    const before = await build("LABEL own=yes");
    const docker = await engine();
    const [repo, tag] = [`${base}-other`, "1"];
    const container = await docker.createContainer({ Image: `${base}:1`, Cmd: ["true"] });
    await container.commit({ repo, tag, changes: "LABEL base=other" });
    await container.remove();
    made.push(`${repo}:${tag}`);
    await retag(`${repo}:${tag}`);
    const after = await build("LABEL own=yes");
    expect(after.reference).not.to.equal(before.reference);
    const { Config } = await docker.getImage(after.reference).inspect();
    expect(Config.Labels).to.include({ own: "yes", base: "other" });
  });
});
