import type { Results } from "../results.ts";
import { samplesOf } from "../results.ts";
import { figureOf } from "../statistics.ts";
import { comparisons } from "./workloads.ts";

const WIDTH = 860;
const LABELS = 340;
const BAR = 24;
const ROW = 40;
const TOP = 62;
/** Colours that are told apart on white and on black, and by those who see no red or no green. */
const FIRST = "#0072b2";
const SECOND = "#e69f00";

/** A row of a chart: one bar, of which the first part may have another colour. */
interface Bar {
  readonly title: string;
  readonly firstMs: number;
  readonly wholeMs: number;
  readonly label: string;
}

/** Bars of the seconds until the stack is ready, and until it is gone again, as SVG. */
export function waysChart(results: Results): string {
  const bars = Object.entries(results.ways).flatMap(([name, { title }]) => {
    const readyMs = figureOf(samplesOf(results, name, "readyMs"))?.median;
    const endMs =
      figureOf(samplesOf(results, name, "goneMs"))?.median ??
      (name.startsWith("start") ? figureOf(samplesOf(results, name, "processGoneMs"))?.median : undefined);
    const known = [readyMs, endMs].filter((ms) => ms !== undefined);
    if (known.length === 0) return [];
    const label = `${known.map(seconds).join(" / ")} s`;
    return [{ title: shorten(title), firstMs: readyMs ?? 0, wholeMs: Math.max(...known), label }];
  });
  const legend = ["until it is ready", "until all is gone, or the command has ended"] as const;
  return barChart("The todobackend's stack: nginx, app, MySQL", legend, bars);
}

/** Bars of the seconds of each workload, with stackspec before docker compose. */
export function workloadsChart(results: Results): string {
  const bars = comparisons(results).flatMap(({ title, composeMs, oursMs, ratio }) =>
    composeMs === undefined || oursMs === undefined
      ? []
      : [
          {
            title,
            firstMs: oursMs,
            wholeMs: composeMs,
            label: `${seconds(oursMs)} of ${seconds(composeMs)} s: ${ratio?.median.toFixed(2) ?? ""}`,
          },
        ],
  );
  return barChart("Whole commands, specs included", ["stackspec", "docker compose"], bars);
}

function barChart(title: string, [first, second]: readonly [string, string], bars: readonly Bar[]): string {
  const longest = Math.max(1, ...bars.map(({ wholeMs, firstMs }) => Math.max(wholeMs, firstMs)));
  const scale = (ms: number): number => (ms / longest) * (WIDTH - LABELS - 140);
  const height = TOP + bars.length * ROW + 10;
  const rows = bars.map(({ title: name, firstMs, wholeMs, label }, index) => {
    const y = TOP + index * ROW;
    return [
      text(LABELS - 10, y + 16, name, 'text-anchor="end"'),
      rect(LABELS, y, scale(wholeMs), SECOND),
      rect(LABELS, y, scale(firstMs), FIRST),
      text(LABELS + scale(Math.max(wholeMs, firstMs)) + 6, y + 16, label),
    ].join("\n");
  });
  return `<svg xmlns="http://www.w3.org/2000/svg" width="${WIDTH}" height="${height}" viewBox="0 0 ${WIDTH} ${height}" role="img" aria-label="${title}: ${first}, ${second}; seconds" font-family="system-ui, sans-serif" font-size="13">
<rect width="100%" height="100%" fill="#fff"/>
${text(14, 24, title, 'font-size="16" font-weight="600"')}
${rect(LABELS, 34, 12, FIRST)}${text(LABELS + 18, 45, first)}
${rect(LABELS + 150, 34, 12, SECOND)}${text(LABELS + 168, 45, second)}
${rows.join("\n")}
</svg>
`;
}

function seconds(ms: number): string {
  return (ms / 1000).toFixed(1);
}

function rect(x: number, y: number, width: number, fill: string): string {
  return `<rect x="${x}" y="${y}" width="${width.toFixed(1)}" height="${width === 12 ? 12 : BAR}" fill="${fill}"/>`;
}

function text(x: number, y: number, content: string, attributes = ""): string {
  const escaped = content.replaceAll("&", "&amp;").replaceAll("<", "&lt;");
  return `<text x="${x.toFixed(1)}" y="${y}" fill="#222" ${attributes}>${escaped}</text>`;
}

/** What stands before the colon or the first comma says enough. */
function shorten(title: string): string {
  const [head = title] = title.split(/: /);
  return head.length > 48 ? `${head.slice(0, 47)}…` : head;
}
