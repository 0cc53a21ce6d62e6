import { nameOf } from "../ctrf.ts";
import { isRed } from "./model.ts";
import type { PageReport } from "./model.ts";

/** Something that took its time, or a moment when `untilMs` is `fromMs`. */
export interface Span {
  readonly fromMs: number;
  readonly untilMs: number;
  readonly label: string;
  /** How it is drawn. */
  readonly tone:
    | "phase"
    | "image"
    | "waiting"
    | "starting"
    | "ready"
    | "passed"
    | "failed"
    | "skipped"
    | "line"
    | "http";
}

/** One line of the axis. */
export interface Lane {
  readonly name: string;
  readonly spans: readonly Span[];
  /** Of moments only: drawn as how many there are. */
  readonly isDense: boolean;
}

/** What was written or answered at a moment: for the list below the axis. */
export interface Entry {
  readonly atMs: number;
  readonly source: string;
  readonly text: string;
}

export interface Axis {
  readonly fromMs: number;
  readonly untilMs: number;
  readonly lanes: readonly Lane[];
  readonly entries: readonly Entry[];
}

/** States by their first word. Those that end a wait: what follows them is being there; and faults. */
const TONES: Readonly<Record<string, Span["tone"]>> = {
  waiting: "waiting",
  starting: "starting",
  ready: "ready",
  completed: "ready",
  restored: "ready",
  failed: "failed",
  cut: "failed",
  slow: "failed",
  paused: "failed",
  killed: "failed",
  restarting: "failed",
  shifted: "failed",
  full: "failed",
};

/** A run on one axis: phases, images, services and tasks, specs, exchanges, and what services wrote. */
export function axisOf(report: PageReport): Axis {
  const { tests, summary, extra } = report.results;
  const { phases, images, nodes, logs, notices } = extra.timeline;
  const fromMs = Math.min(summary.start, ...phases.map((phase) => phase.fromMs));
  const untilMs = Math.max(summary.stop, ...phases.map((phase) => phase.untilMs), fromMs + 1);
  const lanes: Lane[] = [];
  const add = (name: string, spans: readonly Span[], isDense = false): void => {
    if (spans.length > 0) lanes.push({ name, spans, isDense });
  };
  add(
    "phases",
    phases.map((each) => ({ ...each, label: each.name, tone: "phase" })),
  );
  add(
    "images",
    images.map((each) => ({ ...each, label: `${each.name}, ${each.origin}`, tone: "image" })),
  );
  for (const { name, kind, waitsFor, states, answers } of nodes) {
    const spans = states.flatMap(({ state, atMs }, index): Span[] => {
      if (state === "stopped") return [];
      // A task that has completed is over; a service is there until it is stopped.
      const isMoment = state === "completed" || state === "failed" || (kind === "task" && state === "restored");
      const end = isMoment ? atMs : (states[index + 1]?.atMs ?? untilMs);
      const whom = state === "waiting" && waitsFor.length > 0 ? ` for ${waitsFor.join(", ")}` : "";
      return [
        {
          fromMs: atMs,
          untilMs: end,
          label: `${name} ${state}${whom}`,
          tone: TONES[/^\w+/.exec(state)![0]] ?? "phase",
        },
      ];
    });
    add(name, [
      ...spans,
      ...answers.map(({ atMs, text }): Span => ({
        fromMs: atMs,
        untilMs: atMs,
        label: `${name}: ${text}`,
        tone: "line",
      })),
    ]);
  }
  add(
    "specs",
    tests.flatMap((test): Span[] => {
      const { start, stop, name, status } = test;
      if (start === undefined) return [];
      const tone = isRed(test) ? "failed" : status === "passed" ? "passed" : "skipped";
      return [{ fromMs: start, untilMs: stop ?? start, label: `${name}: ${test.rawStatus}`, tone }];
    }),
  );
  const exchanges = tests.flatMap((test) => test.extra?.exchanges ?? []);
  add(
    "HTTP of failed specs",
    exchanges.map(({ method, url, atMs, tookMs, answer }) => ({
      fromMs: atMs,
      untilMs: atMs + tookMs,
      label: `${method} ${url}: ${answer?.status ?? answer?.error ?? "no answer yet"}`,
      tone: "http",
    })),
  );
  for (const { service, lines } of logs)
    add(
      `${service} wrote`,
      lines.map(([atMs]) => ({ fromMs: atMs, untilMs: atMs, label: "", tone: "line" })),
      true,
    );
  const entries: Entry[] = [
    ...logs.flatMap(({ service, lines }) => lines.map(([atMs, text]) => ({ atMs, source: service, text }))),
    ...nodes.flatMap(({ name, states, answers }) => [
      ...states.map(({ atMs, state }) => ({ atMs, source: nameOf(report), text: `${name} ${state}` })),
      ...answers.map(({ atMs, text }) => ({ atMs, source: nameOf(report), text: `${name} answered: ${text}` })),
    ]),
    ...notices.map(({ atMs, text }) => ({ atMs, source: nameOf(report), text })),
    ...exchanges.map(({ method, url, atMs }) => ({ atMs, source: nameOf(report), text: `${method} ${url}` })),
    ...tests
      .filter((test) => test.start !== undefined)
      .map(({ name, rawStatus, start }) => ({
        atMs: start!,
        source: nameOf(report),
        text: `spec "${name}" (${rawStatus})`,
      })),
  ];
  return {
    fromMs,
    untilMs,
    lanes,
    entries: entries.filter(({ atMs }) => atMs >= 0).toSorted((a, b) => a.atMs - b.atMs),
  };
}

/** The spans of a lane as they are drawn on so many columns: what would be one on another is one. */
export function drawn({ spans, isDense }: Lane, fromMs: number, untilMs: number, columns: number): Span[] {
  const column = (untilMs - fromMs) / columns;
  const visible = spans.filter((span) => span.untilMs >= fromMs && span.fromMs <= untilMs);
  const found: Span[] = [];
  const counts: number[] = [];
  for (const span of visible) {
    const last = found.at(-1);
    const isSmall = span.untilMs - span.fromMs < column;
    const joins = last !== undefined && isSmall && last.tone === span.tone && span.fromMs - last.untilMs < column;
    if (!joins || last.untilMs - last.fromMs > 4 * column) {
      found.push(span);
      counts.push(1);
      continue;
    }
    counts[found.length - 1]! += 1;
    found[found.length - 1] = {
      ...last,
      untilMs: Math.max(last.untilMs, span.untilMs),
      label: `${counts.at(-1)} of them`,
    };
  }
  return isDense ? found.map((span, index) => ({ ...span, label: `${counts[index]} lines` })) : found;
}
