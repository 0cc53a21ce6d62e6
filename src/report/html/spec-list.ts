import { html } from "htm/preact";
import type { VNode } from "preact";
import { useState } from "preact/hooks";
import { Failure } from "./failure.ts";
import { nameOf } from "../ctrf.ts";
import { isBlocked, isRed, lasted } from "./model.ts";
import type { PageReport, Row } from "./model.ts";
import { shown } from "./text.ts";

/** So many specs are shown at once. */
const AT_ONCE = 200;

const WORDS: Readonly<Record<string, string>> = {
  passed: "passed",
  failed: "failed",
  error: "failed",
  skipped: "skipped",
  running: "was running",
  unfinished: "not finished",
};

export interface SpecListProps {
  readonly rows: readonly Row[];
  /** The spec that the address names, which is open. */
  readonly named: string | undefined;
  readonly onShowTime: (report: PageReport, fromMs: number, untilMs: number) => void;
}

/** Specs under the titles that they stand under. */
export function SpecList({ rows, named, onShowTime }: SpecListProps): VNode {
  const [count, setCount] = useState(AT_ONCE);
  if (rows.length === 0) return html`<p class="none">No spec is like that.</p>`;
  // The one that is asked for is there, wherever it stands.
  const place = rows.findIndex(({ id }) => id === named);
  const visible = rows.slice(0, Math.max(count, place + 1));
  const groups: { heading: string; rows: Row[] }[] = [];
  for (const row of visible) {
    const { suite = [], filePath } = row.test;
    const heading = [nameOf(row.report), ...(suite.length > 0 ? suite : [filePath ?? ""])].join(" › ");
    if (groups.at(-1)?.heading !== heading) groups.push({ heading, rows: [] });
    groups.at(-1)!.rows.push(row);
  }
  return html`<div class="list">
    ${groups.map(
      ({ heading, rows: own }) =>
        html`<section>
          <h3>${shown(heading)} <small>${own[0]!.test.filePath}</small></h3>
          <ul>
            ${own.map((row) => html`<${Spec} key=${row.id} row=${row} isNamed=${row.id === named} onShowTime=${onShowTime} />`)}
          </ul>
        </section>`,
    )}
    ${
      visible.length < rows.length &&
      html`<p class="more">
        ${visible.length} of ${rows.length} are shown.
        <button type="button" onClick=${() => setCount(visible.length + AT_ONCE)}>Show ${AT_ONCE} more</button>
      </p>`
    }
  </div>`;
}

interface SpecProps extends Pick<SpecListProps, "onShowTime"> {
  readonly row: Row;
  readonly isNamed: boolean;
}

function Spec({ row: { test, report, id }, isNamed, onShowTime }: SpecProps): VNode {
  const { name, rawStatus, duration, flaky, retries = 0, message } = test;
  const tone = flaky ? "flaky" : isRed(test) ? "failed" : test.status;
  const [wasOpened, open] = useState(isNamed);
  const isHook = rawStatus === "error" && / hook\b/.test(name);
  const word = isBlocked(test) ? "not run" : isHook ? "hook failed" : (WORDS[rawStatus] ?? rawStatus);
  const line = html`<span class="status ${tone}">${flaky ? "flaky" : word}</span>
    <span class="name">${shown(name)}</span>
    <span class="took">${retries > 0 ? `${retries + 1} tries, ` : ""}${lasted(duration)}</span>`;
  const link = html`<a class="link" href="#${id}" aria-label=${`Link to ${name}`}>#</a>`;
  if (message === undefined && retries === 0)
    return html`<li id=${id} class=${isNamed ? "named" : ""}>${line}${link}</li>`;
  const [first = ""] = (message ?? "").split("\n");
  // What is not looked at is not drawn.
  const onToggle = ({ currentTarget }: { currentTarget: HTMLDetailsElement }): void => {
    if (currentTarget.open) open(true);
  };
  return html`<li id=${id} class=${isNamed ? "named" : ""}>
    <details open=${isNamed} onToggle=${onToggle}>
      <summary>${line}<span class="why">${shown(first.slice(0, 300))}</span></summary>
      ${
        (wasOpened || isNamed) &&
        html`<${Failure}
          test=${test}
          report=${report}
          onShowTime=${(fromMs: number, untilMs: number) => onShowTime(report, fromMs, untilMs)}
        />`
      }
    </details>
    ${link}
  </li>`;
}
