/** Variables whose value nobody should read in a log, a report or an error. */
const SECRET_NAME = /PASSWORD|PASSWD|TOKEN|SECRET|KEY|CREDENTIAL/i;
/** Variables that say where a secret is, or whose it is. */
const ABOUT_SECRET = /_(FILE|PATH|DIR|REALM|NAME|USER|ID)$/i;
/** Values that such variables have without being secret. */
const NOT_SECRET = /^(|.{1,2}|yes|no|true|false|on|off)$/i;
/** Below 16 characters: words of one case, also several with a sign between them; or a number of less than 8 digits. */
const ORDINARY =
  /^(?=.{1,15}$)(?:\p{Lu}?\p{Ll}+|[\p{Lu}\p{Lo}]+)(?:[-_. ](?:\p{Lu}?\p{Ll}+|[\p{Lu}\p{Lo}]+))*$|^\d{1,7}$/u;
/** From here on a secret is hidden inside of words too. */
const LONG = 8;
/**
 * A password in an address: `mysql://user:password@host`. Like each pattern here it begins with something fixed and
 * goes on no further than the next of that, or a bounded way: masking takes time in proportion to the text's length.
 */
const URL_PASSWORD = /(:\/\/[^\s:@/]*:)[^\s/"]+(?=@)/g;
/** What stands before a value that is a credential: `DB_PASSWORD=`, `"password": "`, `--token `, `-p`, `IDENTIFIED BY '`. */
const CREDENTIAL = [
  String.raw`(?:${SECRET_NAME.source}|\b(?:pass|pwd)\b|\bidentified by)[\w-]{0,40}\\?["']?(?:\s{0,3}[=:>]\s{0,3}\\?["']?|\s{1,3}\\?["'])`,
  String.raw`(?<![\w-])--[\w-]{0,40}(?:${SECRET_NAME.source})[\w-]{0,40}["']?[\s,]{1,3}["']?`,
  String.raw`(?<![\w-])-p["']?`,
].join("|");
const MASK = "***";

/** Learns secrets, and hides them in texts. */
export interface Masker {
  learnSecrets(environment: Readonly<Record<string, string | undefined>>): void;
  mask(text: string): string;
}

/** A masker that knows no secrets yet. */
export function newMasker(): Masker {
  const secrets = new Set<string>();
  let patterns = patternsOf(secrets);
  return {
    learnSecrets(environment) {
      for (const [name, value] of Object.entries(environment))
        if (value !== undefined && SECRET_NAME.test(name) && !ABOUT_SECRET.test(name) && !NOT_SECRET.test(value))
          secrets.add(value);
      patterns = patternsOf(secrets);
    },
    // Each pattern keeps its first group: what stands before the secret.
    mask: (text) => [URL_PASSWORD, ...patterns].reduce((masked, each) => masked.replaceAll(each, `$1${MASK}`), text),
  };
}

function patternsOf(secrets: ReadonlySet<string>): RegExp[] {
  const all = [...secrets];
  const others = all.filter((secret) => !ORDINARY.test(secret));
  const long = others.filter(({ length }) => length >= LONG);
  return [
    new RegExp(`()${anyOf(long)}`, "g"),
    new RegExp(String.raw`()(?<![\w-])${anyOf(others)}(?![\w-])`, "g"),
    new RegExp(String.raw`(${CREDENTIAL})${anyOf(all)}(?![\w-])`, "gi"),
    new RegExp(String.raw`(:)${anyOf(all)}(?=@)`, "g"),
  ];
}

/** The longest that stands at a place, so that one that begins like another is hidden whole. Nothing when there are none. */
function anyOf(secrets: readonly string[]): string {
  const longestFirst = secrets.toSorted((a, b) => b.length - a.length);
  return secrets.length === 0 ? "(?!)" : `(?:${longestFirst.map((secret) => RegExp.escape(secret)).join("|")})`;
}

/** What this process knows. Errors mask what they say wherever they are made: nobody can hand each of them a masker. */
const known = newMasker();

/**
 * Remembers the values of variables that are named like secrets. Where `mask` hides a value depends on what it looks like:
 * - at least 8 characters, and no ordinary words: everywhere, inside of words too;
 * - shorter, but of letters and digits, signs or both cases, such as `kwyj7`: where it stands alone or as a credential;
 * - ordinary words of less than 16 letters, such as `another`, `root` or `change-me`, and numbers of less than 8 digits:
 *   only where they stand as a credential (`DB_PASSWORD=root`, `"password": "root"`, `--password root`, `-proot`,
 *   `user:root@host`, `IDENTIFIED BY 'root'`), for a sentence with such a word in it gives nothing away;
 * - one or two characters, yes, no, true, false, on and off: nowhere.
 */
export const learnSecrets: Masker["learnSecrets"] = known.learnSecrets;

/** The text with every secret that this process has learnt, and every password in an address, replaced by `***`. */
export const mask: Masker["mask"] = known.mask;
