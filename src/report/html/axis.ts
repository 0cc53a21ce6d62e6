import { html } from "htm/preact";
import type { VNode } from "preact";
import { useEffect, useMemo, useRef, useState } from "preact/hooks";
import { drawn } from "./axis-model.ts";
import type { Axis, Lane } from "./axis-model.ts";
import { Line } from "./failure.ts";
import { counted, lasted, told } from "./model.ts";
import { shown } from "./text.ts";

/** A stretch of time, in milliseconds of Unix time. */
export interface Range {
  readonly fromMs: number;
  readonly untilMs: number;
}

interface AxisProps {
  readonly axis: Axis;
  readonly range: Range;
  readonly onRange: (range: Range) => void;
}

/** What lies closer together than a column is drawn as one. */
const COLUMNS = 500;
/** The part of the width that a letter takes, in percent, on a page that is not narrow. */
const LABEL_WIDTH = 0.75;
/** So many lines are listed below the axis. */
const LISTED = 300;
const SHORTEST_MS = 5;

/** One time axis for everything. Arrows move it, + and - zoom, 0 shows all of it. */
export function TimeAxis({ axis, range, onRange }: AxisProps): VNode {
  const length = range.untilMs - range.fromMs;
  const show = (fromMs: number, span: number): void => {
    const whole = axis.untilMs - axis.fromMs;
    const wanted = Math.min(whole, Math.max(SHORTEST_MS, span));
    const from = Math.max(axis.fromMs, Math.min(fromMs, axis.untilMs - wanted));
    onRange({ fromMs: from, untilMs: from + wanted });
  };
  const zoom = (factor: number, at = 0.5): void => show(range.fromMs + at * length * (1 - factor), length * factor);
  const move = (part: number): void => show(range.fromMs + part * length, length);
  const keys: Record<string, () => void> = {
    ArrowLeft: () => move(-0.2),
    ArrowRight: () => move(0.2),
    "+": () => zoom(0.5),
    "=": () => zoom(0.5),
    "-": () => zoom(2),
    "0": () => show(axis.fromMs, axis.untilMs - axis.fromMs),
  };
  const onKeyDown = (event: KeyboardEvent): void => {
    const key = keys[event.key];
    if (key === undefined || event.ctrlKey || event.metaKey || event.altKey) return;
    event.preventDefault();
    key();
  };
  const button = (label: string, sign: string, key: string): VNode =>
    html`<button type="button" aria-label=${label} title=${`${label} (${key})`} onClick=${() => keys[key]!()}>
      ${sign}
    </button>`;
  return html`<div
    class="axis"
    role="group"
    aria-label="Time axis: arrows move it, plus and minus zoom, 0 shows all"
    tabindex="0"
    onKeyDown=${onKeyDown}
  >
    <p class="controls">
      ${button("Earlier", "←", "ArrowLeft")} ${button("Later", "→", "ArrowRight")} ${button("Zoom in", "+", "+")}
      ${button("Zoom out", "−", "-")} ${button("Show all", "All", "0")}
      <output aria-live="polite">
        ${told(range.fromMs - axis.fromMs, length / 4)} to ${told(range.untilMs - axis.fromMs, length / 4)} after the
        start
      </output>
    </p>
    <${Drawing} axis=${axis} range=${range} onZoom=${zoom} onMove=${move} />
    <${Entries} axis=${axis} range=${range} />
  </div>`;
}

interface DrawingProps extends Omit<AxisProps, "onRange"> {
  readonly onZoom: (factor: number, at: number) => void;
  readonly onMove: (part: number) => void;
}

