import { once } from "node:events";
import { createHash, randomUUID } from "node:crypto";
import { createServer } from "node:http";
import { json } from "node:stream/consumers";
import { setTimeout as sleep } from "node:timers/promises";
import { expect } from "chai";
import { useStack } from "stackspec";
import { listen } from "../unit/server.ts";
import type { Listening } from "../unit/server.ts";
import { GONE_WITHIN_MS, RUN_LABEL, cleanUp, engine, leftAfter } from "../integration/engine.ts";
import { makeProject } from "../integration/fixtures/pipeline/project.ts";
import type { Ended, Project } from "../integration/fixtures/pipeline/project.ts";
import { ownAddress, password, registryStack, user, wayTo } from "../integration/fixtures/pipeline/registry.ts";

interface ImageManifest {
  readonly config: { readonly digest: string };
}

describe("a pipeline", function () {
  this.timeout(120_000);
  const stack = useStack(registryStack, { scope: "suite" });
  let project: Project;
  let way: Listening;
  let registry: string;
  let settings: Record<string, string>;
  let first: Ended;
  /** What the hook was told, by the path that it was called under. */
  const told = new Map<string, { image: string }>();
  let hook: Listening;
  const hookAt = (path: string): string => `http://127.0.0.1:${hook.port}${path}?token=open-barley`;

  // All but the first run is one of a copy: what it leaves is of no concern to the other specs.
  const stage = (name: string, more: Record<string, string> = {}, where = project.copy()): Promise<Ended> =>
    where.run(["stage", name], { ...settings, ...more });
  const released = (): { image: string; reference: string } => JSON.parse(project.read("target/release.json")) as never;
  const manifest = (): { files: Record<string, string>; revision: string; created: string } =>
    JSON.parse(project.read("target/manifest.json")) as never;
  const published = (): { tags: Record<string, string> } => JSON.parse(project.read("output/publish.json")) as never;
  const ask = (path: string): Promise<Response> =>
    fetch(`http://${registry}/v2/team/tiny/${path}`, {
      headers: {
        Authorization: `Basic ${Buffer.from(`${user}:${password}`).toString("base64")}`,
        Accept: "application/vnd.docker.distribution.manifest.v2+json, application/vnd.oci.image.manifest.v1+json",
      },
    });
  const tagsThere = async (): Promise<string[]> =>
    ((await (await ask("tags/list")).json()) as { tags: string[] }).tags.toSorted();

  before("it has run once", async () => {
    const server = createServer(async (request, response) => {
      told.set(request.url!.split("?")[0]!, (await json(request)) as { image: string });
      response.end();
    });
    hook = await listen(server);
    project = makeProject();
    project.write("target/app/stale.txt", "of an earlier run");
    const host = await ownAddress();
    way = await wayTo(stack.registry.getHost(), stack.registry.getMappedPort(5000), host);
    registry = `${host}:${way.port}`;
    settings = {
      STACKSPEC_REGISTRY: `${registry}/team`,
      STACKSPEC_REGISTRY_USER: user,
      STACKSPEC_REGISTRY_PASSWORD: password,
      STACKSPEC_BUILD: "7",
      LICENCES_TOKEN: "open-rye-and-oats",
    };
    const more = { GITHUB_STEP_SUMMARY: "output/step.md", STACKSPEC_DEPLOY_HOOK: hookAt("/first") };
    first = await project.run(["pipeline"], { ...settings, ...more });
    if (first.exitCode !== 0) throw new Error(first.output);
  });

  cleanUp("nothing of it is left", async () => {
    await Promise.all([hook.close(), way.close()]);
    const docker = await engine();
    const { Volumes } = await docker.listVolumes({ filters: { name: [`stackspec-cache-${project.name}-`] } });
    for (const { Name } of Volumes) await docker.getVolume(Name).remove();
    const filters = { label: [`org.opencontainers.image.title=${project.name}`] };
    for (const { Id } of await docker.listImages({ filters })) await docker.getImage(Id).remove({ force: true });
    project.remove();
  });

  describe("that is green", () => {
    it("runs its stages in their order", () => {
      expect([...first.output.matchAll(/^── (\w+) ─/gm)].map(([, name]) => name)).to.deep.equal([
        "test",
        "build",
        "release",
        "publish",
      ]);
    });

    it("shows how long each stage and task took", () => {
      expect(first.output)
        .to.match(/^release +passed +\d+\.\d /m)
        .and.match(/^ {2}unit +passed +\d+\.\d$/m);
    });

    it("writes the same table as Markdown", () => {
      expect(project.read("output/summary.md")).to.match(/^\| publish \| passed \| \d+\.\d \|/m);
    });

    it("appends that table to the summary of GitHub's job", () => {
      expect(project.read("output/step.md")).to.equal(project.read("output/summary.md"));
    });

    it("does not call green what could not be checked", () => {
      expect(first.output).to.match(/^ {2}audit +not checked +\d+\.\d +nobody answers$/m);
    });

    it("hides secrets in each of these", () => {
      for (const text of [first.output, project.read("output/summary.md"), project.read("output/step.md")])
        expect(text).to.contain("nobody knows ***").and.not.contain("open-rye-and-oats");
    });

    it("tells its acceptance specs neither the registry's password nor the deploy hook", () => {
      expect(JSON.parse(project.read("output/environment.json")))
        .to.include("APP_IMAGE")
        .and.not.include.members(["STACKSPEC_REGISTRY_PASSWORD"])
        .and.not.include.members(["STACKSPEC_DEPLOY_HOOK"]);
    });

    it("takes the reports out of the containers", () => {
      expect(project.read("output/unittests.xml")).to.contain('failures="0"');
    });

    it("builds where there is no network", () => {
      expect(project.read("target/app/networks.txt")).to.equal("lo");
    });

    it("builds its image where there is no network either", () => {
      expect(project.read("output/networks.txt")).to.equal("lo\n");
    });

    it("takes nothing for its artefact that was there before", () => {
      expect(manifest().files).to.have.all.keys("Dockerfile", "greeting.txt", "main.mjs", "networks.txt");
    });

    it("has in its registry, under every tag, the image that was tested", async () => {
      for (const tag of Object.keys(published().tags)) {
        const answer = await ask(`manifests/${tag}`);
        const { config } = (await answer.json()) as ImageManifest;
        // An image's ID is the digest of the one or of the other, as the engine keeps images.
        expect([config.digest, answer.headers.get("docker-content-digest")]).to.include(released().image);
      }
    });

    it("tags with version, hash, branch and latest, and those that may move with the build's number too", async () => {
      const tags = await tagsThere();
      const hash = tags.find((tag) => /^[0-9a-f]{7,}$/.test(tag));
      expect(tags).to.have.members(["1.2.3", "1.2.3.7", "latest", "latest.7", "main", "main.7", hash]);
    });

    it("writes down the digests that the registry answers", async () => {
      const { headers } = await ask("manifests/1.2.3");
      expect(published().tags).to.have.property("1.2.3", headers.get("docker-content-digest"));
    });

    it("labels the image with version, revision, date and source", async () => {
      const { Config } = await (await engine()).getImage(released().image).inspect();
      const { revision, created } = manifest();
      expect(Config.Labels).to.include({
        "org.opencontainers.image.version": "1.2.3",
        "org.opencontainers.image.revision": revision,
        "org.opencontainers.image.created": created,
        "org.opencontainers.image.source": "https://tiny.example/source",
      });
    });

    it("leaves no name of the registry on the engine", async () => {
      const { RepoTags } = await (await engine()).getImage(released().image).inspect();
      expect(RepoTags).to.deep.equal([released().reference]);
    });

    it("fills its cache once", async () => {
      const copy = project.copy();
      const { exitCode } = await stage("test", {}, copy);
      expect([exitCode, copy.read("output/fills.txt")]).to.deep.equal([0, "filled\n"]);
    });
  });

  describe("whose input is bad", () => {
    const refuses = ({ exitCode, output }: Ended, sentence: RegExp): void => {
      expect(output).to.match(sentence);
      expect(exitCode).to.equal(2);
    };

    it("refuses a stage that it does not have", async () => {
      refuses(await stage("relase"), /^USAGE: stage: expected one of test, build, release, publish, got "relase"$/m);
    });

    it("refuses to start without the registry that its last stage needs", async () => {
      const ended = await project.copy().run(["pipeline"], { ...settings, STACKSPEC_REGISTRY: "" });
      refuses(ended, /^USAGE: STACKSPEC_REGISTRY: expected a registry/m);
    });

    it("refuses a password that the registry does not know, and does not show it", async () => {
      const ended = await stage("publish", { STACKSPEC_REGISTRY_PASSWORD: "close-sesame" });
      refuses(ended, /^REGISTRY_DENIED: [\d.]+:\d+: expected it to let us push, it refuses user or password/m);
      expect(ended.output).not.to.contain("close-sesame");
    });

    it("refuses a registry that is not there", async () => {
      refuses(
        await stage("publish", { STACKSPEC_REGISTRY: "127.0.0.1:1/team" }),
        /^REGISTRY_UNREACHABLE: 127\.0\.0\.1:1: expected a registry there/m,
      );
    });

    it("refuses a tag that Docker forbids", async () => {
      refuses(
        await stage("publish", { STACKSPEC_TAGS: "a b" }),
        /^USAGE: STACKSPEC_TAGS: expected a tag .*, got "a b"$/m,
      );
    });

    it("refuses to build sources that have changed since they were tested", async () => {
      const copy = project.copy();
      copy.edit("app/main.mjs", "greeting", "salute");
      refuses(await stage("build", {}, copy), /^USAGE: app: expected the sources that "test" has tested/m);
    });

    it("refuses to build with another cache than that of the tests", async () => {
      const copy = project.copy();
      copy.edit("version.txt", "1.2.3", "1.2.4");
      refuses(await stage("build", {}, copy), /^USAGE: greetings: expected the greetings that "test" ran with/m);
    });

    it("refuses to publish from a dirty tree", async () => {
      const copy = project.copy();
      copy.write("left-over.txt", "");
      refuses(await stage("publish", {}, copy), /^USAGE: git: expected a clean tree, left-over\.txt is not committed/m);
    });

    it("refuses to publish another image under the name of the one that passed", async () => {
      const docker = await engine();
      const { Image } = await docker.getContainer(stack.registry.getId()).inspect();
      const [repo, tag] = ["localhost/moved", randomUUID()];
      const reference = `${repo}:${tag}`;
      const copy = project.copy();
      copy.write("target/release.json", JSON.stringify({ ...released(), reference }));
      await docker.getImage(Image).tag({ repo, tag });
      try {
        refuses(await stage("publish", {}, copy), /expected the image sha256:\w+ that passed, it is sha256:\w+ now/);
      } finally {
        await docker.getImage(reference).remove();
      }
    });

    it("refuses to publish an image that is gone", async () => {
      const copy = project.copy();
      copy.write("target/release.json", JSON.stringify({ ...released(), reference: `gone:${randomUUID()}` }));
      refuses(await stage("publish", {}, copy), /expected the image sha256:\w+ that passed, found none/);
    });

    it("refuses to publish with another acceptance report", async () => {
      const copy = project.copy();
      copy.write("output/acceptance.xml", project.read("output/acceptance.xml").replace("failures", "errors"));
      refuses(
        await stage("publish", {}, copy),
        /expected the report that "release" has recorded, it has changed since/,
      );
    });

    it("refuses an artefact that was changed after it was built", async () => {
      const copy = project.copy();
      copy.write("target/app/greeting.txt", "hi");
      refuses(
        await stage("publish", {}, copy),
        /target\/app\/greeting\.txt: expected the files that "build" made, this one was changed/,
      );
    });

    it("refuses an artefact that was built anew after it was tested", async () => {
      const copy = project.copy();
      copy.write("target/manifest.json", JSON.stringify({ ...manifest(), created: new Date().toISOString() }));
      refuses(
        await stage("publish", {}, copy),
        /manifest\.json: expected the artefact that "release" has tested, it has been built anew/,
      );
    });

    it("has pushed nothing of all that", async () => {
      expect(await tagsThere()).to.have.length(7);
    });
  });

  describe("that builds in a dirty tree", () => {
    let copy: Project;
    before("it has been built there", async () => {
      copy = project.copy();
      copy.write("left-over.txt", "");
      const { exitCode, output } = await stage("build", {}, copy);
      expect(exitCode, output).to.equal(0);
    });

    it("says so in its manifest", () => {
      expect(JSON.parse(copy.read("target/manifest.json"))).to.have.property("dirty", true);
    });

    it("does not publish that when the tree is clean again", async () => {
      const digest = createHash("sha256").update(copy.read("target/manifest.json")).digest("hex");
      copy.write("target/release.json", JSON.stringify({ ...released(), manifest: digest }));
      copy.erase("left-over.txt");
      const { exitCode, output } = await stage("publish", {}, copy);
      expect(output).to.match(/^USAGE: git: expected an artefact of a clean tree, it was built in a dirty one/m);
      expect(exitCode).to.equal(2);
    });
  });

  describe("that deploys", () => {
    it("tells its hook the digest that it has pushed", () => {
      expect(told.get("/first")).to.have.property("image", `${registry}/team/tiny@${published().tags["1.2.3"]}`);
    });

    it("tells it nothing on another branch", async () => {
      const { output } = await stage("publish", {
        STACKSPEC_REGISTRY: `${registry}/branch`,
        STACKSPEC_DEPLOY_HOOK: hookAt("/branch"),
        STACKSPEC_BRANCH: "feature/x",
      });
      expect([told.has("/branch"), output.includes("not deployed: feature/x is not main")]).to.deep.equal([
        false,
        true,
      ]);
    });

    it("is red where the hook fails", async () => {
      const { exitCode, output } = await stage("publish", { STACKSPEC_DEPLOY_HOOK: "exit 3" });
      expect([exitCode, output.includes("the command exited with 3")]).to.deep.equal([1, true]);
    });
  });

  describe("that is red", () => {
    it("stops at its acceptance specs, and publishes nothing afterwards", async () => {
      const copy = project.copy();
      copy.edit("specs/acceptance/tiny.spec.ts", 'equal("hello")', 'equal("good-bye")');
      const { exitCode, output } = await copy.run(["pipeline"], settings);
      expect(output)
        .to.match(/^release +failed .*acceptance failed/m)
        .and.match(/^publish +not run$/m);
      expect(exitCode).to.equal(1);
      const publish = await stage("publish", {}, copy);
      expect([publish.exitCode, publish.output]).to.satisfy(
        ([code, text]: [number, string]) => code === 2 && text.includes('expected what the stage "release" hands over'),
      );
      expect(copy.read("output/acceptance.xml")).to.contain('failures="1"');
    });

    it("stops at its unit tests, with their report", async () => {
      const copy = project.copy();
      copy.edit("app/greeting.txt", "hello", "hullo");
      const { exitCode, output } = await copy.run(["pipeline"], settings);
      expect(output)
        .to.match(/^test +failed .*unit failed/m)
        .and.match(/^build +not run$/m);
      expect([exitCode, copy.read("output/unittests.xml")]).to.deep.equal([
        1,
        '<testsuite name="tiny" tests="1" failures="1"/>\n',
      ]);
    });

    it("ends when half of its cache is on its way to the engine, and the other half cannot be read", async () => {
      const copy = project.copy();
      copy.edit("app/greeting.txt", "hello", "pipe");
      const { exitCode, output } = await stage("test", {}, copy);
      expect(output).to.contain("TASK_FAILED: greetings: the cache cannot be filled: unsupported type for pipe");
      expect(exitCode).to.equal(1);
    });

    it("builds nothing of what was not tested", async () => {
      const copy = project.copy();
      copy.edit("app/greeting.txt", "hello", "hullo");
      await stage("test", {}, copy);
      const { exitCode, output } = await stage("build", {}, copy);
      expect([exitCode, output.includes(`expected what the stage "test" hands over, found nothing`)]).to.deep.equal([
        2,
        true,
      ]);
    });

    it("releases no image that runs as root", async () => {
      const copy = project.copy();
      const dockerfile = copy.read("target/app/Dockerfile").replace(/^USER .*$/m, "");
      copy.write("target/app/Dockerfile", dockerfile);
      const Dockerfile = createHash("sha256").update(dockerfile).digest("hex");
      const { files, ...rest } = manifest();
      copy.write("target/manifest.json", JSON.stringify({ ...rest, files: { ...files, Dockerfile } }));
      const { exitCode, output } = await stage("release", {}, copy);
      expect(output).to.contain("expected an image that runs as a user other than root");
      expect(exitCode).to.equal(1);
    });

    it("is so when somebody else has pushed to its tag at the same moment", async () => {
      const { exitCode, output } = await stage("publish", { STACKSPEC_REGISTRY: `${registry}/contested` });
      expect(output).to.match(/1\.2\.3: expected sha256:\w+, as it was pushed, the registry has sha256:\w+/);
      expect(exitCode).to.equal(1);
    });
  });

  describe("that is ended while a container runs", () => {
    /** A run of a project whose test never ends, as soon as that is under way, and the label of what is its own. */
    async function underWay(): Promise<ReturnType<Project["start"]> & { label: string }> {
      const copy = project.copy();
      copy.edit("app/greeting.txt", "hello", "wait");
      const child = copy.start(["stage", "test"], settings);
      const docker = await engine();
      while (child.process.exitCode === null) {
        const containers = await docker.listContainers({ filters: { label: ["dev.stackspec.name=unit"] } });
        const ours = containers.find(({ Mounts }) => Mounts.some(({ Name }) => Name?.includes(project.name)));
        if (ours !== undefined) return { ...child, label: `${RUN_LABEL}=${ours.Labels[RUN_LABEL]}` };
        await sleep(100);
      }
      throw new Error(`expected a container, the run ended with:\n${(await child.ended).output}`);
    }

    it("by Ctrl-C removes that before it ends itself", async () => {
      const { process, ended, label } = await underWay();
      process.kill("SIGINT");
      const { exitCode, output } = await ended;
      expect(output).to.match(/^test +cancelled +\d+\.\d +CANCELLED: pipeline: stopped by SIGINT$/m);
      expect([exitCode, await leftAfter(label, 0)]).to.deep.equal([130, []]);
    });

    it("by kill -9 leaves nothing either", async () => {
      const { process, label } = await underWay();
      process.kill("SIGKILL");
      await once(process, "exit");
      expect(await leftAfter(label, GONE_WITHIN_MS)).to.deep.equal([]);
    });
  });
});
