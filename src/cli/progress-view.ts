import { createLogUpdate } from "log-update";
import pc from "picocolors";
import type { OnProgress, ProgressEvent, State } from "../engine/plan/progress.ts";
import { visible } from "../terminal.ts";
import type { ResolvedImage } from "../images/resolve.ts";

/** Shows the progress of a start. */
export interface ProgressView {
  readonly onProgress: OnProgress;
  /** What follows is no longer the view's to overwrite. */
  close(): void;
}

const ORIGINS: Record<ResolvedImage["origin"], string> = {
  local: "on this machine",
  registry: "pulled",
  build: "built from this project",
  debian: "substitute built from Debian's packages",
};
/** At most one line this often for one image's pull, where lines stay. */
const PULL_LINE_EVERY_MS = 2_000;

/** Who is waited for longer than this is asked about, in milliseconds; then again after so long, on a terminal and where lines stay. */
const LONG_WAIT_MS = 3_000;
const ANSWER_DRAWN_EVERY_MS = 1_000;
const ANSWER_LINE_EVERY_MS = 10_000;

/** A live list on a terminal, lines that stay anywhere else. */
export function progressView(stream: NodeJS.WriteStream): ProgressView {
  return stream.isTTY ? liveView(stream) : plainView(stream);
}

function plainView(stream: NodeJS.WriteStream): ProgressView {
  const pulledAt = new Map<string, number>();
  const answers = longWaits((name, text) => stream.write(`  ${visible(`${name}: ${text}`)}\n`), ANSWER_LINE_EVERY_MS);
  return {
    onProgress(event) {
      answers.hear(event);
      if (event.kind === "image" && event.state === "pulling") {
        if (performance.now() - (pulledAt.get(event.name) ?? -Infinity) < PULL_LINE_EVERY_MS) return;
        pulledAt.set(event.name, performance.now());
      }
      const line = lineOf(event);
      if (line !== undefined) stream.write(`${visible(line)}\n`);
    },
    close: answers.close,
  };
}

function lineOf(event: ProgressEvent): string | undefined {
  if (event.kind === "answer" || event.kind === "log" || event.kind === "fault") return undefined;
  if (event.kind === "notice") return `  ${event.text}`;
  if (event.kind === "image") return `  ${event.name} ${event.state}: ${shorten(event.detail)}`;
  if (event.kind === "image-resolved") return `  ${imageLine(event.image)}`;
  if (event.state === "waiting" || event.state === "stopped") return undefined;
  const took = event.tookMs === undefined ? "" : ` after ${seconds(event.tookMs)}`;
  return `  ${event.name} ${event.state}${took}`;
}

function liveView(stream: NodeJS.WriteStream): ProgressView {
  const update = createLogUpdate(stream);
  const images = new Map<string, string>();
  const nodes = new Map<string, string>();
  /** What those answer that are waited for, behind their lines. */
  const answered = new Map<string, string>();
  const answers = longWaits((name, text) => {
    answered.set(name, text);
    draw();
  }, ANSWER_DRAWN_EVERY_MS);
  const draw = (): void =>
    update(
      [
        ...images.values(),
        ...[...nodes].map(([name, line]) =>
          answered.has(name) ? `${line} ${pc.dim(visible(answered.get(name)!))}` : line,
        ),
      ]
        .map((line) => `  ${line}`)
        .join("\n"),
    );
  const marks: Record<State, string> = {
    waiting: pc.dim("·"),
    starting: pc.yellow("›"),
    ready: pc.green("✔"),
    completed: pc.green("✔"),
    restored: pc.green("✔"),
    failed: pc.red("✖"),
    stopped: pc.dim("■"),
  };
  return {
    onProgress(event) {
      answers.hear(event);
      if (event.kind === "image")
        images.set(
          event.name,
          `${pc.yellow("›")} ${visible(`${event.name} ${event.state}: ${shorten(event.detail)}`)}`,
        );
      else if (event.kind === "notice") images.set(event.text, `${pc.yellow("!")} ${visible(event.text)}`);
      else if (event.kind === "image-resolved")
        images.set(event.image.name, `${pc.green("✔")} ${pc.dim(visible(imageLine(event.image)))}`);
      else if (event.kind === "answer" || event.kind === "log" || event.kind === "fault" || event.state === "stopped")
        return;
      else {
        answered.delete(event.name);
        const waits = event.waitsFor === undefined ? "" : pc.dim(visible(` for ${event.waitsFor.join(", ")}`));
        const took = event.tookMs === undefined ? "" : pc.dim(` after ${seconds(event.tookMs)}`);
        nodes.set(event.name, `${marks[event.state]} ${visible(event.name)} ${event.state}${waits}${took}`);
      }
      draw();
    },
    close() {
      answers.close();
      update.done();
    },
  };
}

/** "mysql:9.7 is localhost/stackspec/mysql:9.7-00bcddcd01f3, substitute built from Debian's packages, sha256:23fa2727b45a" */
function imageLine({ name, reference, digest, origin }: ResolvedImage): string {
  return `${name} is ${reference}, ${ORIGINS[origin]}, ${digest.slice(0, 19)}`;
}

function shorten(text: string): string {
  const line = text.replaceAll(/\s+/g, " ");
  return line.length > 100 ? `${line.slice(0, 99)}…` : line;
}

function seconds(ms: number): string {
  return `${(ms / 1000).toFixed(1)} s`;
}

/** Shows of each part that is waited for long what it last answered, and for how long: "GET / answered 500 · 14 s". */
function longWaits(show: (name: string, text: string) => void, everyMs: number): { hear: OnProgress; close(): void } {
  const waits = new Map<string, { readonly sinceMs: number; answer?: string; timer: NodeJS.Timeout }>();
  const end = (name: string): void => {
    clearTimeout(waits.get(name)?.timer);
    waits.delete(name);
  };
  const later = (name: string, ms: number): NodeJS.Timeout =>
    setTimeout(() => {
      const wait = waits.get(name)!;
      const { answer, sinceMs } = wait;
      if (answer !== undefined)
        show(name, `${shorten(answer)} · ${Math.round((performance.now() - sinceMs) / 1_000)} s`);
      wait.timer = later(name, everyMs);
    }, ms).unref();
  return {
    hear(event) {
      if (event.kind === "answer") {
        const wait = waits.get(event.name);
        if (wait !== undefined) wait.answer = event.answer;
      } else if (event.kind === "node") {
        end(event.name);
        if (event.state === "starting")
          waits.set(event.name, { sinceMs: performance.now(), timer: later(event.name, LONG_WAIT_MS) });
      }
    },
    close() {
      for (const name of waits.keys()) end(name);
    },
  };
}
