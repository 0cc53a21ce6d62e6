import type { ProgressEvent } from "../engine/plan/progress.ts";
import { complain } from "../terminal.ts";

/** Shows what holds for this run though nobody may look at its progress. */
export function sayNotices(event: ProgressEvent): void {
  if (event.kind === "notice") complain(event.text);
}
