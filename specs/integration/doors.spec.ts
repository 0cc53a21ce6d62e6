import { mkdir, mkdtemp, readdir, readFile, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { PassThrough } from "node:stream";
import { text } from "node:stream/consumers";
import { expect } from "chai";
import type Dockerode from "dockerode";
import { useStack } from "stackspec";
import release from "../stacks/release.ts";
import { resultOf } from "./child.ts";
import { REAPER_LABEL, RUN_LABEL, STACK_LABEL, engine, inspectAll, onceThere } from "./engine.ts";

const SOCKET = /docker\.sock/;

describe("the containers of the release stack", () => {
  const stack = useStack(release);
  let services: Map<string, Dockerode.ContainerInspectInfo>;
  let reapers: Dockerode.ContainerInspectInfo[];
  before("they have been inspected", async function () {
    this.timeout(30_000);
    const volume = await (await engine()).getVolume(stack.webroot.name).inspect();
    services = await inspectAll(volume.Labels[STACK_LABEL]!);
    // The reaper comes beside the first stack, and may come after it.
    reapers = await onceThere(`${REAPER_LABEL}=${volume.Labels[RUN_LABEL]}`);
  });

  /** What a program writes in a container. */
  async function outputOf(id: string, Cmd: string[]): Promise<string> {
    const { modem } = await engine();
    const exec = await (await engine()).getContainer(id).exec({ Cmd, AttachStdout: true });
    const output = new PassThrough();
    const stream = await exec.start({});
    modem.demuxStream(stream, output, output);
    stream.once("close", () => output.end());
    return text(output);
  }

  /** "3306/tcp on 127.0.0.1" for each published port. */
  const doors = ({ NetworkSettings }: Dockerode.ContainerInspectInfo): string[] =>
    Object.entries(NetworkSettings.Ports as Record<string, { HostIp: string }[] | null>).flatMap(([port, bindings]) =>
      (bindings ?? []).map(({ HostIp }) => `${port} on ${HostIp}`),
    );

  it("publish on the loopback interface only", () => {
    const all = [...services.values(), ...reapers].flatMap(doors);
    expect(all).not.to.be.empty;
    for (const door of all) expect(door).to.match(/ on 127\.0\.0\.1$/);
  });

  for (const [name, expected] of Object.entries({ db: ["3306/tcp"], app: [], nginx: ["8000/tcp"] }))
    it(`publish of ${name} ${expected.length === 0 ? "nothing" : `only ${expected.join()}, which a probe or a spec uses`}`, () => {
      expect(doors(services.get(name)!).map((door) => door.split(" ")[0])).to.deep.equal(expected);
    });

  for (const name of ["db", "app", "nginx"]) {
    it(`run no process of ${name} as root`, async () => {
      const { Processes } = await (
        await engine()
      )
        .getContainer(services.get(name)!.Id)
        .top({ ps_args: "-eo pid,uid,comm" });
      expect(Processes).not.to.be.empty;
      // Podman may run `ps` in the container, as root.
      const own = (Processes as string[][]).filter(([, , command]) => command !== "ps");
      for (const [, uid, command] of own) expect(Number(uid), command).to.be.above(0);
    });

    it(`leave ${name} no capability and no way to new privileges`, async () => {
      const { Id, HostConfig } = services.get(name)!;
      const status = await outputOf(Id, ["cat", "/proc/1/status"]);
      expect(status.match(/^(Cap|NoNewPrivs).*/gm)).to.deep.equal([
        ...["CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb"].map((set) => `${set}:\t0000000000000000`),
        "NoNewPrivs:\t1",
      ]);
      expect(HostConfig.Privileged).to.equal(false);
    });

    it(`give ${name} a root file system that cannot be written`, async () => {
      expect(services.get(name)!.HostConfig.ReadonlyRootfs).to.equal(true);
    });
  }

  it("have the engine's socket in none but the reaper", () => {
    for (const [name, { Mounts, HostConfig }] of services)
      expect(JSON.stringify({ Mounts, HostConfig }), name).not.to.match(SOCKET);
    expect(reapers).to.have.lengthOf(1);
    expect(JSON.stringify(reapers[0]!.Mounts)).to.match(SOCKET);
  });

  it("have no password of the database that could be guessed", () => {
    const environment = services.get("db")!.Config.Env;
    const passwords = environment.filter((pair) => pair.includes("PASSWORD=")).map((pair) => pair.replace(/^.*?=/, ""));
    expect(passwords).to.have.lengthOf(2);
    for (const password of passwords) expect(password).to.have.lengthOf.at.least(20);
    expect(new Set(passwords)).to.have.lengthOf(2);
  });

  it("write no password of the database into a log", async () => {
    const [password] = services.get("app")!.Config.Env.flatMap((pair) => /^MYSQL_PASSWORD=(.+)/.exec(pair)?.[1] ?? []);
    const folder = join("reports", "logs", "release");
    const logs = await Promise.all((await readdir(folder)).map((file) => readFile(join(folder, file), "utf8")));
    expect(logs.join("\n")).not.to.include(password);
  });
});

describe("the password of the release stack's database", () => {
  let home: string;
  before(async () => {
    home = await mkdtemp(join(tmpdir(), "stackspec-home-"));
  });
  after(() => rm(home, { recursive: true, force: true }));

  it("is another one for each user", async () => {
    const [one, other] = await Promise.all([
      resultOf<string>("password.ts"),
      resultOf<string>("password.ts", { environment: { HOME: home } }),
    ]);
    expect(one).to.have.lengthOf.at.least(20);
    expect(other).to.have.lengthOf.at.least(20).and.not.to.equal(one);
  });

  it("is the same in each run after one that was cut off while it stored what it comes from", async () => {
    const file = join(home, "cut-off", ".cache", "stackspec", "secret");
    await mkdir(dirname(file), { recursive: true });
    await writeFile(file, "cut");
    const password = (): Promise<string> =>
      resultOf<string>("password.ts", { environment: { HOME: join(home, "cut-off") } });
    expect(await password()).to.equal(await password());
  });

  it("comes from a file that nobody else may read", async () => {
    const readable = async (path: string): Promise<string[]> => {
      const files = await readdir(path, { recursive: true, withFileTypes: true });
      const modes = files
        .filter((file) => file.isFile())
        .map(async ({ parentPath, name }) => [name, (await stat(join(parentPath, name))).mode & 0o077] as const);
      return (await Promise.all(modes)).flatMap(([name, mode]) => (mode === 0 ? [] : name));
    };
    await resultOf<string>("password.ts", { environment: { HOME: home } });
    expect(await readable(home)).to.deep.equal([]);
  });
});
