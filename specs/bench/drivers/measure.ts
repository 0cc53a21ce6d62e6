import { getContainerRuntimeClient } from "testcontainers";
import { messageOf } from "../../../src/errors.ts";
import { runProgram } from "../child.ts";
import { KINDS } from "./kinds.ts";

/** What was measured of one kind of service, in milliseconds. */
export interface DriverFigures {
  /** By what was done. */
  readonly took: Readonly<Record<string, readonly number[]>>;
  /** From the call until a stack of it alone is ready, from its snapshot. */
  readonly restoredMs: readonly number[];
  /** How much longer a run with specs of two seconds takes, as a whole, when it takes a snapshot. */
  readonly takingMs: readonly number[];
  /** From `docker start` until the server itself answers, on its data. */
  readonly bootMs: readonly number[];
  readonly failures: readonly string[];
}

/** Measures each kind of service that has a driver, one after the other. */
export async function measureDrivers(
  rounds: number,
  signal: AbortSignal,
  say: (line: string) => void,
): Promise<Record<string, DriverFigures>> {
  const found: Record<string, DriverFigures> = {};
  for (const [name, { driver }] of Object.entries(KINDS)) {
    const failures: string[] = [];
    const trying = async <T>(work: Promise<T>, otherwise: T): Promise<T> =>
      work.catch((error: unknown) => {
        signal.throwIfAborted();
        failures.push(messageOf(error));
        return otherwise;
      });
    const program: Program = (mode, snapshots) =>
      runProgram("drivers", [mode, name, String(rounds)], {
        environment: { STACKSPEC_SNAPSHOTS: snapshots, STACKSPEC_KEEP: "0", CI: "" },
        signal,
      });
    const figures = {
      took: await trying(resets(program), {}),
      restoredMs: await trying(
        starts(program, rounds).finally(async () => removeSnapshots(name)),
        [],
      ),
      takingMs: await trying(takes(program, name, rounds), []),
      bootMs: await trying(boots(program), []),
      failures,
    };
    say(`${driver.title}: ${JSON.stringify(figures)}`);
    found[driver.title] = figures;
  }
  return found;
}

type Program = (mode: "reset" | "start" | "take" | "boot", snapshots: "on" | "off") => ReturnType<typeof runProgram>;

async function resets(program: Program): Promise<Record<string, number[]>> {
  const took: Record<string, number[]> = {};
  const { told } = await program("reset", "off");
  for (const text of told.get("took") ?? []) {
    const [what, ms] = JSON.parse(text) as [string, number];
    (took[what] ??= []).push(ms);
  }
  return took;
}

async function starts(program: Program, rounds: number): Promise<number[]> {
  const took: number[] = [];
  // The first makes the snapshot; the second warms up.
  for (let round = -2; round < rounds; round += 1) {
    const { at, told } = await program("start", "on");
    if (round > -2 && told.get("restored")?.[0] !== "true") throw new Error("expected it to use the snapshot");
    if (round >= 0) took.push(at("ready") - at("called"));
  }
  return took;
}

async function takes(program: Program, name: string, rounds: number): Promise<number[]> {
  const took: number[] = [];
  // The first warms up.
  for (let round = -1; round < rounds; round += 1) {
    const without = await program("take", "off");
    const taking = await program("take", "on");
    if ((await removeSnapshots(`${name}-take`)) === 0) throw new Error("expected it to take a snapshot");
    if (round >= 0) took.push(taking.tookMs - without.tookMs);
  }
  return took;
}

async function boots(program: Program): Promise<number[]> {
  const { told } = await program("boot", "off");
  return (told.get("boot") ?? []).map(Number);
}

/** @returns how many images they were */
async function removeSnapshots(name: string): Promise<number> {
  const { container } = await getContainerRuntimeClient();
  const { dockerode } = container;
  const filters = { reference: [`localhost/stackspec/snapshot/bench-driver-${name}/*`] };
  const images = await dockerode.listImages({ filters });
  await Promise.allSettled(images.map(({ Id }) => dockerode.getImage(Id).remove({ force: true })));
  return images.length;
}
