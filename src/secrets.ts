import { MASK, isNoSecret, maskFields } from "./secrets/fields.ts";
import { inBase64, written } from "./secrets/forms.ts";
import { maskPem, pemLines } from "./secrets/pem.ts";

/** Variables whose value nobody should read in a log, a report or an error. */
const SECRET_NAME =
  /PASSWORD|PASSWD|PASSPHRASE|TOKEN|SECRET|KEY|CREDENTIAL|(?:^|[_-])(?:PASS|AUTH|JWT|PAT|COOKIE)$|_PWD$/i;
/** Variables that say where a secret is, or whose it is. */
const ABOUT_SECRET = /_(FILE|PATH|DIR|REALM|NAME|USER|ID)$/i;
/** The password of an address, whatever its variable is called. */
const ADDRESS = /^[\w+.-]{1,40}:\/\/[^\s:@/]*:(.+)@/g;
/** Below 16 characters: words of one case, also several with a sign between them; or a number of less than 8 digits. */
const ORDINARY =
  /^(?=.{1,15}$)(?:\p{Lu}?\p{Ll}+|[\p{Lu}\p{Lo}]+)(?:[-_. ](?:\p{Lu}?\p{Ll}+|[\p{Lu}\p{Lo}]+))*$|^\d{1,7}$/u;
/** What was masked is remembered, for titles are written again and again: texts of at most so many characters, and so many. */
const REMEMBERED_LENGTH = 256;
const REMEMBERED = 5_000;
/** From here on a secret is hidden inside of words too, and in base64. */
const LONG = 8;
/** What stands before a value that is a credential: `DB_PASSWORD=`, `"password": "`, `--token `, `-p`, `IDENTIFIED BY '`. */
const NAME = "PASSWORD|PASSWD|TOKEN|SECRET|KEY|CREDENTIAL";
const CREDENTIAL = [
  String.raw`(?:${NAME}|\b(?:pass|pwd)\b|\bidentified by)[\w-]{0,40}\\?["']?(?:\s{0,3}[=:>]\s{0,3}\\?["']?|\s{1,3}\\?["'])`,
  String.raw`(?<![\w-])--[\w-]{0,40}(?:${NAME})[\w-]{0,40}["']?[\s,]{1,3}["']?`,
  String.raw`(?<![\w-])-p["']?`,
].join("|");

/** Learns secrets, and hides them in texts. */
export interface Masker {
  learnSecrets(environment: Readonly<Record<string, string | undefined>>): void;
  mask(text: string): string;
}

/** A masker that knows no secrets yet. */
export function newMasker(): Masker {
  const secrets = new Set<string>();
  let patterns: readonly RegExp[] = [];
  const remembered = new Map<string, string>();
  return {
    learnSecrets(environment) {
      const known = secrets.size;
      for (const [name, value = ""] of Object.entries(environment))
        for (const secret of secretsOf(name, value)) if (!isNoSecret(secret)) secrets.add(secret);
      // Stryker disable next-line all: it makes it faster, and changes nothing that it says
      if (secrets.size === known) return;
      patterns = patternsOf([...secrets]);
      remembered.clear();
    },
    mask(text) {
      // Stryker disable all: what is remembered makes it faster, and changes nothing that it says
      const before = remembered.get(text);
      if (before !== undefined) return before;
      // Stryker restore all
      // Each pattern keeps its first group: what stands before the secret. Blocks come first, for a secret may have lines of them.
      const masked = maskFields(patterns.reduce((rest, each) => rest.replaceAll(each, `$1${MASK}`), maskPem(text)));
      // Stryker disable next-line all: as above
      if (remembered.size >= REMEMBERED) remembered.clear();
      // Stryker disable next-line all: as above
      if (text.length <= REMEMBERED_LENGTH) remembered.set(text, masked);
      return masked;
    },
  };
}

/** What is secret in a variable: its value, also in an address and in pieces, for logs and diffs have one line at a time. A file that it was read from ends with a line break. */
function secretsOf(name: string, value: string): string[] {
  const inAddress = [...value.matchAll(ADDRESS)].flatMap(([, password]) => [password!, decoded(password!)]);
  if (!SECRET_NAME.test(name) || ABOUT_SECRET.test(name)) return inAddress;
  const lines = value.split(/\r?\n/).filter((line) => line.length >= LONG && !line.startsWith("-----"));
  return [value.trim(), ...lines, ...inAddress];
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

function patternsOf(secrets: readonly string[]): RegExp[] {
  // The longest that stands at a place, so that one that begins like another is hidden whole.
  const all = secrets.toSorted((a, b) => b.length - a.length);
  const others = all.filter((secret) => !ORDINARY.test(secret));
  const isLong = ({ length }: string): boolean => length >= LONG;
  return [
    new RegExp(`()${anyOf(others.filter(isLong).map(written))}`, "g"),
    new RegExp(`()${anyOf(all.filter(isLong).flatMap(inBase64))}`, "g"),
    new RegExp(String.raw`()(?<![\w-])${anyOf(others.map(written))}(?![\w-])`, "g"),
    new RegExp(String.raw`(${CREDENTIAL})${anyOf(all.map(written))}(?![\w-])`, "gi"),
    new RegExp(String.raw`(:)${anyOf(all.map(written))}(?=@)`, "g"),
  ];
}

/** Any of these patterns; nothing when there are none. */
function anyOf(patterns: readonly string[]): string {
  return patterns.length === 0 ? "(?!)" : `(?:${patterns.join("|")})`;
}

/** What this process knows. Errors mask what they say wherever they are made: nobody can hand each of them a masker. */
const known = newMasker();

/**
 * Remembers the values of variables that are named like secrets, and the passwords in addresses. Where `mask` hides a
 * value depends on what it looks like:
 * - at least 8 characters, and no ordinary words: everywhere, inside of words too;
 * - shorter, but of letters and digits, signs or both cases, such as `kwyj7`: where it stands alone or as a credential;
 * - ordinary words of less than 16 letters, such as `another`, `root` or `change-me`, and numbers of less than 8 digits:
 *   only where they stand as a credential (`DB_PASSWORD=root`, `"password": "root"`, `--password root`, `-proot`,
 *   `user:root@host`, `IDENTIFIED BY 'root'`), for a sentence with such a word in it gives nothing away;
 * - one or two characters, yes, no, true, false, on, off, none, null and undefined: nowhere.
 */
export const learnSecrets: Masker["learnSecrets"] = known.learnSecrets;

/**
 * The text with `***` for every secret that this process has learnt, as it is or as JSON, addresses, forms, HTML and
 * base64 write it; and for what nobody has told but its place: passwords in addresses, the values of fields, parameters
 * and headers that are named like secrets, tokens, and what is in PEM blocks.
 */
export const mask: Masker["mask"] = known.mask;

/** The same for the lines of a log, as they come: it remembers that a PEM block has begun. */
export function maskLines(): (line: string) => string {
  const hidePem = pemLines();
  return (line) => mask(hidePem(line));
}

/** A value as JSON, with every text in it masked. */
export function maskedJson(value: unknown, indent?: number): string {
  return JSON.stringify(value, (_, each: unknown) => (typeof each === "string" ? mask(each) : each), indent);
}
