/** A stretch of a run. All times are milliseconds of Unix time. */
export interface Phase {
  readonly name: string;
  readonly fromMs: number;
  readonly untilMs: number;
}

/** How a service or task of a stack came up; of a volume, what was made of it. */
export interface TimelineNode {
  readonly stack: string;
  readonly name: string;
  readonly kind: "service" | "task" | "volume";
  readonly waitsFor: readonly string[];
  readonly states: readonly { readonly state: string; readonly atMs: number }[];
  /** What it answered while it was waited for, each answer once until another came. */
  readonly answers: readonly { readonly atMs: number; readonly text: string }[];
}

/** An image that was used, and how long it took to have it. */
export interface TimelineImage {
  readonly name: string;
  readonly reference: string;
  readonly digest: string;
  readonly origin: string;
  readonly fromMs: number;
  readonly untilMs: number;
}

/** What a container wrote: its first lines, and its last. */
export interface TimelineLog {
  readonly stack: string;
  readonly service: string;
  /** The file that has all of it. */
  readonly file?: string | undefined;
  /** How many lines there have been; those that are not in `lines` are left out after the first `head` of these. */
  readonly count: number;
  readonly head: number;
  readonly lines: readonly (readonly [atMs: number, text: string])[];
}

/** All that a run has seen beside its specs, on one axis. */
export interface Timeline {
  readonly phases: readonly Phase[];
  readonly images: readonly TimelineImage[];
  readonly nodes: readonly TimelineNode[];
  readonly logs: readonly TimelineLog[];
  readonly notices: readonly { readonly atMs: number; readonly text: string }[];
}
