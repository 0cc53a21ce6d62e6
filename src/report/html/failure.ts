import { html } from "htm/preact";
import type { VNode } from "preact";
import type { CtrfTest, StoredLines } from "../ctrf.ts";
import { Exchanges } from "./exchanges.ts";
import { lasted } from "./model.ts";
import type { PageReport } from "./model.ts";
import { block, blockFromEnd, difference, shown } from "./text.ts";

export interface FailureProps {
  readonly test: CtrfTest;
  readonly report: PageReport;
  /** Shows this stretch of time on the axis. */
  readonly onShowTime: (fromMs: number, untilMs: number) => void;
}

/** All that is known of a spec that did not simply pass. */
export function Failure({ test, report, onShowTime }: FailureProps): VNode {
  const { message, trace, snippet, filePath, line, start, stop, extra = {}, retryAttempts = [] } = test;
  const { expected, actual } = extra;
  // A margin, so that what led to it is seen too.
  const marginMs = Math.max(200, ((stop ?? 0) - (start ?? 0)) / 2);
  return html`<div class="failure">
    ${message !== undefined && block("error", shown(message), "message")}
    ${expected !== undefined && actual !== undefined && difference(expected, actual)}
    ${
      snippet !== undefined &&
      html`<section>
        <h4>Where <small>${filePath}:${line}</small></h4>
        ${block("lines of the spec", marked(snippet), "snippet")}
      </section>`
    }
    ${pictures(test)}
    <${Exchanges} extra=${extra} />
    <${Logs} test=${test} report=${report} />
    ${
      retryAttempts.length > 0 &&
      html`<section>
        <h4>Earlier tries</h4>
        <ol>
          ${retryAttempts.map(({ message: why = "" }) => html`<li>${block("error of an earlier try", shown(why))}</li>`)}
        </ol>
      </section>`
    }
    ${
      trace !== undefined &&
      html`<details class="trace">
        <summary>Stack trace</summary>
        ${block("stack trace", shown(trace))}
      </details>`
    }
    ${
      start !== undefined &&
      stop !== undefined &&
      html`<p>
        <button type="button" onClick=${() => onShowTime(start - marginMs, stop + marginMs)}>
          Show on the time axis
        </button>
        <small> it took ${lasted(test.duration)}</small>
      </p>`
    }
  </div>`;
}

function marked(snippet: string): unknown {
  return snippet
    .split("\n")
    .map((text) => html`<span class=${text.startsWith(">") ? "here" : ""}>${shown(text)}</span>`);
}

/** What every service wrote while the spec ran: as it was seen then, else as the logs have it. */
function Logs({ test, report }: Pick<FailureProps, "test" | "report">): VNode | null {
  const { extra = {}, attachments = [], start, stop } = test;
  if (extra.blocked === true) return null;
  const isTimed = start !== undefined || extra.logs !== undefined;
  const logs = isTimed ? report.results.extra.timeline.logs : [];
  const inTime = logs.map(({ service, lines }): StoredLines => {
    const within = lines.filter(([atMs]) => atMs >= (start ?? Infinity) && atMs <= (stop ?? Infinity));
    return { service, lines: within.map(([, text]) => text), atMs: within.map(([atMs]) => atMs) };
  });
  const seen = extra.logs?.length ? extra.logs : inTime;
  // First that of the service which the error is about.
  const isOther = ({ service }: StoredLines): boolean => !(test.message ?? "").includes(`: ${service}: `);
  const written = seen
    .filter(({ lines }) => lines.length > 0)
    .toSorted((a, b) => Number(isOther(a)) - Number(isOther(b)));
  if (written.length === 0 && logs.length === 0 && attachments.length === 0) return null;
  return html`<section class="logs">
    <h4>What services wrote meanwhile</h4>
    ${extra.leftOut === true && html`<p>What was seen is left out here: there is too much of it before.</p>`}
    ${written.length === 0 && html`<p>Nothing.</p>`}
    ${written.map(
      ({ service, lines, atMs }) =>
        html`<h5>${shown(service)}</h5>
          ${blockFromEnd(
            `log of ${service}`,
            lines.map((text, index) => html`<${Line} atMs=${atMs[index]} text=${text} />`),
          )}`,
    )}
    ${
      attachments.length > 0 &&
      html`<p>Files: ${attachments.map(({ path, name }) => html` <a href=${linkTo(path)}>${shown(name)}</a>`)}</p>`
    }
  </section>`;
}

/** What a browser showed when the spec failed. */
function pictures({ attachments = [] }: CtrfTest): VNode[] {
  const images = attachments.filter(({ contentType }) => contentType.startsWith("image/"));
  return images.map(
    ({ path }) => html`<img class="picture" src=${linkTo(path)} alt="The page when the spec failed" />`,
  );
}

/** A line of a log with the time of the day. */
export function Line({ atMs, text }: { readonly atMs: number | undefined; readonly text: string }): VNode {
  const time = atMs === undefined || Number.isNaN(atMs) ? "" : new Date(atMs).toISOString().slice(11, 23);
  return html`<span class="line"><time>${time}</time> ${shown(text)}${"\n"}</span>`;
}

/** A file as seen from the page: both are in the folder of reports. */
function linkTo(path: string): string {
  return path
    .replace(/^.*?(?=(?:logs|attachments)\/)/, "")
    .split("/")
    .map(encodeURIComponent)
    .join("/");
}
