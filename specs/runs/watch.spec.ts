import { execFileSync } from "node:child_process";
import { randomUUID } from "node:crypto";
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { expect } from "chai";
import type Dockerode from "dockerode";
import { requireEngine } from "stackspec";
import { RUN_LABEL, cleanUp, engine, labelled, removeLabelled } from "../integration/engine.ts";
import { startNode } from "../integration/child.ts";
import type { Child } from "../integration/child.ts";

const repository = join(import.meta.dirname, "../..");

const STACK = (name: string): string => `
import { defineStack, imageFrom } from "stackspec";
import { GenericContainer } from "testcontainers";
const idle = ({ image }) => new GenericContainer(image).withCommand(["sleep", "1000"]);
export default defineStack("${name}", ({ service }) => {
  const db = service("db", idle, { image: "node:24-slim" });
  return { db, app: service("app", idle, { image: imageFrom("${name}", "app"), after: [db] }) };
});
`;

/** A spec that tells which server there is, and what the application is. */
const tells = (what: string): string => `
import { appendFileSync } from "node:fs";
import { useStack } from "stackspec";
import own from "./stack.ts";
const stack = useStack(own);
it("tells", async () => {
  const { output } = await stack.app.exec(["cat", "/version"]);
  appendFileSync("written-by-each-run", "more");
  console.log("${what} " + stack.db.getId() + " " + output.trim());
});
`;

const DOCKERFILE = "ARG BASE=node:24-slim\nFROM ${BASE}\nCOPY version /version\n";

