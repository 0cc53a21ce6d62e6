/**
 * Snapshots whose run or command is killed at random moments: six of them here, thirty with `npm run kills`; `KILLS_SEED` repeats
 * them.
 */
import { randomUUID } from "node:crypto";
import { existsSync } from "node:fs";
import { mkdtemp, readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { expect } from "chai";
import fc from "fast-check";
import { requireEngine } from "stackspec";
import { LOCAL } from "../../src/images/debian.ts";
import { startNode, startRun } from "../integration/child.ts";
import type { Child } from "../integration/child.ts";
import { cleanUp, engine } from "../integration/engine.ts";
import { leftOf, treeOf } from "./killed.ts";

const WAYS = ["taken", "saved", "loaded"] as const;

const count = Number(process.env["KILLS"] ?? 6);
const seed = Number(process.env["KILLS_SEED"] ?? Date.now() % 1_000_000);
/** Milliseconds. */
const moments = fc.sample(fc.noBias(fc.nat(1_000)), { seed, numRuns: count });

/** What a run finds: words that no other run has. */
interface Found {
  readonly initialised: string;
  readonly printed: string;
  readonly stored: string;
}

describe("a snapshot whose making is killed at a random moment", function () {
  this.timeout(count * 60_000);
  requireEngine();

  const name = randomUUID().slice(0, 8);
  let folder = "";
  let file = "";
  let first: Found;
  const outcomes: { readonly moment: string; readonly next: Found; readonly left: readonly string[] }[] = [];

  const snapshot = (...words: string[]): Child => startNode(["src/cli/main.ts", "snapshot", ...words]);
  const start = (): Child => startRun(["moved.ts"], { environment: { STACK_NAME: name } });

  async function done(child: Child): Promise<string> {
    const { exitCode, output } = await child.ended;
    expect(exitCode, output).to.equal(0);
    return output;
  }

  const run = async (): Promise<Found> => JSON.parse(/^told (.*)$/m.exec(await done(start()))![1]!) as Found;

  /** As on another machine. */
  async function forget(): Promise<void> {
    const docker = await engine();
    const images = await docker.listImages({ filters: { reference: [`${LOCAL}/snapshot/moved-${name}/*`] } });
    for (const tag of images.flatMap(({ RepoTags }) => RepoTags ?? []))
      await docker.getImage(tag).remove({ force: true });
  }

  /** Kills what takes, saves or loads the snapshot, so many milliseconds after it may have begun to. */
  async function killed(way: (typeof WAYS)[number], delayMs: number): Promise<readonly string[]> {
    if (way === "saved") await done(snapshot("load", file));
    else await forget();
    const another = join(folder, `${way}.zst`);
    const child = {
      taken: start,
      saved: () => snapshot("save", another, `moved-${name}`),
      loaded: () => snapshot("load", file),
    }[way]();
    // It is written from the first spec on.
    if (way === "taken") await child.shown(/^told/m);
    await Promise.race([sleep(delayMs), child.ended]);
    const { ids, kill } = treeOf(child.process.pid!);
    kill("the run");
    await child.ended;
    // What has its name is whole.
    if (existsSync(another)) await done(snapshot("load", another));
    await rm(another, { force: true });
    return (await Promise.all(ids.map(leftOf))).flat();
  }

  before("a stack has one, in a file too, and has been started after each kill", async () => {
    folder = await mkdtemp(join(tmpdir(), "moved-"));
    file = join(folder, "snapshots.tar.zst");
    first = await run();
    await done(snapshot("save", file, `moved-${name}`));
    for (const [number, delayMs] of moments.entries()) {
      const way = WAYS[number % WAYS.length]!;
      const left = await killed(way, delayMs);
      outcomes.push({ moment: `${way}, killed after ${delayMs} ms; KILLS_SEED=${seed}`, next: await run(), left });
    }
  });
  cleanUp("its images and its folder are gone", async () => {
    await forget();
    await rm(folder, { recursive: true });
  });

  it("leaves no container, network, volume or image, and no reaper", () => {
    expect(outcomes).to.have.lengthOf(count);
    for (const { left, moment } of outcomes) expect(left, moment).to.deep.equal([]);
  });

  it("leaves no file", async () => {
    expect((await readdir(tmpdir())).filter((each) => each.startsWith("stackspec-snapshot"))).to.deep.equal([]);
    expect(await readdir(folder)).to.deep.equal(["snapshots.tar.zst"]);
  });

  it("is used as a whole by the next run, or not at all", () => {
    for (const { next, moment } of outcomes) {
      expect(next.stored, moment).to.equal(next.printed);
      if (next.printed === first.printed) expect(next.initialised, moment).to.equal(first.initialised);
    }
  });
});
