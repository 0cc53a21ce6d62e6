import { diffLines, diffWordsWithSpace } from "diff";
import { html } from "htm/preact";
import type { VNode } from "preact";

/** What a reader would not see, and could turn around what he does: controls, and overrides of the direction of text. */
const UNSEEN = /[^\P{Cc}\n\t]|[\u{202A}-\u{202E}\u{2066}-\u{2069}\u{FEFF}]/gu;
/** A difference of texts that are longer would take long; they are shown one after the other. */
const DIFF_LENGTH = 20_000;

/** Text of others, with controls shown as the terminal shows them. */
export function shown(text: string): string {
  return text.replaceAll(UNSEEN, (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`);
}

/** A block of text that can be scrolled, also by keyboard. */
export function block(label: string, content: unknown, className = ""): VNode {
  return html`<pre class=${className} tabindex="0" role="group" aria-label=${label}>${content}</pre>`;
}

/** The same, scrolled to its end: that of a log is what tells most. */
export function blockFromEnd(label: string, content: unknown): VNode {
  return html`<pre ref=${toEnd} tabindex="0" role="group" aria-label=${label}>${content}</pre>`;
}

function toEnd(element: HTMLElement | null): void {
  if (element !== null) element.scrollTop = element.scrollHeight;
}

/** JSON with a line for each field; anything else as it is. */
export function pretty(text: string): string {
  if (!/^\s*[[{]/.test(text)) return text;
  try {
    return JSON.stringify(JSON.parse(text), undefined, 2);
  } catch {
    return text;
  }
}

/** Where two texts differ. */
export function difference(expected: string, actual: string): VNode {
  const isLine = !expected.includes("\n") && !actual.includes("\n");
  const tooLong = expected.length + actual.length > DIFF_LENGTH;
  const marks = isLine
    ? tooLong
      ? wholes(`- ${expected}\n`, `+ ${actual}`)
      : inLines(expected, actual)
    : tooLong
      ? wholes(signed("- ", expected), signed("+ ", actual))
      : diffLines(expected, actual).map(({ added, removed, value }) => {
          if (added) return html`<ins>${signed("+ ", value)}</ins>`;
          if (removed) return html`<del>${signed("- ", value)}</del>`;
          return html`<span>${signed("  ", value)}</span>`;
        });
  const legend = html`<p class="legend"><del>- expected</del> <ins>+ actual</ins></p>`;
  return html`<div class="difference">${legend}${block("difference between expected and actual", marks)}</div>`;
}

/** Each on a line of its own, with the words that differ marked. */
function inLines(expected: string, actual: string): VNode[] {
  const parts = diffWordsWithSpace(expected, actual);
  const side = (skipped: "added" | "removed", mark: "ins" | "del"): unknown[] =>
    parts
      .filter((part) => !part[skipped])
      .map(({ added, removed, value }) => (added || removed ? html`<${mark}>${shown(value)}<//>` : shown(value)));
  return [html`<span>- ${side("added", "del")}${"\n"}</span>`, html`<span>+ ${side("removed", "ins")}</span>`];
}

function wholes(expected: string, actual: string): VNode[] {
  return [html`<del>${shown(expected)}</del>`, html`<ins>${shown(actual)}</ins>`];
}

/** With a sign before each line, so that colours are not all that tells them. */
function signed(sign: string, value: string): string {
  return shown(value)
    .replaceAll(/^(?=.)/gm, sign)
    .replace(/(?<!\n)$/, "\n");
}
