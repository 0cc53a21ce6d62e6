import { randomUUID } from "node:crypto";
import { readFile, readdir, rm } from "node:fs/promises";
import { join } from "node:path";
import { expect } from "chai";
import { requireEngine } from "stackspec";
import { LOCAL } from "../../src/images/debian.ts";
import { startRun } from "./child.ts";
import type { Ended } from "./child.ts";
import { cleanUp, engine } from "./engine.ts";

for (const [mode, files, words] of [
  ["in one process", ["planted.ts"], []],
  ["in parallel workers", ["planted.ts", "green.ts"], ["--parallel", "--jobs", "2"]],
] as const)
  describe(`a secret that a service, a task and specs ${mode} show in every way they can`, () => {
    requireEngine();
    const name = `planted-${randomUUID().slice(0, 8)}`;
    const reference = `${LOCAL}/snapshot/${name}/*`;
    /** The value of an environment that containers are given, under a name of this process that says nothing; and one that is only called a secret where it stands. */
    const secrets = { TOLD: randomUUID(), UNTOLD: randomUUID().replaceAll("-", "") };
    let ended: Ended;
    let report: string;
    /** Workers have folders of their own, and so does what is started again for a snapshot. */
    const folders = async () => (await readdir("reports/logs")).filter((folder) => folder.startsWith(name));
    const logs = new Map<string, string>();
    let labels: string;
    before("it has been shown", async function () {
      this.timeout(180_000);
      const run = startRun(files, { environment: { ...secrets, NAME: name } }, words);
      ended = await run.ended;
      report = run.report();
      for (const folder of await folders())
        for (const file of await readdir(join("reports/logs", folder)))
          logs.set(file, `${logs.get(file) ?? ""}${await readFile(join("reports/logs", folder, file), "utf8")}`);
      const images = await (await engine()).listImages({ filters: { reference: [reference] } });
      labels = JSON.stringify(images.map(({ Labels }) => Labels));
    });
    cleanUp("its logs and its snapshot are gone", async () => {
      for (const folder of await folders()) await rm(join("reports/logs", folder), { recursive: true });
      const docker = await engine();
      const images = await docker.listImages({ filters: { reference: [reference] } });
      await Promise.all(images.map(({ Id }) => docker.getImage(Id).remove({ force: true })));
    });

    for (const [where, text, sign] of [
      ["on the terminal", () => ended.output, "said *** and token=***"],
      ["in the report", () => report, "said *** and token=***"],
      ["in the log of a service", () => logs.get("web.log")!, "raw ***"],
      ["in the log of a task", () => logs.get("seed.log")!, "raw ***"],
      // A worker makes no snapshot of what it has started.
      ...(mode === "in one process" ? [["in the labels of images", () => labels, "raw ***"] as const] : []),
    ] as const)
      it(`is hidden ${where}`, () => {
        expect(text(), ended.output).to.include(sign);
        expect(searched(text(), secrets)).to.deep.equal([]);
      });
  });

/** What of these secrets a text has in it, in any form, and be it a part of them. */
function searched(text: string, secrets: Readonly<Record<string, string>>): string[] {
  const found = Object.values(secrets).flatMap((secret) => [
    secret,
    secret.slice(0, 8),
    secret.slice(-8),
    ...[0, 1, 2].map((offset) =>
      Buffer.from(secret.slice(offset, offset + 24))
        .toString("base64")
        .slice(0, 32),
    ),
  ]);
  return text.split("\n").filter((line) => found.some((part) => line.includes(part)));
}