describe("stackspec watch", function () {
  this.timeout(120_000);
  requireEngine();
  const name = `watch-${randomUUID().slice(0, 8)}`;
  let folder = "";
  let child: Child;
  /** What was shown from each edit, or from the start, until it waited for the next. */
  const shown: Record<string, string> = {};
  let owner = "";
  let waits = 0;
  let end = 0;

  const write = (file: string, content: string): void => {
    mkdirSync(dirname(join(folder, file)), { recursive: true });
    writeFileSync(join(folder, file), content);
  };
  async function watch(title: string): Promise<void> {
    child = startNode([join(repository, "src/cli/main.ts"), "watch", "integration"], {
      cwd: folder,
      environment: {
        JUNIT_REPORT_PATH: join(folder, "reports/"),
        STACKSPEC_SNAPSHOTS: "off",
        STACKSPEC_IMAGES: "auto",
      },
    });
    waits = end = 0;
    await untilItWaits(title);
  }
  async function interrupt(): Promise<void> {
    child.process.kill("SIGINT");
    const { exitCode, output } = await child.ended;
    expect(exitCode, output).to.equal(0);
  }
  async function untilItWaits(title: string): Promise<void> {
    waits += 1;
    const [output] = await child.shown(new RegExp(`^(?:[^]*?Waiting for an edit[^\\n]*\\n){${waits}}`));
    shown[title] = output.slice(end);
    end = output.length;
  }
  async function edit(title: string, file: string, content: string): Promise<void> {
    write(file, content);
    await untilItWaits(title);
  }
  /** The server's id and the version, as a spec has told them. */
  const told = (title: string, what: string): string[] =>
    new RegExp(`^${what} (.*)$`, "m").exec(shown[title]!)![1]!.split(" ");

  /** The server, as the engine knows it. */
  const serverIn = async (title: string): Promise<Dockerode.ContainerInspectInfo> =>
    (await engine()).getContainer(/^(?:one|again) (\w+)/m.exec(shown[title]!)![1]!).inspect();

  before("a project is watched while it is edited", async () => {
    folder = mkdtempSync(join(tmpdir(), "stackspec-watch-"));
    mkdirSync(join(folder, "node_modules"));
    symlinkSync(repository, join(folder, "node_modules/stackspec"));
    symlinkSync(join(repository, "node_modules/testcontainers"), join(folder, "node_modules/testcontainers"));
    write("package.json", '{ "type": "module" }');
    write("specs/integration/stack.ts", STACK(name));
    write("specs/integration/one.spec.ts", tells("one"));
    write("specs/integration/two.spec.ts", tells("two"));
    write("app/Dockerfile", DOCKERFILE);
    write("app/version", "1");
    write("written-by-each-run", "");
    await watch("start");
    owner = (await serverIn("start")).Config.Labels[RUN_LABEL]!;
    await edit("spec", "specs/integration/two.spec.ts", tells("edited"));
    await edit("application", "app/version", "2");
    await edit("build", "app/Dockerfile", `${DOCKERFILE}COPY missing /\n`);
    await edit("mended", "app/Dockerfile", `${DOCKERFILE}# Mended.\n`);
    await edit("syntax", "specs/integration/one.spec.ts", "it('is not closed', () => {");
    await edit("again", "specs/integration/one.spec.ts", tells("again"));
    await interrupt();
  });
  cleanUp("its image and its folder are gone", async () => {
    if (owner !== "") await removeLabelled(`${RUN_LABEL}=${owner}`);
    const docker = await engine();
    const images = await docker.listImages({ filters: { reference: [`localhost/stackspec/${name}`] } });
    await Promise.all(images.map(({ Id }) => docker.getImage(Id).remove({ force: true })));
    rmSync(folder, { recursive: true });
  });

  it("runs all spec files first", () => {
    expect(shown["start"])
      .to.match(/^one \w+ 1$/m)
      .and.to.match(/^two \w+ 1$/m);
  });

  it("runs an edited spec file alone, on the stack that is up", () => {
    expect(told("spec", "edited")).to.deep.equal(told("start", "one"));
    expect(shown["spec"]).not.to.match(/^one /m);
  });

  it("runs all of them on an edited application, beside what did not change", () => {
    const [server] = told("start", "one");
    expect(told("application", "one")).to.deep.equal([server, "2"]);
    expect(told("application", "edited")).to.deep.equal([server, "2"]);
  });

  it("shows why an image does not build, and goes on with the stack that was up", () => {
    expect(shown["build"]).to.include("IMAGE_BUILD_FAILED");
    expect(told("mended", "one")).to.deep.equal(told("application", "one"));
  });

  it("shows why a spec file cannot be read, and waits for the next edit", () => {
    expect(shown["syntax"]).to.match(/SyntaxError|one\.spec\.ts/);
    expect(told("again", "again")).to.deep.equal(told("application", "one"));
  });

  it("runs once more for a file that a run has written, and not for ever", () => {
    expect(shown["start"]!.match(/^Edited: .*$/gm)).to.deep.equal(["Edited: written-by-each-run"]);
    expect(shown["spec"]).to.match(/^Edited: specs\/integration\/two\.spec\.ts$/m);
  });

  it("leaves nothing when it is told to end", async () => {
    expect(await labelled(`${RUN_LABEL}=${owner}`)).to.deep.equal([]);
  });

  describe("that is killed", () => {
    let killed: Dockerode.ContainerInspectInfo;
    let next: Dockerode.ContainerInspectInfo;
    before("another begins at once", async () => {
      await watch("killed");
      killed = await serverIn("killed");
      const watchdog = execFileSync("pgrep", ["-f", `watchdog\\.[jt]s ${owner} `], { encoding: "utf8" }).trim();
      child.process.kill("SIGKILL");
      await child.ended;
      await watch("next");
      execFileSync("tail", ["--pid", watchdog, "-f", "/dev/null"], { timeout: 60_000 });
      next = await serverIn("next");
      await interrupt();
    });

    it("leaves nothing that is taken over", () => {
      expect(next.Id).not.to.equal(killed.Id);
    });

    it("takes nothing from the next", () => {
      expect(next.State.Status).to.equal("running");
    });

    it("leaves nothing when the next is told to end", async () => {
      expect(await labelled(`${RUN_LABEL}=${owner}`)).to.deep.equal([]);
    });
  });
});
