import { html } from "htm/preact";
import type { VNode } from "preact";
import { useEffect, useMemo, useState } from "preact/hooks";
import { axisOf } from "./axis-model.ts";
import { TimeAxis } from "./axis.ts";
import type { Range } from "./axis.ts";
import { Facts, Suites, Totals } from "./facts.ts";
import { nameOf } from "../ctrf.ts";
import { chosen, isRed, rowsOf } from "./model.ts";
import type { Filter, PageData, PageReport } from "./model.ts";
import { SpecList } from "./spec-list.ts";
import { shown } from "./text.ts";

const FILTERS: readonly (readonly [Filter, string])[] = [
  ["all", "All"],
  ["failed", "Failed"],
  ["new", "New failures"],
  ["flaky", "Flaky"],
  ["slow", "Slow"],
  ["skipped", "Skipped"],
];

/** The page. What the address names after the # is open. */
export function App({ data }: { readonly data: PageData }): VNode {
  const rows = useMemo(() => rowsOf(data), [data]);
  const hasRed = rows.some(({ test }) => isRed(test));
  const [filter, setFilter] = useState<Filter>(hasRed ? "failed" : "all");
  const [text, setText] = useState("");
  const [named, setNamed] = useState<string>();
  const [place, setPlace] = useState(() => placeOf(data.reports));
  useEffect(() => {
    const follow = (): void => {
      const id = decodeURIComponent(location.hash.slice(1));
      if (!rows.some((row) => row.id === id)) return;
      setNamed(id);
      // Whatever was looked for, the one that is named is there.
      setFilter((before) => (chosen(rows, before, "").some((row) => row.id === id) ? before : "all"));
      setText("");
    };
    follow();
    addEventListener("hashchange", follow);
    return () => removeEventListener("hashchange", follow);
  }, [rows]);
  useEffect(() => {
    if (named !== undefined) document.getElementById(named)?.scrollIntoView({ block: "start" });
  }, [named]);
  const found = useMemo(() => chosen(rows, filter, text), [rows, filter, text]);
  const showTime = (report: PageReport, fromMs: number, untilMs: number): void => {
    setPlace(placeOf([report], { fromMs, untilMs }));
    document.getElementById("time")?.scrollIntoView();
    document.querySelector<HTMLElement>(".axis")?.focus({ preventScroll: true });
  };
  return html`<div>
    <${Totals} data=${data} />
    <main>
      <${Suites} data=${data} />
      <section aria-labelledby="specs">
        <h2 id="specs">Specs</h2>
        <div class="toolbar" role="search">
          <label
            >Search${" "}
            <input
              type="search"
              value=${text}
              onInput=${({ currentTarget }: { currentTarget: HTMLInputElement }) => setText(currentTarget.value)}
            />
          </label>
          <div role="group" aria-label="Filter">
            ${FILTERS.map(([each, label]) => {
              const count = chosen(rows, each, text).length;
              return html`<button type="button" aria-pressed=${filter === each} onClick=${() => setFilter(each)}>
                ${label} <span>${count}</span>
              </button>`;
            })}
          </div>
        </div>
        <${SpecList} rows=${found} named=${named} onShowTime=${showTime} />
      </section>
      ${
        place !== undefined &&
        html`<section aria-labelledby="time">
          <h2 id="time">One time axis for everything</h2>
          ${
            data.reports.length > 1 &&
            html`<p class="toolbar" role="group" aria-label="Suite on the time axis">
              ${data.reports.map(
                (report) =>
                  html`<button
                    type="button"
                    aria-pressed=${report === place.report}
                    onClick=${() => setPlace(placeOf([report]))}
                  >
                    ${shown(nameOf(report))}
                  </button>`,
              )}
            </p>`
          }
          <${TimeAxis}
            axis=${place.axis}
            range=${place.range}
            onRange=${(range: Range) => setPlace({ ...place, range })}
          />
        </section>`
      }
      <${Facts} data=${data} />
    </main>
    <footer>
      <p>Made by stackspec from ${data.reports.map(({ file }) => html`<a href=${file}>${file}</a>${" "}`)}</p>
    </footer>
  </div>`;
}

/** What the axis shows first: the whole of the first red suite, else of the first. */
function placeOf(reports: readonly PageReport[], range?: Range) {
  const report = reports.find(({ results }) => results.tests.some(isRed)) ?? reports[0];
  if (report === undefined) return undefined;
  const axis = axisOf(report);
  return { report, axis, range: range ?? { fromMs: axis.fromMs, untilMs: axis.untilMs } };
}
