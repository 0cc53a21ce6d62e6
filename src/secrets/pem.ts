import { MASK } from "./fields.ts";

/** The first and the last line of a key or certificate: https://www.rfc-editor.org/rfc/rfc7468 */
const BOUNDARY = /(-----(?:BEGIN|END) [A-Z0-9 ]{1,40}-----)/;
/** What a block that is cut has between them: whole lines, also behind the prefix of a log, or what stands in a string. */
const CONTENT = /^(\W{0,20})[A-Za-z0-9+/=]{4,}$|[A-Za-z0-9+/=]{40,}/gm;
/** A line inside of a block, its headers too. */
const INSIDE = /^\s{0,20}(?:[A-Za-z0-9+/=]*|[\w-]{1,40}: .*)\s{0,20}$/;

/** The text without what is in its PEM blocks, of which it may have the beginning or the end only. */
export function maskPem(text: string): string {
  if (!text.includes("-----")) return text;
  const parts = text.split(BOUNDARY);
  const masked = parts.map((part, index) => {
    const begins = parts[index - 1]?.startsWith("-----BEGIN") === true;
    const ends = parts[index + 1]?.startsWith("-----END") === true;
    if (index % 2 === 1 || (!begins && !ends)) return part;
    return begins && ends ? MASK : part.replaceAll(CONTENT, (_, prefix = "") => `${prefix}${MASK}`);
  });
  return masked.join("");
}

/** The same for lines that come one after the other. */
export function pemLines(): (line: string) => string {
  let inside = false;
  return (line) => {
    const [begin, end] = ["-----BEGIN ", "-----END "].map((boundary) => line.lastIndexOf(boundary)) as [number, number];
    const isBoundary = begin >= 0 || end >= 0;
    inside = isBoundary ? begin > end : inside && INSIDE.test(line);
    return inside && !isBoundary ? MASK : maskPem(line);
  };
}
