import type { Results } from "../results.ts";
import { figureOf, ratioOf } from "../statistics.ts";
import type { Figure } from "../statistics.ts";
import { samplesOf } from "../results.ts";
import type { WorkloadSample } from "../workloads/project.ts";
import { number } from "./table.ts";

/** What is compared with what: names of subjects, and the goal as a ratio. */
interface Workload {
  readonly title: string;
  readonly compose: string;
  readonly ours: string;
  readonly goal: number;
  /** And as milliseconds. */
  readonly goalMs?: number;
  /** Of docker compose the run with one spec file counts. */
  readonly oneFile?: true;
}

const WORKLOADS: readonly Workload[] = [
  { title: "nothing changed", compose: "compose", ours: "unchanged", goal: 0.25 },
  { title: "application edited", compose: "compose, app", ours: "app", goal: 0.4 },
  { title: "application edited, stack kept", compose: "compose, app", ours: "app, kept", goal: 0.2 },
  { title: "migration edited", compose: "compose, migration", ours: "migration", goal: 0.5 },
  {
    title: "one spec file edited, stack kept",
    compose: "compose",
    ours: "spec, kept",
    goal: 0.08,
    goalMs: 1500,
    oneFile: true,
  },
  { title: "CI, images there, no snapshot", compose: "compose", ours: "ci", goal: 0.65 },
  { title: "the same, where none is written either", compose: "compose", ours: "ci, off", goal: 0.65 },
  { title: "CI, snapshot loaded, loading included", compose: "compose", ours: "ci, loaded", goal: 0.45 },
  { title: "PostgreSQL, RabbitMQ, Redis: nothing changed", compose: "compose, shop", ours: "shop", goal: 0.25 },
  { title: "the same, application edited", compose: "compose, shop app", ours: "shop app", goal: 0.4 },
];
const NOT_MET = "**no**";
const MEMORY_MIB = 200;
const READY_TO_FLOOR = 1.5;

/** A workload as it was measured, for the table and for the chart. */
export interface Comparison {
  readonly title: string;
  readonly goal: number;
  readonly goalMs: number | undefined;
  readonly composeMs: number | undefined;
  readonly oursMs: number | undefined;
  readonly ratio: Figure | undefined;
  /** What the specs take by themselves, by mocha on the stack of docker compose, to its whole: no way to start it has a smaller ratio. */
  readonly specs: Figure | undefined;
  /** Where our time goes: "stack 1.4, specs 2.9", the longest first, in seconds. */
  readonly phases: string;
}

export function comparisons({ workloads }: Results): Comparison[] {
  return WORKLOADS.map(({ title, compose, ours, goal, goalMs, oneFile }) => {
    const composeMs = (workloads[compose]?.samples ?? []).map((each) => (oneFile ? each?.oneFileMs : each?.wholeMs));
    const specsMs = (workloads[compose]?.samples ?? []).map((each) => each && specsOf(each, oneFile));
    const samples = workloads[ours]?.samples ?? [];
    const oursMs = samples.map((each) => each?.wholeMs);
    return {
      title,
      goal,
      goalMs,
      composeMs: figureOf(composeMs)?.median,
      oursMs: figureOf(oursMs)?.median,
      ratio: ratioOf(oursMs, composeMs),
      specs: ratioOf(specsMs, composeMs),
      phases: phasesOf(samples.map((each) => each?.phases)),
    };
  });
}

/** What is not the specs is the same for one spec file as for all. */
function specsOf({ wholeMs, oneFileMs = wholeMs, phases }: WorkloadSample, oneFile = false): number {
  const besides = wholeMs - (phases?.["specs"] ?? 0);
  return (oneFile ? oneFileMs : wholeMs) - besides;
}

function phasesOf(samples: readonly (Readonly<Record<string, number>> | undefined)[]): string {
  const names = new Set(samples.flatMap((each) => Object.keys(each ?? {})).filter((name) => name !== "end"));
  return [...names]
    .map((name) => ({ name, ms: figureOf(samples.map((each) => each?.[name] ?? 0))?.median ?? 0 }))
    .filter(({ ms }) => ms >= 50)
    .toSorted((a, b) => b.ms - a.ms)
    .map(({ name, ms }) => `${name} ${number(ms / 1000, 1)}`)
    .join(", ");
}

/** The one table of the README: whole commands, and what else has a goal. */
export function workloadRows(results: Results): string[][] {
  const compared = comparisons(results).map(({ title, goal, goalMs, composeMs, oursMs, ratio, specs, phases }) => [
    title,
    seconds(composeMs),
    seconds(oursMs),
    ratio === undefined ? "" : `${number(ratio.median, 2)}${spreadOf(ratio, 2)}`,
    goalMs === undefined ? `${goal}` : `${goal}, ${seconds(goalMs)}`,
    (oursMs ?? 0) > (goalMs ?? Infinity) ? NOT_MET : metBy(ratio, goal),
    specs === undefined ? "" : number(specs.median, 2),
    phases,
  ]);
  const ready = ratioOf(samplesOf(results, "snapshot", "readyMs"), samplesOf(results, "floor", "readyMs"));
  const peak = figureOf((results.workloads["unchanged"]?.samples ?? []).map((each) => each?.peakMib));
  const [ours, plain] = [figureOf(results.requests.ours), figureOf(results.requests.plain)];
  const rates = ratioOf(results.requests.ours, results.requests.plain);
  return [
    [
      "whole command, specs included",
      "docker compose",
      "stackspec",
      "ratio",
      "goal",
      "met",
      "the specs alone, by mocha",
      "stackspec's time, in seconds",
    ],
    ...compared,
    [
      "ready from a snapshot, to the database alone on its data",
      seconds(figureOf(samplesOf(results, "floor", "readyMs"))?.median),
      seconds(figureOf(samplesOf(results, "snapshot", "readyMs"))?.median),
      ready === undefined ? "" : `${number(ready.median, 2)}${spreadOf(ready, 2)}`,
      `${READY_TO_FLOOR}`,
      metBy(ready, READY_TO_FLOOR),
      "",
      "",
    ],
    [
      "memory of the command and its processes, beside the containers",
      "",
      peak === undefined ? "not measured" : `${number(peak.median, 0)} MiB`,
      "",
      `${MEMORY_MIB} MiB`,
      metBy(peak, MEMORY_MIB),
      "",
      "",
    ],
    [
      "requests per second, to those of `node:http` alone",
      plain === undefined ? "not measured" : number(plain.median, 0),
      ours === undefined ? "not measured" : number(ours.median, 0),
      rates === undefined ? "" : `${number(rates.median, 2)}${spreadOf(rates, 2)}`,
      "",
      "",
      "",
      "",
    ],
  ];
}

function metBy(figure: Figure | undefined, goal: number): string {
  return figure === undefined ? "" : figure.median <= goal ? "yes" : NOT_MET;
}

function spreadOf({ least, most }: Figure, digits: number): string {
  return least === most ? "" : ` (${number(least, digits)} – ${number(most, digits)})`;
}

function seconds(ms: number | undefined): string {
  return ms === undefined ? "not measured" : `${number(ms / 1000, 1)} s`;
}
