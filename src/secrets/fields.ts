/** What is shown for a secret. */
export const MASK = "***";

/** Values that nobody has to hide, whatever they are called. */
const NOT_SECRET = /^(|.{1,2}|yes|no|true|false|on|off|none|null|undefined)$/i;

/** True for a value that gives nothing away, such as `true`. */
export function isNoSecret(value: string): boolean {
  return NOT_SECRET.test(value);
}

/** How names end whose values are secrets, though nobody has said so: in JSON, forms, queries and settings. */
const FIELD = [
  String.raw`(?:password|passwd|passphrase)(?:_?(?:confirmation|again|repeat|hash)|\d{1,2})?`,
  "secret|token|credentials?|authorization|signature|cookie",
  "(?:api|access|private|secret|signing|encryption|auth)[_-]?key",
  String.raw`(?<![a-z])(?:pass|pwd(?!=/)|auth|jwt|pat|sig)`,
].join("|");
const EQUALS = String.raw`\s{0,3}(?:=>|[:=])\s{0,3}`;

/**
 * What is a secret by where it stands or by its looks: what stays, and the secret. Each begins with something fixed and
 * goes on no further than the next of that, or a bounded way: masking takes time in proportion to the text's length.
 */
const PATTERNS: readonly RegExp[] = [
  // mysql://user:password@host
  /(:\/\/[^\s:@/]*:)(?!\d{1,5}[/?#])(?<secret>[^\s/"]+|[^\s"]{1,200})(?=@)/g,
  // Authorization: Basic dG9kbzpwYXNz
  /((?:authorization|cookie|-(?:key|token|secret|auth|password|signature)):[ \t]{0,9})(?<secret>[^\s"'][^\r\n"']*)/gi,
  // "password": "hunter2", or { password: 'hunter2' }; a word of it where the end is cut off
  new RegExp(
    String.raw`((?:${FIELD})["']?${EQUALS}(?<quote>["'${"`"}]))(?<secret>(?:\\[^\n]|(?!\k<quote>)[^\\\n])*(?=\k<quote>)|[^\s"'${"`"}]+)`,
    "gi",
  ),
  // "{\"password\":\"hunter2\"}"
  new RegExp(
    String.raw`((?:${FIELD})\\["']${EQUALS}\\["'])(?<secret>(?:\\\\\\["']|(?!\\["'])[^\n])*(?=\\["'])|[^\s"'\\]+)`,
    "gi",
  ),
  // ?access_token=hunter2&…, or MYSQL_PWD=hunter2
  new RegExp(String.raw`((?:${FIELD})=)(?!=)(?<secret>[^\s&"'<>;,)\]}\\]+)`, "gi"),
  // A line of its own: "password: hunter2"
  new RegExp(
    String.raw`(^[\s|>]{0,20}[\w.-]{0,40}(?:${FIELD}): {1,9})(?<secret>[^\s"'{[;,]+)(?=[;,]?[ \t]{0,20}$)`,
    "gim",
  ),
  /(\bbearer\s{1,3})(?<secret>[\w.~+/=-]{16,})/gi,
  // A JSON web token
  /()(?<![\w-])(?<secret>eyJ[\w-]{8,}\.eyJ[\w-]{8,}\.[\w-]*)/g,
];

/** The text without the secrets that are told by their place, their name or their looks. */
export function maskFields(text: string): string {
  return PATTERNS.reduce(
    (masked, pattern) =>
      masked.replaceAll(pattern, (all: string, before: string, ...rest: unknown[]) => {
        const { secret } = rest.at(-1) as { secret: string };
        return isNoSecret(secret) ? all : `${before}${MASK}`;
      }),
    text,
  );
}
