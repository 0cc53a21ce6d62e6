import type { Results } from "../results.ts";
import { samplesOf } from "../results.ts";
import { COUNTS, STARTERS } from "../services.ts";
import { figureOf, ratioOf } from "../statistics.ts";
import type { Figure } from "../statistics.ts";
import type { Sample } from "../ways.ts";

/** A number with so many digits after the point. */
export const number = (value: number, digits: number): string => value.toFixed(digits);

/** Rows, the first of them the heading, as a table of Markdown. */
export function markdownTable([heading = [], ...rows]: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]): string => `| ${cells.join(" | ")} |`;
  return [line(heading), line(heading.map(() => "---")), ...rows.map(line)].join("\n");
}

/** The ways to bring up the stack: seconds, and ratios to compose. */
export function wayRows(results: Results): string[][] {
  const rows = Object.entries(results.ways)
    .filter(([name]) => !name.startsWith("start"))
    .map(([name, { title }]) => {
      const mysqld = figureOf(samplesOf(results, name, "mysqldMs"));
      const own = mysqld === undefined ? "" : `; mysqld's own share is ${seconds(mysqld)}`;
      return [
        `${title}${own}`,
        cell(results, name, "readyMs"),
        ratio(results, name, "readyMs"),
        cell(results, name, "goneMs"),
        ratio(results, name, "goneMs"),
        cell(results, name, "processReadyMs"),
        cell(results, name, "processGoneMs"),
      ];
    });
  return [
    ["way", "ready", "× compose", "down again", "× compose", "ready, from process start", "process ended"],
    ...rows,
  ];
}

/** `npm start` as a whole. */
export function startRows(results: Results): string[][] {
  const rows = Object.entries(results.ways)
    .filter(([name]) => name.startsWith("start"))
    .map(([name, { title }]) => {
      const peak = figureOf(samplesOf(results, name, "peakMib"));
      return [
        title,
        cell(results, name, "firstSpecMs"),
        cell(results, name, "processGoneMs"),
        ratioCell(ratioOf(samplesOf(results, name, "processGoneMs"), samplesOf(results, "snapshot", "readyMs"))),
        peak === undefined ? "not measured" : `${number(peak.median, 0)} MiB`,
      ];
    });
  return [["command", "first spec", "whole", "× ready from a snapshot", "peak memory, npm and its children"], ...rows];
}

/** How the cost grows with the number of services. */
export function serviceRows({ services }: Results): string[][] {
  const titles = {
    ours: "stackspec",
    loop: "`docker run -d` in a loop",
    parallel: "`docker run -d` in parallel",
    network: "`docker run -d --network` in parallel",
  };
  const rows = STARTERS.map((starter) => [
    titles[starter],
    ...COUNTS.map((count) => {
      const samples = services[`${starter}-${count}`]?.samples ?? [];
      const to = ratioOf(samples, services[`parallel-${count}`]?.samples ?? []);
      return `${seconds(figureOf(samples))}${to === undefined || starter === "parallel" ? "" : ` (${number(to.median, 2)} ×)`}`;
    }),
  ]);
  return [["trivial services", ...COUNTS.map(String)], ...rows];
}

function cell(results: Results, way: string, figure: keyof Sample): string {
  return seconds(figureOf(samplesOf(results, way, figure)));
}

function ratio(results: Results, way: string, figure: keyof Sample): string {
  return ratioCell(ratioOf(samplesOf(results, way, figure), samplesOf(results, "compose", figure)));
}

function ratioCell(found: Figure | undefined): string {
  return found === undefined ? "" : `${number(found.median, 2)} (${number(found.least, 2)} – ${number(found.most, 2)})`;
}

function seconds(figure: Figure | undefined): string {
  return figure === undefined ? "not measured" : `${number(figure.median / 1000, 2)} s`;
}
