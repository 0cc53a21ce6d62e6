import { html } from "htm/preact";
import type { VNode } from "preact";
import { useState } from "preact/hooks";
import type { Exchange } from "../../http/exchange.ts";
import type { CtrfTestExtra } from "../ctrf.ts";
import { counted, lasted } from "./model.ts";
import { block, difference, pretty, shown } from "./text.ts";

/** So many are known of a spec. */
const REMEMBERED = 10;

/** The HTTP exchanges of a failed spec as a waterfall, each to be opened. */
export function Exchanges({ extra }: { readonly extra: CtrfTestExtra }): VNode | null {
  const { exchanges = [] } = extra;
  if (exchanges.length === 0) return null;
  const fromMs = Math.min(...exchanges.map(({ atMs }) => atMs));
  const lengthMs = Math.max(...exchanges.map(({ atMs, tookMs }) => atMs + tookMs)) - fromMs || 1;
  const many = exchanges.length < REMEMBERED ? "" : "the last ";
  return html`<section class="exchanges">
    <h4>
      What it asked for${" "}
      <small>${`${many}${counted(exchanges.length, "request")}, ${lasted(lengthMs)}`}</small>
    </h4>
    <ol>
      ${exchanges.map((exchange) => {
        const left = (100 * (exchange.atMs - fromMs)) / lengthMs;
        const width = Math.max(1, (100 * exchange.tookMs) / lengthMs);
        return html`<li><${One} exchange=${exchange} left=${left} width=${width} extra=${extra} /></li>`;
      })}
    </ol>
  </section>`;
}

interface OneProps {
  readonly exchange: Exchange;
  readonly left: number;
  readonly width: number;
  readonly extra: CtrfTestExtra;
}

function One({ exchange, left, width, extra }: OneProps): VNode {
  const { method, url, service, headers, body, again, answer, tookMs } = exchange;
  const differs = whatDiffers(exchange, extra);
  const { error, status } = answer ?? {};
  // What it was asked for stands beside it.
  const result = answer === undefined ? "no answer yet" : (error?.replace(`${method} ${url}: `, "") ?? String(status));
  const isBad = answer?.status === undefined || answer.status >= 400 || differs !== undefined;
  return html`<details class="exchange" open=${differs !== undefined}>
    <summary>
      <span class="request"
        ><b>${method}</b> ${shown(pathOf(url))}
        ${service !== undefined && html`<small> to ${shown(service)}</small>`}</span
      >
      <span class=${isBad ? "answer bad" : "answer"}>${shown(result)}</span>
      <span class="took">${lasted(tookMs)}</span>
      <svg class="bar" viewBox="0 0 100 4" preserveAspectRatio="none" aria-hidden="true">
        <rect x=${left} y="0" width=${Math.min(width, 100 - left)} height="4" rx="0.5" />
      </svg>
    </summary>
    <div class="sides">
      <div>
        <h5>Request</h5>
        <p class="address">${shown(url)}</p>
        ${again === true && html`<p>It was sent once more, for the connection that was kept open had been closed.</p>`}
        <${Headers} headers=${headers} />
        ${body !== "" && block("body of the request", shown(pretty(body)))}
        <${Curl} exchange=${exchange} />
      </div>
      <div>
        <h5>Answer</h5>
        <p class="address">${shown(result)}</p>
        ${differs?.status !== undefined && html`<p class="differs">The spec expected ${shown(differs.status)}.</p>`}
        ${answer !== undefined && html`<${Headers} headers=${answer.headers} />`}
        ${
          differs?.body !== undefined
            ? difference(differs.body, extra.actual!)
            : answer !== undefined && answer.body !== "" && block("body of the answer", shown(pretty(answer.body)))
        }
      </div>
    </div>
  </details>`;
}

function Headers({ headers }: { readonly headers: Readonly<Record<string, string>> }): VNode | null {
  const all = Object.entries(headers);
  if (all.length === 0) return null;
  return html`<details class="headers">
    <summary>${counted(all.length, "header")}</summary>
    <dl>
      ${all.map(
        ([name, value]) =>
          html`<div>
            <dt>${shown(name)}</dt>
            <dd>${shown(value)}</dd>
          </div>`,
      )}
    </dl>
  </details>`;
}

function Curl({ exchange }: { readonly exchange: Exchange }): VNode {
  const [said, say] = useState("");
  const copy = (): void => {
    navigator.clipboard.writeText(curlOf(exchange)).then(
      () => say("copied"),
      () => say("the browser does not allow that"),
    );
  };
  return html`<p class="copy">
    <button type="button" onClick=${copy}>Copy as curl</button> <span role="status">${said}</span>
  </p>`;
}

/** The request as a command for a POSIX shell. What is masked stays so. */
function curlOf({ method, url, headers, body }: Exchange): string {
  const words = [
    ["curl", "--include", "--request", method, quoted(url)].join(" "),
    ...Object.entries(headers).map(([name, value]) => `--header ${quoted(`${name}: ${value}`)}`),
    ...(body === "" ? [] : [`--data-raw ${quoted(body)}`]),
  ];
  return words.join(" \\\n  ");
}

function quoted(text: string): string {
  return `'${text.replaceAll("'", String.raw`'\''`)}'`;
}

function pathOf(url: string): string {
  const parsed = URL.parse(url);
  return parsed === null ? url : `${parsed.pathname}${parsed.search}`;
}

/** Where the answer is what the spec found, and not what it had expected. */
function whatDiffers(
  { answer }: Exchange,
  { expected, actual }: CtrfTestExtra,
): { readonly status?: string; readonly body?: string } | undefined {
  if (answer === undefined || expected === undefined || actual === undefined) return undefined;
  if (actual === String(answer.status)) return { status: expected };
  return answer.body !== "" && asAsserted(answer.body) === actual ? { body: expected } : undefined;
}

/** JSON as mocha shows it in a difference: its fields in order, and no commas at the ends of lines. */
function asAsserted(text: string): string {
  try {
    const sorted = JSON.stringify(
      JSON.parse(text),
      (_, value: unknown) =>
        typeof value === "object" && value !== null && !Array.isArray(value)
          ? Object.fromEntries(Object.entries(value).toSorted(([a], [b]) => (a < b ? -1 : 1)))
          : value,
      2,
    );
    return sorted.replaceAll(/,(?=\n)/g, "");
  } catch {
    return text;
  }
}
