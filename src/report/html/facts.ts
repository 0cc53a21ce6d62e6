import { html } from "htm/preact";
import type { VNode } from "preact";
import { nameOf } from "../ctrf.ts";
import { counted, failedOf, isBlocked, isRed, lasted, moment, rowsOf, slowest } from "./model.ts";
import type { PageData, PageReport, Row } from "./model.ts";
import { shown } from "./text.ts";

/** How the run went, in one look. */
export function Totals({ data }: { readonly data: PageData }): VNode {
  const tests = data.reports.flatMap(({ results }) => results.tests);
  const red = tests.filter(isRed).length;
  const blocked = tests.filter(isBlocked).length;
  const flaky = tests.filter((test) => test.flaky).length;
  const skipped = tests.filter(({ status }) => status === "skipped").length;
  const passed = tests.filter(({ status }) => status === "passed").length;
  const share = (count: number): string => `${(100 * count) / (tests.length || 1)}`;
  const [first = data.madeAt] = data.reports.map(({ results }) => results.summary.start).toSorted((a, b) => a - b);
  const tookMs = data.reports.reduce((sum, { results }) => sum + results.summary.duration, 0);
  const verdict =
    tests.length === 0 ? "No spec ran" : red > 0 ? `${counted(red - blocked, "spec")} failed` : "All specs passed";
  return html`<header class=${red > 0 ? "totals bad" : "totals good"}>
    <h1>${verdict}</h1>
    <p>
      ${counted(passed, "spec")} passed, ${failedOf(tests)}, ${skipped} skipped, ${flaky} flaky · ${lasted(tookMs)} ·
      <time datetime=${new Date(first).toISOString()}> ${moment(first)}</time>
    </p>
    <svg class="share" viewBox="0 0 100 2" preserveAspectRatio="none" aria-hidden="true">
      <rect class="passed" width="100" height="2" />
      <rect class="skipped" x=${share(tests.length - red - skipped)} width="100" height="2" />
      <rect class="failed" x=${share(tests.length - red)} width=${share(red)} height="2" />
    </svg>
  </header>`;
}

/** Each suite with its numbers, and what is otherwise than the time before. */
export function Suites({ data }: { readonly data: PageData }): VNode {
  return html`<section class="suites" aria-label="Suites">
    ${data.reports.map((report) => {
      const { summary, extra } = report.results;
      const red = summary.failed + summary.other;
      return html`<article class=${red > 0 ? "bad" : "good"}>
        <h2>${shown(nameOf(report))}</h2>
        <p>
          <b>${summary.passed}</b> passed, <b>${failedOf(report.results.tests)}</b>,${" "}
          ${`${summary.skipped} skipped, ${summary.flaky} flaky`}
        </p>
        <p><small>${lasted(summary.duration)}, ${moment(summary.start)}</small></p>
        ${!extra.isOver && html`<p class="differs">This run has not ended, or was killed: what had ended by then is here.</p>`}
        <${Since} report=${report} />
        ${report.leftOut.map((line) => html`<p class="left-out">${line} <a href=${report.file}>All of it as data</a></p>`)}
      </article>`;
    })}
  </section>`;
}

function Since({ report: { comparison, results } }: { readonly report: PageReport }): VNode | null {
  if (comparison === undefined) return null;
  const { newFailures, fixed, slower, added, gone, previousAt } = comparison;
  const name = (id: string): string => results.tests.find(({ testId }) => testId === id)?.name ?? id;
  const parts = [
    newFailures.length > 0 && counted(newFailures.length, "new failure"),
    fixed.length > 0 && `${fixed.length} fixed`,
    slower.length > 0 && `${slower.length} slower`,
    added > 0 && `${added} new`,
    gone > 0 && `${gone} gone`,
  ].filter((part) => part !== false);
  const since = `since the run of ${moment(Date.parse(previousAt))}`;
  if (parts.length === 0) return html`<p class="since">Nothing is otherwise ${since}.</p>`;
  const list = (title: string, names: readonly string[]): unknown =>
    names.length > 0 &&
    html`<h3>${title}</h3>
      <ul>
        ${names.slice(0, 50).map((each) => html`<li>${shown(each)}</li>`)}
      </ul>`;
  return html`<details class="since">
    <summary>${parts.join(", ")} <small>${since}</small></summary>
    ${list("New failures", newFailures.map(name))} ${list("Fixed", fixed.map(name))}
    ${list(
      "Slower",
      slower.map(({ testId, fromMs, toMs }) => `${name(testId)}: ${lasted(fromMs)} → ${lasted(toMs)}`),
    )}
  </details>`;
}

/** Where it ran, with what, and what took how long. */
export function Facts({ data }: { readonly data: PageData }): VNode {
  const rows = rowsOf(data);
  return html`<section class="facts" aria-labelledby="facts">
    <h2 id="facts">What took how long, and where it ran</h2>
    <div class="columns">
      <${Slowest} rows=${slowest(rows, 10)} />
      ${data.reports.map((report) => html`<${Run} report=${report} />`)}
    </div>
  </section>`;
}

function Slowest({ rows }: { readonly rows: readonly Row[] }): VNode {
  return html`<div>
    <h3>Slowest specs</h3>
    ${rows.length === 0 && html`<p>None took longer than 100 ms.</p>`}
    <table>
      <tbody>
        ${rows.map(
          ({ test, id }) =>
            html`<tr>
              <td class="number">${lasted(test.duration)}</td>
              <td><a href="#${id}">${shown(test.name)}</a></td>
            </tr>`,
        )}
      </tbody>
    </table>
  </div>`;
}

function Run({ report }: { readonly report: PageReport }): VNode {
  const { environment, extra, tool } = report.results;
  const { machine, properties } = environment.extra;
  const { phases, images } = extra.timeline;
  const others = Object.entries(properties).filter(([name]) => !name.startsWith("image."));
  const memory = `${(machine.memoryBytes / 2 ** 30).toFixed(0)} GiB`;
  const facts: readonly (readonly [string, string])[] = [
    ["machine", `${machine.platform} ${machine.release}, ${machine.cores} × ${machine.cpu}, ${memory}`],
    [tool.name, tool.version],
    ...others,
  ];
  return html`<div>
    <h3>${shown(nameOf(report))}</h3>
    <table>
      <tbody>
        ${phases.map(
          ({ name, fromMs, untilMs }) =>
            html`<tr>
              <th scope="row">${name}</th>
              <td>${lasted(untilMs - fromMs)}</td>
            </tr>`,
        )}
        ${facts.map(
          ([name, value]) =>
            html`<tr>
              <th scope="row">${shown(name)}</th>
              <td>${shown(value)}</td>
            </tr>`,
        )}
        ${images.map(
          ({ name, reference, digest, origin, fromMs, untilMs }) =>
            html`<tr>
              <th scope="row">${shown(name)}</th>
              <td>${shown(reference)} <code>${shown(digest)}</code> ${origin}, ${lasted(untilMs - fromMs)}</td>
            </tr>`,
        )}
      </tbody>
    </table>
  </div>`;
}
