import { createHash } from "node:crypto";
import { html } from "htm/preact";
import { h } from "preact";
import { render } from "preact-render-to-string";
import { App } from "./app.ts";
import type { PageData } from "./model.ts";

/**
 * The report as one HTML file: it asks for nothing from elsewhere, and runs its own script only. Without scripts it shows
 * what it shows first.
 */
export function pageOf(data: PageData, { script, style }: { readonly script: string; readonly style: string }): string {
  const policy = [
    "default-src 'none'",
    `script-src '${hashOf(script)}'`,
    `style-src '${hashOf(style)}'`,
    // Pictures that lie beside it.
    "img-src 'self' file:",
    "base-uri 'none'",
    "form-action 'none'",
  ].join("; ");
  const page = html`<html lang="en">
    <head>
      <meta charset="utf-8" />
      <meta name="generator" content="stackspec" />
      <meta http-equiv="Content-Security-Policy" content=${policy} />
      <meta name="viewport" content="width=device-width, initial-scale=1" />
      <meta name="color-scheme" content="light dark" />
      <title>${titleOf(data)}</title>
      ${raw("style", style)}
    </head>
    <body>
      <div id="app"><${App} data=${data} /></div>
      ${raw("script", escapedJson(data), { type: "application/json", id: "data" })} ${raw("script", script)}
    </body>
  </html>`;
  return `<!doctype html>\n${render(page)}\n`;
}

/** An element whose text is no HTML. */
function raw(name: string, text: string, attributes: object = {}) {
  return h(name, { ...attributes, dangerouslySetInnerHTML: { __html: text } });
}

/** JSON that does not end the element that it stands in. */
function escapedJson(value: unknown): string {
  return JSON.stringify(value).replaceAll("<", String.raw`\u003c`);
}

function hashOf(text: string): string {
  return `sha256-${createHash("sha256").update(text).digest("base64")}`;
}

function titleOf({ reports }: PageData): string {
  const failed = reports.reduce((sum, { results }) => sum + results.summary.failed + results.summary.other, 0);
  const names = reports.map(({ results }) => results.environment.reportName).join(", ");
  return `${failed === 0 ? "passed" : `${failed} failed`} · ${names}`;
}