function Drawing({ axis, range, onZoom, onMove }: DrawingProps): VNode {
  const element = useRef<HTMLDivElement>(null);
  const draggedFrom = useRef<number>(undefined);
  // What scrolls the page is left alone: with Ctrl it zooms, as in maps. Preact's own listener could not prevent that.
  useEffect(() => {
    const { current } = element;
    const onWheel = (event: WheelEvent): void => {
      if (!event.ctrlKey) return;
      event.preventDefault();
      const { left, width } = current!.getBoundingClientRect();
      onZoom(event.deltaY > 0 ? 1.25 : 0.8, (event.clientX - left) / width);
    };
    current?.addEventListener("wheel", onWheel, { passive: false });
    return () => current?.removeEventListener("wheel", onWheel);
  });
  const onPointerMove = ({ clientX, buttons }: PointerEvent): void => {
    if (buttons !== 1 || draggedFrom.current === undefined) return;
    onMove((draggedFrom.current - clientX) / element.current!.clientWidth);
    draggedFrom.current = clientX;
  };
  return html`<div
    class="lanes"
    ref=${element}
    onPointerDown=${({ clientX }: PointerEvent) => (draggedFrom.current = clientX)}
    onPointerMove=${onPointerMove}
  >
    ${axis.lanes.map((lane) => html`<${LaneLine} lane=${lane} range=${range} />`)}
    <${Ticks} axis=${axis} range=${range} />
  </div>`;
}

function LaneLine({ lane, range: { fromMs, untilMs } }: { readonly lane: Lane; readonly range: Range }): VNode {
  const spans = useMemo(() => drawn(lane, fromMs, untilMs, COLUMNS), [lane, fromMs, untilMs]);
  // In percent, so that texts keep their shape at any width.
  const x = (atMs: number): number => (100 * (atMs - fromMs)) / (untilMs - fromMs);
  const few = spans.length <= 8 ? `: ${spans.map(({ label }) => label).join("; ")}` : "";
  return html`<div class="lane">
    <span class="lane-name">${shown(lane.name)}</span>
    <svg role="img" aria-label=${shown(`${lane.name}: ${spans.length} in view${few}`)}>
      ${spans.map((span) => {
        const left = Math.max(0, x(span.fromMs));
        const width = Math.max(0.2, Math.min(100, x(span.untilMs)) - left);
        const [y, height] = span.tone === "line" ? [12, 8] : [4, 14];
        const label = shown(span.label);
        return html`<rect class=${span.tone} x="${left}%" y=${y} width="${width}%" height=${height}>
            <title>${label} (${lasted(span.untilMs - span.fromMs)})</title>
          </rect>
          ${width > label.length * LABEL_WIDTH && html`<text x="${left + 0.4}%" y="15">${label}</text>`}`;
      })}
    </svg>
  </div>`;
}

function Ticks({ axis, range: { fromMs, untilMs } }: { readonly axis: Axis; readonly range: Range }): VNode {
  const step = (untilMs - fromMs) / 4;
  const marks = [0, 1, 2, 3, 4].map((count) => told(fromMs + count * step - axis.fromMs, step));
  return html`<div class="ticks" aria-hidden="true">${marks.map((mark) => html`<span>${mark}</span>`)}</div>`;
}

/** What was written, answered and begun in the stretch that is shown, as lines. */
function Entries({ axis, range }: { readonly axis: Axis; readonly range: Range }): VNode {
  const [source, setSource] = useState("");
  const sources = useMemo(() => [...new Set(axis.entries.map((entry) => entry.source))], [axis]);
  const found = axis.entries.filter(
    ({ atMs, source: from }) => atMs >= range.fromMs && atMs <= range.untilMs && (source === "" || source === from),
  );
  const onChange = ({ currentTarget }: { currentTarget: HTMLSelectElement }): void => setSource(currentTarget.value);
  const more = found.length - LISTED;
  return html`<div class="entries">
    <p>
      <label>
        In view:${" "}
        <select onChange=${onChange}>
          <option value="">everything</option>
          ${sources.map((each) => html`<option value=${each}>${shown(each)}</option>`)}
        </select>
      </label>
      <small>
        ${counted(found.length, "line")}${more > 0 && `, of which the first ${LISTED} are shown: zoom in for the others`}</small
      >
    </p>
    <pre tabindex="0" role="group" aria-label="What happened in view">
${found.slice(0, LISTED).map(({ atMs, source: from, text }) => html`<${Line} atMs=${atMs} text=${`${from}  ${text}`} />`)}</pre>
  </div>`;
}
