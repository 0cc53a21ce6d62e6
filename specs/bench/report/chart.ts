import type { Results } from "../results.ts";
import { samplesOf } from "../results.ts";
import { figureOf } from "../statistics.ts";

const WIDTH = 860;
const LABELS = 330;
const BAR = 24;
const ROW = 40;
const TOP = 62;
/** Colours that are told apart on white and on black, and by those who see no red or no green. */
const READY = "#0072b2";
const DOWN = "#e69f00";

/** Bars of the seconds until the stack is ready, and until it is gone again, as SVG. */
export function chart(results: Results): string {
  const bars = Object.entries(results.ways)
    .map(([name, { title }]) => ({
      title: shorten(title),
      readyMs: figureOf(samplesOf(results, name, "readyMs"))?.median,
      endMs:
        figureOf(samplesOf(results, name, "goneMs"))?.median ??
        (name.startsWith("start") ? figureOf(samplesOf(results, name, "processGoneMs"))?.median : undefined),
    }))
    .filter(({ readyMs, endMs }) => readyMs !== undefined || endMs !== undefined);
  const longest = Math.max(1, ...bars.map(({ readyMs = 0, endMs = 0 }) => Math.max(readyMs, endMs)));
  const scale = (ms: number): number => (ms / longest) * (WIDTH - LABELS - 70);
  const height = TOP + bars.length * ROW + 10;

  const rows = bars.map(({ title, readyMs, endMs }, index) => {
    const y = TOP + index * ROW;
    const ready = scale(readyMs ?? 0);
    const end = scale(Math.max(endMs ?? 0, readyMs ?? 0));
    const label = [readyMs, endMs].filter((ms) => ms !== undefined).map((ms) => (ms / 1000).toFixed(2));
    return [
      text(LABELS - 10, y + 16, title, 'text-anchor="end"'),
      rect(LABELS, y, end, DOWN),
      rect(LABELS, y, ready, READY),
      text(LABELS + end + 6, y + 16, `${label.join(" / ")} s`),
    ].join("\n");
  });
  return `<svg xmlns="http://www.w3.org/2000/svg" width="${WIDTH}" height="${height}" viewBox="0 0 ${WIDTH} ${height}" role="img" aria-label="Seconds until the stack is ready, and until it is gone again" font-family="system-ui, sans-serif" font-size="13">
<rect width="100%" height="100%" fill="#fff"/>
${text(14, 24, "The todobackend's stack: nginx, app, MySQL", 'font-size="16" font-weight="600"')}
${rect(LABELS, 34, 12, READY)}${text(LABELS + 18, 45, "until it is ready")}
${rect(LABELS + 150, 34, 12, DOWN)}${text(LABELS + 168, 45, "until all is gone, or the command has ended")}
${rows.join("\n")}
</svg>
`;
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
