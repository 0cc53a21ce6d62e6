import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect } from "chai";
import { defineStack } from "stackspec";
import { GenericContainer } from "testcontainers";
import { internalsOf } from "../../src/engine/container/internals.ts";
import { removeCommand, startFrom } from "../../src/engine/drivers/data.ts";

describe("a container that starts from a snapshot's data", () => {
  const folder = mkdtempSync(join(tmpdir(), "restored-"));
  after(() => rmSync(folder, { recursive: true, force: true }));

  it("keeps what it has stored since when it is started again", () => {
    const [from, to] = [join(folder, "snapshot"), join(folder, "data")];
    execFileSync("mkdir", [from]);
    writeFileSync(join(from, "note"), "of the snapshot");
    const container = new GenericContainer("any");
    const { nodes } = defineStack("one", ({ service }) => ({ one: service("one", () => container) }));
    startFrom(nodes[0] as never, container, from, to, { Entrypoint: ["cat"], Cmd: [join(to, "note")] }, false);
    const { Entrypoint, Cmd } = internalsOf(container).createOpts;
    const [program, ...words] = [Entrypoint!, Cmd!].flat();
    const start = () => execFileSync(program!, words, { encoding: "utf8" });
    expect(start()).to.equal("of the snapshot");
    writeFileSync(join(to, "note"), "stored since");
    expect(start()).to.equal("stored since");
    expect(readFileSync(join(from, "note"), "utf8")).to.equal("of the snapshot");
  });
});

describe("the files that a server makes anew whenever it starts", () => {
  const folder = mkdtempSync(join(tmpdir(), "it's a copy "));
  after(() => rmSync(folder, { recursive: true, force: true }));

  it("are removed from a copy of its data, by names and by patterns, and nothing else is", () => {
    mkdirSync(join(folder, "#redo"));
    for (const name of ["temporary", "#redo/#1_tmp", "#redo/#2 _tmp", "#redo/#3", "tables"])
      writeFileSync(join(folder, name), "");
    execFileSync("sh", ["-c", removeCommand(folder, ["temporary", "#redo/*_tmp", "never there", "*.none"])]);
    expect(readdirSync(folder, { recursive: true })).to.have.members(["#redo", "#redo/#3", "tables"]);
  });

  it("may be none", () => {
    execFileSync("sh", ["-c", removeCommand(folder, [])]);
    expect(readdirSync(folder)).not.to.deep.equal([]);
  });
});
