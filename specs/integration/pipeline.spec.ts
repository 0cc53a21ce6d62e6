import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { expect } from "chai";
import { defineStack, listens, useStack } from "stackspec";
import { GenericContainer } from "testcontainers";
import { cleanUp, engine } from "./engine.ts";
import { makeProject } from "./fixtures/pipeline/project.ts";
import type { Ended, Project } from "./fixtures/pipeline/project.ts";

const user = "stackspec";
const password = "open-sesame";
/** The password, as `htpasswd -B` writes it. */
const htpasswd = `${user}:$2y$05$x4rMz.QB8rsZ3Ul.89bHY.rGUwQ3TKg/E/Pt4yBlSAUq/CwBnHVY.\n`;

const registryStack = defineStack("registry", (stack) => {
  const registry = stack.service(
    "registry",
    ({ image }) =>
      new GenericContainer(image)
        .withExposedPorts(5000)
        .withCopyContentToContainer([{ content: htpasswd, target: "/etc/htpasswd" }])
        .withEnvironment({
          REGISTRY_AUTH: "htpasswd",
          REGISTRY_AUTH_HTPASSWD_REALM: "tiny",
          REGISTRY_AUTH_HTPASSWD_PATH: "/etc/htpasswd",
        }),
    { image: "registry:3", ready: listens() },
  );
  return { registry };
});

interface ImageManifest {
  readonly config: { readonly digest: string };
}

