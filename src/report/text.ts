import { mask } from "../secrets.ts";

/** What XML 1.0 forbids even when it is escaped: https://www.w3.org/TR/xml/#charsets */
const NOT_XML = /[^\t\n\r\u{20}-\u{D7FF}\u{E000}-\u{FFFD}\u{10000}-\u{10FFFF}]/gu;
const COLOURS = /\u001b\[[0-9;]*m/g; // oxlint-disable-line no-control-regex

/** How many characters one text of a report has. Readers of XML refuse more than 10 MB. */
const LENGTH = 1024 * 1024;

/**
 * Text that any XML reader accepts: colours gone, secrets masked, what cannot be written shown as U+FFFD, and
 * the end of very long ones cut off. Emoji stay.
 */
export function xmlText(text: string): string {
  return plainText(text).replaceAll(NOT_XML, "\u{FFFD}");
}

/** The same where any character can be written. */
export function plainText(text: string, length = LENGTH): string {
  // Colours first: they could cut a secret in two.
  const masked = mask(text.replaceAll(COLOURS, ""));
  const cut = masked.length > length ? `${masked.slice(0, length)}… (cut: it has ${masked.length} characters)` : masked;
  return cut.toWellFormed();
}

/** A title as part of a class name, where Jenkins takes a full stop for the end of a package. */
export function classNamePart(title: string): string {
  return title.replaceAll(".", "\u{2024}");
}
