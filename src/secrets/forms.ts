/** Backslashes before a character: as many as JSON in JSON, in a string of a shell, may put there. */
const ESCAPES = String.raw`\\{1,8}`;
/** How JSON writes what it has a letter for. */
const LETTERS: Readonly<Record<string, string>> = { "\b": "b", "\f": "f", "\n": "n", "\r": "r", "\t": "t" };
const ENTITIES: Readonly<Record<string, string>> = { "&": "amp", "<": "lt", ">": "gt", '"': "quot", "'": "apos" };

/** A pattern for a text as it is, and as JSON, addresses, forms and HTML write it. */
export function written(text: string): string {
  return Array.from(text, characterForms).join("");
}

/** Letters and digits are themselves everywhere; any other character is what some encoders replace, and others do not. */
function characterForms(character: string): string {
  if (/^[A-Za-z0-9]$/.test(character)) return character;
  const code = character.codePointAt(0)!;
  const bytes = [...Buffer.from(character)].map((byte) => `%(?:25){0,2}${hex(byte, 2)}`);
  const units = character.split("").map((unit) => `${ESCAPES}u${hex(unit.charCodeAt(0), 4)}`);
  const forms = [
    character === "\\" ? ESCAPES : `${String.raw`\\{0,8}`}${character.replace(/[$()*+./?[\\\]^{|}]/, String.raw`\$&`)}`,
    bytes.join(""),
    units.join(""),
    `&(?:#${code}|#[xX]0{0,4}${hex(code, 2)}|${ENTITIES[character] ?? "(?!)"});`,
  ];
  if (character === " ") forms.push(String.raw`\+`);
  if (character in LETTERS) forms.push(`${ESCAPES}${LETTERS[character]}`);
  return `(?:${forms.join("|")})`;
}

/** A pattern for a number in hexadecimal digits of either case. */
function hex(number: number, digits: number): string {
  return number
    .toString(16)
    .padStart(digits, "0")
    .replaceAll(/[a-f]/g, (digit) => `[${digit}${digit.toUpperCase()}]`);
}

/**
 * Patterns for what of a text's base64, base64url too, is the same whatever stands around the text: it begins with any
 * of the three bytes that four characters stand for.
 */
export function inBase64(text: string): string[] {
  const bytes = Buffer.from(text);
  // The characters at either end also hold bits of the neighbours.
  return [0, 2, 3].map((first, offset) => {
    const length = Math.floor(((offset + bytes.length) * 8) / 6);
    const encoded = Buffer.concat([Buffer.alloc(offset), bytes])
      .toString("base64")
      .slice(first, length);
    return encoded.replaceAll("/", String.raw`(?:\\{0,8}[/_]|%2[fF])`).replaceAll("+", "(?:[+-]|%2[bB])");
  });
}
