import { channel } from "node:diagnostics_channel";
import type superagent from "superagent";
import { mask, maskedJson } from "../secrets.ts";

/** How many requests are remembered, and how much of a body is shown. */
const REMEMBERED = 10;
const BODY_CHARACTERS = 2_000;
/** How much of it is shown within a line: chai shows nothing of an object of which it would have to show more than 400. */
const LINE_CHARACTERS = 200;

/** Headers that prove who one is, whatever their value looks like. */
const SECRET_HEADER = /authorization|\bauth\b|cookie|password|token|secret|key/i;

/** A request and what came of it: plain data, bodies bounded, secrets masked. */
export interface Exchange {
  readonly method: string;
  readonly url: string;
  /** The service of a stack that it was sent to. */
  readonly service?: string | undefined;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
  /** When it was sent, in milliseconds of Unix time. */
  readonly atMs: number;
  readonly tookMs: number;
  /** It was sent once more, for the connection that was kept open had been closed. */
  readonly again?: boolean;
  /** Undefined as long as there is none. */
  readonly answer?: Answer | undefined;
}

/** The answer to a request, or in `error` why there is none. */
export interface Answer {
  readonly status?: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
  readonly error?: string;
}

/** Its data are made when they are asked for, as nobody looks at the exchanges of a spec that passes. */
export interface SentRequest {
  read(): Exchange;
}

/** Where every client tells what it sends: a spec makes clients by itself, and hands them no record to write to. */
// Stryker disable next-line StringLiteral: any name does, as long as all copies of this package have the same
const sentByClients = channel("stackspec:http:sent");

/** The services of stacks, by the origin of their addresses. An address that is free again may be another's. Here, as clients are handed no stack. */
const services = new Map<string, string>();

/** From now on requests to this address are known to be sent to this service. */
export function nameAddress(url: string, service: string): void {
  services.set(new URL(url).origin, service);
}

/** The last requests that the clients of this process have sent for one spec. */
export interface ExchangeRecord {
  add(sent: SentRequest): void;
  /** They and their answers, as they stand now. */
  list(): Exchange[];
}

export function exchangeRecord(): ExchangeRecord {
  const exchanges: SentRequest[] = [];
  return {
    add(sent) {
      exchanges.push(sent);
      if (exchanges.length > REMEMBERED) exchanges.shift();
    },
    list: () => JSON.parse(maskedJson(exchanges.map((each) => each.read()))) as Exchange[],
  };
}

/** Remembers what is sent from now on, as long as this process lives, in the record that `current` returns then. */
export function recordExchanges(current: () => ExchangeRecord): void {
  sentByClients.subscribe((sent) => current().add(sent as SentRequest));
}

/** Requests and their answers, for people. */
export function exchangesText(exchanges: readonly Exchange[]): string {
  const texts = exchanges.map(({ method, url, headers, body, again, answer, tookMs }) => {
    const once = again === true ? " (once more: the connection that was kept open had been closed)" : "";
    const request = [`${method} ${url}${once}`, ...headerLines(headers), ...bodyLines(body)].join("\n  ");
    return `→ ${request}\n← ${answerText(answer)} (${tookMs} ms)`;
  });
  return mask(texts.join("\n\n"));
}

function answerText(answer: Answer | undefined): string {
  if (answer === undefined) return "no answer yet";
  const { status, headers, body, error } = answer;
  if (error !== undefined) return `no answer: ${error}`;
  return [String(status), ...headerLines(headers), ...bodyLines(body)].join("\n  ");
}

/** Tells of a request when it is sent, and of what becomes of it. */
export function record(request: superagent.Request): void {
  const sent = request as superagent.Request & {
    method: string;
    url: string;
    header: Record<string, string>;
    _data?: unknown;
  };
  let timesSent = 0;
  sent.on("request", () => {
    timesSent += 1;
    if (timesSent > 1) return;
    const startedAt = performance.now();
    const atMs = Date.now();
    const body = written(sent._data);
    const service = services.get(URL.parse(sent.url)?.origin ?? "");
    let answer: (() => Answer) | undefined;
    let tookMs = 0;
    const settle = (answered: () => Answer): void => {
      answer = answered;
      tookMs = Math.round(performance.now() - startedAt);
    };
    sent.once("response", ({ status, headers, text }: superagent.Response) =>
      settle(() => ({ status, headers: shownHeaders(headers), body: shownBody(text) })),
    );
    sent.once("error", ({ message: error }: Error) => settle(() => ({ headers: {}, body: "", error })));
    sentByClients.publish({
      read: () => ({
        method: sent.method,
        url: sent.url,
        service,
        headers: shownHeaders(sent.header),
        body: shownBody(body),
        atMs,
        tookMs,
        ...(timesSent > 1 ? { again: true } : {}),
        answer: answer?.(),
      }),
    } satisfies SentRequest);
  });
}

/** Has assertions show an answer in one line, and not as all that an object of superagent's has: "GET /health: 200 {"status":"down"}". */
export function showInLine(request: superagent.Request, method: string, path: string): void {
  request.once("response", (response: superagent.Response) => {
    const { status, text } = response;
    const shown = (): string => `${method} ${path}: ${status} ${shownBody(text, LINE_CHARACTERS)}`.trimEnd();
    Object.defineProperty(response, Symbol.for("chai/inspect"), { value: shown });
  });
}

/** A body as it is sent. A spec may go on to change the object that it comes from. */
function written(body: unknown): string | undefined {
  return body === undefined || typeof body === "string" ? body : JSON.stringify(body);
}

function shownHeaders(headers: Readonly<Record<string, unknown>>): Record<string, string> {
  const shown = Object.entries(headers).map(([name, value]) => {
    // What a header is called says whether its value is a secret.
    const masked = mask(`${name}: ${String(value)}`).slice(name.length + 2);
    return [name, SECRET_HEADER.test(name) ? "***" : masked] as const;
  });
  return Object.fromEntries(shown);
}

function shownBody(body: string | undefined, characters = BODY_CHARACTERS): string {
  if (body === undefined) return "";
  // Masked before it is cut: of a secret that is cut, nobody knows the rest.
  const text = mask(body);
  return text.length > characters ? `${text.slice(0, characters)}… (${text.length} characters)` : text;
}

function headerLines(headers: Readonly<Record<string, string>>): string[] {
  return Object.entries(headers).map(([name, value]) => `${name}: ${value}`);
}

function bodyLines(body: string): string[] {
  return body === "" ? [] : ["", body];
}
