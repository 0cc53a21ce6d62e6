import type { DriverFigures } from "../drivers/measure.ts";
import { figureOf } from "../statistics.ts";
import type { Figure } from "../statistics.ts";
import { number } from "./table.ts";

/** What is expected, in milliseconds, by what a figure begins with. */
const GOALS: readonly (readonly [string, number])[] = [
  ["reset, nothing changed, 50 tables", 30],
  ["reset, one row in each of 5", 60],
  ["reset, 5 of 10000 keys", 20],
  ["reset, 10000 messages", 200],
];
const READY_TO_BOOT = 1.5;
const TAKING_MS = 500;

/** The figures of all drivers as rows of a table; what is done instead of a reset as a ratio to the reset of five rows. */
export function driverRows(drivers: Readonly<Record<string, DriverFigures>>): string[][] {
  const rows = Object.entries(drivers).flatMap(([title, { took, restoredMs, takingMs, bootMs }]) => {
    const five = figureOf(Object.entries(took).find(([what]) => what.startsWith("reset, one row"))?.[1] ?? []);
    const figures = Object.entries(took).map(([what, values]) => {
      const figure = figureOf(values);
      const goal = GOALS.find(([begin]) => what.startsWith(begin))?.[1];
      const ratio = figure && five && !what.startsWith("reset") ? `${number(figure.median / five.median, 0)} ×` : "";
      return [title, what, milliseconds(figure), ratio, goal === undefined ? "" : `${goal} ms`, met(figure, goal)];
    });
    const [restored, boot] = [figureOf(restoredMs), figureOf(bootMs)];
    const taking = figureOf(takingMs);
    const ready = restored && boot && restored.median / boot.median;
    return [
      ...figures,
      [title, "the server's own boot on its data", milliseconds(boot), "", "", ""],
      [
        title,
        "ready from a snapshot",
        milliseconds(restored),
        ready === undefined ? "" : `${number(ready, 2)} × its own boot`,
        `${READY_TO_BOOT} ×`,
        ready === undefined ? "" : yesOrNo(ready <= READY_TO_BOOT),
      ],
      [
        title,
        "what taking a snapshot adds to a run with specs of 2 s",
        milliseconds(taking),
        "",
        `${TAKING_MS} ms`,
        met(taking, TAKING_MS),
      ],
    ];
  });
  return [["service", "what", "least – median – most", "ratio", "goal", "met"], ...rows];
}

function milliseconds(figure: Figure | undefined): string {
  if (figure === undefined) return "not measured";
  return `${[figure.least, figure.median, figure.most].map((ms) => number(ms, 0)).join(" – ")} ms`;
}

function met(figure: Figure | undefined, goal: number | undefined): string {
  return figure === undefined || goal === undefined ? "" : yesOrNo(figure.median <= goal);
}

const yesOrNo = (is: boolean): string => (is ? "yes" : "**no**");
