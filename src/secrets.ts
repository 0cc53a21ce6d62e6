/** Variables whose value nobody should read in a log, a report or an error. */
const SECRET_NAME = /PASSWORD|PASSWD|TOKEN|SECRET|KEY|CREDENTIAL/i;
/** Variables that say where a secret is, or whose it is. */
const ABOUT_SECRET = /_(FILE|PATH|DIR|REALM|NAME|USER|ID)$/i;
/** Values that such variables have without being secret. */
const NOT_SECRET = /^(|.{1,2}|yes|no|true|false|on|off)$/i;
/** A password in an address: `mysql://user:password@host`. */
const URL_PASSWORD = /(\b[a-z][a-z0-9+.-]*:\/\/[^\s:@/]*:)[^\s@/]+(?=@)/gi;
const MASK = "***";

const secrets = new Set<string>();

/** Remembers the values of variables that are named like secrets, so that `mask` hides them. */
export function learnSecrets(environment: Readonly<Record<string, string | undefined>>): void {
  for (const [name, value] of Object.entries(environment))
    if (value !== undefined && SECRET_NAME.test(name) && !ABOUT_SECRET.test(name) && !NOT_SECRET.test(value))
      secrets.add(value);
}

/** The text with every known secret, and every password in an address, replaced by `***`. */
export function mask(text: string): string {
  let masked = text.replaceAll(URL_PASSWORD, `$1${MASK}`);
  for (const secret of [...secrets].toSorted((a, b) => b.length - a.length))
    masked = masked.replaceAll(pattern(secret), MASK);
  return masked;
}

/** A short secret such as "todo" is hidden where it stands alone, not inside "todobackend". */
function pattern(secret: string): RegExp {
  const literal = RegExp.escape(secret);
  return new RegExp(secret.length < 8 ? `(?<![\\w-])${literal}(?![\\w-])` : literal, "g");
}
