import type { Results } from "../results.ts";
import { samplesOf } from "../results.ts";
import { figureOf, ratioOf } from "../statistics.ts";
import type { Figure } from "../statistics.ts";
import { number } from "./table.ts";

/** One goal of the project, and how it is measured. */
interface Goal {
  readonly figure: string;
  readonly to: string;
  readonly most: number;
  readonly unit: "×" | "ms";
  measured(results: Results): Figure | undefined;
  /** What stands in the way of less. */
  readonly limit: string;
}

const GOALS: readonly Goal[] = [
  {
    figure: "ready, from a snapshot",
    to: "compose",
    most: 1 / 8,
    unit: "×",
    measured: (results) => ratioOf(samplesOf(results, "snapshot", "readyMs"), samplesOf(results, "compose", "readyMs")),
    limit:
      "0.07 s until the engine answers, 0.11 s for a network; then the starts of three containers (0.25 s of CPU each), mysqld (0.5 s) and the app share two cores",
  },
  {
    figure: "ready, from a snapshot",
    to: "the floor",
    most: 1.5,
    unit: "×",
    measured: (results) => ratioOf(samplesOf(results, "snapshot", "readyMs"), samplesOf(results, "floor", "readyMs")),
    limit: "two cores: mysqld alone is ready after 0.9 s; the app's and nginx's containers take turns with it",
  },
  {
    figure: "ready and down again, from a snapshot",
    to: "compose",
    most: 1 / 6,
    unit: "×",
    measured: (results) => ratioOf(samplesOf(results, "snapshot", "goneMs"), samplesOf(results, "compose", "goneMs")),
    limit: "the engine: 0.32 s to stop three containers, then 0.19 s to remove their network",
  },
  {
    figure: "ready, cold",
    to: "compose",
    most: 0.6,
    unit: "×",
    measured: (results) => ratioOf(samplesOf(results, "cold", "readyMs"), samplesOf(results, "compose", "readyMs")),
    limit:
      "MySQL initialises (2.0 s), starts for users and time zones and stops again (1.9 s), starts (0.5 s); then migrate, app and nginx start one after the other (1.2 s)",
  },
  {
    figure: "`npm start` as a whole, warm",
    to: "ready from a snapshot",
    most: 3,
    unit: "×",
    measured: (results) =>
      ratioOf(samplesOf(results, "start", "processGoneMs"), samplesOf(results, "snapshot", "readyMs")),
    limit: "the specs: some 2,650 requests, one after the other, of 1.2 ms each",
  },
  {
    figure: "first spec on a kept stack",
    to: "ready from a snapshot",
    most: 0.3,
    unit: "×",
    measured: (results) => ratioOf(samplesOf(results, "kept", "readyMs"), samplesOf(results, "snapshot", "readyMs")),
    limit: "the search for the engine, and the questions whether everything is still as declared",
  },
  {
    figure: "reset of the todobackend",
    to: "",
    most: 50,
    unit: "ms",
    measured: ({ resetMs }) => figureOf(resetMs),
    limit: "the database: what it holds is compared by definitions and hashes, and what has changed put back",
  },
  {
    figure: "50 trivial services",
    to: "docker run -d in parallel",
    most: 1.2,
    unit: "×",
    measured: ({ services }) => ratioOf(services["ours-50"]?.samples ?? [], services["parallel-50"]?.samples ?? []),
    limit: "a network of the stack's own, whose name server the engine sets up with one more process a container",
  },
  {
    figure: "50 trivial services",
    to: "the same on a network of their own",
    most: 1.2,
    unit: "×",
    measured: ({ services }) => ratioOf(services["ours-50"]?.samples ?? [], services["network-50"]?.samples ?? []),
    limit: "the engine",
  },
];

/** The goals as rows of a table. */
export function goalRows(results: Results): string[][] {
  return [
    ["figure", "goal", "measured (least – most)", "met", "what limits it now"],
    ...GOALS.map(({ figure, to, most, unit, measured, limit }) => {
      const found = measured(results);
      const digits = unit === "ms" ? 0 : 2;
      const goal = unit === "ms" ? `under ${most} ms` : `at most ${fraction(most)} × ${to}`;
      if (found === undefined) return [figure, goal, "not measured", "", limit];
      const spread = `${number(found.least, digits)} – ${number(found.most, digits)}`;
      const met = unit === "ms" ? found.median < most : found.median <= most;
      return [
        figure,
        goal,
        `${number(found.median, digits + (most < 1 ? 1 : 0))} ${unit} (${spread})`,
        met ? "yes" : "**no**",
        limit,
      ];
    }),
  ];
}

function fraction(most: number): string {
  return most < 0.3 ? `1/${Math.round(1 / most)}` : String(most);
}