describe("a pipeline", function () {
  this.timeout(60_000);
  const stack = useStack(registryStack, { scope: "suite" });
  let project: Project;
  let registry: string;
  let settings: Record<string, string>;
  let first: Ended;

  const pipeline = (more: Record<string, string> = {}): Promise<Ended> =>
    project.run(["pipeline"], { ...settings, ...more });
  const stage = (name: string, more: Record<string, string> = {}): Promise<Ended> =>
    project.run(["stage", name], { ...settings, ...more });
  const released = (): { image: string; reference: string } => JSON.parse(project.read("target/release.json")) as never;
  const published = (): { tags: Record<string, string> } => JSON.parse(project.read("reports/publish.json")) as never;
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
    project = makeProject();
    registry = `127.0.0.1:${stack.registry.getMappedPort(5000)}`;
    settings = {
      STACKSPEC_REGISTRY: `${registry}/team`,
      STACKSPEC_REGISTRY_USER: user,
      STACKSPEC_REGISTRY_PASSWORD: password,
      STACKSPEC_BUILD: "7",
    };
    first = await pipeline({ GITHUB_STEP_SUMMARY: "reports/step.md" });
    if (first.exitCode !== 0) throw new Error(first.output);
  });

  cleanUp("nothing of it is left", async () => {
    const docker = await engine();
    const { Volumes } = await docker.listVolumes({ filters: { label: ["dev.stackspec.cache=greetings"] } });
    for (const { Name } of Volumes) await docker.getVolume(Name).remove();
    for (const { Id } of await docker.listImages({ filters: { label: ["org.opencontainers.image.title=tiny"] } }))
      await docker.getImage(Id).remove({ force: true });
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
      expect(project.read("reports/summary.md")).to.match(/^\| publish \| passed \| \d+\.\d \|/m);
    });

    it("appends that table to the summary of GitHub's job", () => {
      expect(project.read("reports/step.md")).to.equal(project.read("reports/summary.md"));
    });

    it("does not call green what could not be checked", () => {
      expect(first.output).to.match(/^ {2}audit +not checked +\d+\.\d +nobody answers$/m);
    });

    it("takes the reports out of the containers", () => {
      expect(project.read("reports/unittests.xml")).to.contain('failures="0"');
    });

    it("builds where there is no network", () => {
      expect(project.read("target/app/networks.txt")).to.equal("lo");
    });

    it("has in its registry, under every tag, the image that was tested", async () => {
      const images = await Promise.all(
        Object.keys(published().tags).map(
          async (tag) => ((await (await ask(`manifests/${tag}`)).json()) as ImageManifest).config.digest,
        ),
      );
      expect(new Set(images)).to.deep.equal(new Set([released().image]));
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
      const { revision, created } = JSON.parse(project.read("target/manifest.json")) as Record<string, string>;
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
      const { exitCode } = await stage("test");
      expect([exitCode, project.read("reports/fills.txt")]).to.deep.equal([0, "filled\n"]);
      await stage("build");
      await stage("release");
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
      refuses(await pipeline({ STACKSPEC_REGISTRY: "" }), /^USAGE: STACKSPEC_REGISTRY: expected a registry/m);
    });

    it("refuses a password that the registry does not know, and does not show it", async () => {
      const ended = await stage("publish", { STACKSPEC_REGISTRY_PASSWORD: "close-sesame" });
      refuses(ended, /^REGISTRY_DENIED: 127\.0\.0\.1:\d+: expected it to let us push, it refuses user or password/m);
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

    it("refuses to publish from a dirty tree", async () => {
      project.write("left-over.txt", "");
      refuses(await stage("publish"), /^USAGE: git: expected a clean tree, left-over\.txt is not committed/m);
      project.write(".git/info/exclude", "left-over.txt\n");
    });

    it("refuses to publish another image under the name of the one that passed", async () => {
      const docker = await engine();
      const { image, reference } = released();
      const [repo = "", tag = ""] = reference.split(/:(?=[^:]+$)/);
      const other = (await docker.listImages()).find(({ Id }) => Id !== image)!;
      await docker.getImage(other.Id).tag({ repo, tag });
      refuses(await stage("publish"), /expected the image sha256:\w+ that passed, it is sha256:\w+ now/);
      await docker.getImage(image).tag({ repo, tag });
    });

    it("refuses to publish without the acceptance report", async () => {
      const report = project.read("reports/acceptance.xml");
      project.write("reports/acceptance.xml", report.replace('failures="0"', 'failures="1"'));
      refuses(await stage("publish"), /expected the report that "release" has recorded, it has changed since/);
      project.write("reports/acceptance.xml", report);
    });

    it("refuses an artefact that was changed after it was built", async () => {
      const text = project.read("target/app/greeting.txt");
      project.write("target/app/greeting.txt", "hi");
      refuses(
        await stage("publish"),
        /target\/app\/greeting\.txt: expected the files that "build" made, this one was changed/,
      );
      project.write("target/app/greeting.txt", text);
    });

    it("has pushed nothing of all that", async () => {
      expect(await tagsThere()).to.have.length(7);
    });
  });

  describe("that deploys", () => {
    let told: { image?: string } = {};
    const hook = createServer((request, response) => {
      request
        .on("data", (body: Buffer) => (told = JSON.parse(body.toString()) as typeof told))
        .on("end", () => response.end());
    });
    let address: string;
    before("the hook listens", (done) => {
      hook.listen(0, "127.0.0.1", () => {
        address = `http://127.0.0.1:${(hook.address() as AddressInfo).port}/?token=open-barley`;
        done();
      });
    });
    beforeEach(() => (told = {}));
    after(() => hook.close());

    it("tells its hook the digest that it has pushed", async () => {
      await stage("publish", { STACKSPEC_DEPLOY_HOOK: address });
      expect(told).to.have.property("image", `${registry}/team/tiny@${published().tags["1.2.3"]}`);
    });

    it("tells it nothing on another branch", async () => {
      const { output } = await stage("publish", { STACKSPEC_DEPLOY_HOOK: address, STACKSPEC_BRANCH: "feature/x" });
      expect([told, output.includes("not deployed: feature/x is not main")]).to.deep.equal([{}, true]);
    });

    it("is red where the hook fails", async () => {
      const { exitCode, output } = await stage("publish", { STACKSPEC_DEPLOY_HOOK: "exit 3" });
      expect([exitCode, output.includes("the command exited with 3")]).to.deep.equal([1, true]);
    });
  });

  describe("that is red", () => {
    it("stops at its acceptance specs, and publishes nothing afterwards", async () => {
      project.edit("specs/acceptance/tiny.spec.ts", 'equal("hello")', 'equal("good-bye")');
      const { exitCode, output } = await pipeline();
      expect(output)
        .to.match(/^release +failed .*acceptance failed/m)
        .and.match(/^publish +not run$/m);
      expect(exitCode).to.equal(1);
      const publish = await stage("publish");
      expect([publish.exitCode, publish.output]).to.satisfy(
        ([code, text]: [number, string]) => code === 2 && text.includes('expected what the stage "release" hands over'),
      );
      expect(project.read("reports/acceptance.xml")).to.contain('failures="1"');
    });

    it("stops at its unit tests, with their report", async () => {
      project.edit("app/greeting.txt", "hello", "hullo");
      const { exitCode, output } = await pipeline();
      expect(output)
        .to.match(/^test +failed .*unit failed/m)
        .and.match(/^build +not run$/m);
      expect([exitCode, project.read("reports/unittests.xml")]).to.deep.equal([
        1,
        '<testsuite name="tiny" tests="1" failures="1"/>\n',
      ]);
    });

    it("builds nothing of what was not tested", async () => {
      const { exitCode, output } = await stage("build");
      expect([exitCode, output.includes(`expected what the stage "test" hands over, found nothing`)]).to.deep.equal([
        2,
        true,
      ]);
    });
  });
});
