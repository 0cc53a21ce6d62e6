import type { Log } from "../docker/log.ts";
import type { ResolvedImage } from "../../images/resolve.ts";

/** How far a part of a stack has come. */
export type State = "waiting" | "starting" | "ready" | "completed" | "restored" | "failed" | "stopped";

/** Something happened that a reader of the terminal wants to know. */
export type ProgressEvent =
  | {
      readonly kind: "node";
      readonly stack: string;
      readonly node: "service" | "task";
      readonly name: string;
      readonly state: State;
      readonly atMs: number;
      readonly tookMs?: number;
      readonly waitsFor?: readonly string[];
    }
  /** What a part that is waited for has answered, each time that it was asked. */
  | { readonly kind: "answer"; readonly stack: string; readonly name: string; readonly answer: string }
  /** A container runs, and this is its log. */
  | { readonly kind: "log"; readonly stack: string; readonly name: string; readonly log: Log }
  /** A fault of a service or volume was made or healed, and this is what it is now: "cut", "ready". */
  | {
      readonly kind: "fault";
      readonly stack: string;
      readonly node: "service" | "volume";
      readonly name: string;
      readonly state: string;
    }
  /** A promise that does not hold for this stack: one line, once. */
  | { readonly kind: "notice"; readonly text: string }
  | { readonly kind: "image"; readonly name: string; readonly state: "pulling" | "building"; readonly detail: string }
  | { readonly kind: "image-resolved"; readonly image: ResolvedImage; readonly tookMs: number };

export type OnProgress = (event: ProgressEvent) => void;
