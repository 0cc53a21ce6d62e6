import type { Measured } from "../rounds.ts";
import { figureOf, ratioOf } from "../statistics.ts";
import type { Figure } from "../statistics.ts";
import { number } from "./table.ts";

/** Whole commands of each example, by compose and by `npm test`: seconds, and ratios round by round. */
export function exampleRows(examples: Readonly<Record<string, Measured<number>>>): string[][] {
  const names = Object.keys(examples).filter((name) => name.endsWith(", stackspec"));
  const rows = names.map((name) => {
    const what = name.replace(/, stackspec$/, "");
    const [compose, ours] = [`${what}, compose`, name].map((each) => examples[each]?.samples ?? []) as [
      Measured<number>["samples"],
      Measured<number>["samples"],
    ];
    return [
      what,
      shown(figureOf(compose), 1000, 1),
      shown(figureOf(ours), 1000, 1),
      shown(ratioOf(ours, compose), 1, 2),
    ];
  });
  return [["example", "docker compose, seconds", "`npm test`, seconds", "ratio, least – median – most"], ...rows];
}

function shown(figure: Figure | undefined, unit: number, digits: number): string {
  if (figure === undefined) return "not measured";
  return [figure.least, figure.median, figure.most].map((value) => number(value / unit, digits)).join(" – ");
}
