import type { Log } from "../engine/docker/log.ts";
import type { ProgressEvent } from "../engine/plan/progress.ts";
import { mask } from "../secrets.ts";
import { pemLines } from "../secrets/pem.ts";
import type { Timeline, TimelineImage, TimelineLog, TimelineNode } from "../report/timeline.ts";

/** How many lines of a log are kept: the first, and the last; how many characters of each; and of all logs together. */
const HEAD_LINES = 100;
const TAIL_LINES = 1_400;
const LINE_LENGTH = 1_000;
const LOGS_LENGTH = 3 * 1024 * 1024;
/** How many characters of the last lines are held until they are written. */
const HELD_LENGTH = 4 * 1024 * 1024;
/** How many states and answers of a service are kept: a stack that is started for each suite has as many again. */
const MOMENTS = 200;

/** Keeps what a run has seen beside its specs. */
export interface TimelineRecorder {
  /** Remembers what happens, and returns it. */
  hear(event: ProgressEvent): ProgressEvent;
  readonly images: readonly TimelineImage[];
  /** All of it so far, masked and bounded. */
  read(phases: Timeline["phases"]): Timeline;
}

type Writable<T> = { -readonly [K in keyof T]: T[K] extends readonly (infer E)[] ? E[] : T[K] };

interface Line {
  readonly atMs: number;
  text: string;
  isMasked: boolean;
}

/** @param onChange called when something has happened; but not for each line of a log */
export function recordTimeline(onChange: () => void = () => {}): TimelineRecorder {
  const nodes = new Map<string, Writable<TimelineNode>>();
  const images: TimelineImage[] = [];
  const notices: { atMs: number; text: string }[] = [];
  const logs: LogRecord[] = [];
  const nodeOf = (stack: string, name: string): Writable<TimelineNode> | undefined => nodes.get(`${stack}/${name}`);
  return {
    hear(event) {
      const atMs = Date.now();
      if (event.kind === "node" || event.kind === "fault") {
        const { stack, name, node: kind, state } = event;
        const known = nodeOf(stack, name) ?? { stack, name, kind, waitsFor: [], states: [], answers: [] };
        nodes.set(`${stack}/${name}`, known);
        if (event.kind === "node" && event.waitsFor !== undefined) known.waitsFor = [...event.waitsFor];
        push(known.states, { state, atMs });
      } else if (event.kind === "answer") {
        const answers = nodeOf(event.stack, event.name)?.answers;
        const text = mask(event.answer).slice(0, LINE_LENGTH);
        if (answers === undefined || answers.at(-1)?.text === text) return event;
        push(answers, { atMs, text });
      } else if (event.kind === "log") logs.push(recordLog(event.stack, event.name, event.log));
      else if (event.kind === "notice") push(notices, { atMs, text: mask(event.text) });
      else if (event.kind === "image-resolved") {
        const { name, reference, digest, origin } = event.image;
        images.push({ name, reference, digest, origin, fromMs: atMs - event.tookMs, untilMs: atMs });
      }
      onChange();
      return event;
    },
    images,
    read(phases) {
      const length = logs.reduce((sum, log) => sum + log.length(), 0);
      const share = length > LOGS_LENGTH ? LOGS_LENGTH / length : 1;
      return { phases, images, nodes: [...nodes.values()], logs: logs.map((log) => log.read(share)), notices };
    },
  };
}

/** The first half and the last are of use; what lies between is left out. */
function push<T>(list: T[], item: T): void {
  list.push(item);
  if (list.length > MOMENTS) list.splice(MOMENTS / 2, 1);
}

interface LogRecord {
  length(): number;
  /** @param share the part of it that there is room for */
  read(share: number): TimelineLog;
}

function recordLog(stack: string, service: string, log: Log): LogRecord {
  const head: Line[] = [];
  let tail: Line[] = [];
  let tailLength = 0;
  let count = 0;
  const hidePem = pemLines();
  log.follow((line, atMs) => {
    count += 1;
    const text = hidePem(line);
    // Masked when it is written, if it is still there: that is what takes time.
    (head.length < HEAD_LINES ? head : tail).push({ atMs, text, isMasked: false });
    tailLength += text.length;
    if (tail.length <= 2 * TAIL_LINES && tailLength <= HELD_LENGTH) return;
    tail = tail.slice(-Math.min(TAIL_LINES, Math.ceil(tail.length / 2)));
    tailLength = tail.reduce((sum, each) => sum + each.text.length, 0);
  });
  const shown = (line: Line): readonly [number, string] => {
    if (!line.isMasked) {
      const masked = mask(line.text);
      line.text =
        masked.length > LINE_LENGTH ? `${masked.slice(0, LINE_LENGTH)}… (${masked.length} characters)` : masked;
      line.isMasked = true;
    }
    return [line.atMs, line.text];
  };
  return {
    length: () => lengthOf(head) + lengthOf(tail.slice(-TAIL_LINES)),
    read: (share) => ({
      stack,
      service,
      file: log.file,
      count,
      head: Math.min(head.length, Math.ceil(HEAD_LINES * share)),
      lines: [...head.slice(0, Math.ceil(HEAD_LINES * share)), ...tail.slice(-Math.ceil(TAIL_LINES * share))].map(
        shown,
      ),
    }),
  };
}

function lengthOf(lines: readonly Line[]): number {
  return lines.reduce((sum, { text }) => sum + Math.min(text.length, LINE_LENGTH), 0);
}
