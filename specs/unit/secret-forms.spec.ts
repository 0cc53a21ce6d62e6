import { expect } from "chai";
import fc from "fast-check";
import { newMasker } from "../../src/secrets.ts";

/** What hides this secret, and knows no other. */
function maskOf(secret: string): (text: string) => string {
  const masker = newMasker();
  masker.learnSecrets({ API_TOKEN: secret });
  return masker.mask;
}

const percent = (secret: string, shown = (code: string): string => code): string =>
  [...Buffer.from(secret)]
    .map((byte) => String.fromCharCode(byte))
    .map((character) =>
      /[\w.~-]/.test(character)
        ? character
        : shown(`%${character.charCodeAt(0).toString(16).padStart(2, "0").toUpperCase()}`),
    )
    .join("");
const lower = (code: string): string => code.toLowerCase();
const unicode = (text: string): string =>
  text.replaceAll(/[^ -~]/g, (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, "0")}`);
const json = (text: string): string => JSON.stringify(text).slice(1, -1);
const html = (text: string): string =>
  text
    .replaceAll("&", "&amp;")
    .replaceAll("<", "&lt;")
    .replaceAll(">", "&gt;")
    .replaceAll('"', "&quot;")
    .replaceAll("'", "&#39;");

/** How others write a secret. */
const FORMS: Readonly<Record<string, (secret: string) => string>> = {
  "as it is": (secret) => secret,
  "in JSON": json,
  "in JSON of ASCII": (secret) => unicode(json(secret)),
  "in JSON of ASCII, in capitals": (secret) =>
    unicode(json(secret)).replaceAll(/(?<=\\u)[0-9a-f]{4}/g, (code) => code.toUpperCase()),
  "in JSON with escaped slashes": (secret) => json(secret).replaceAll("/", "\\/"),
  "in JSON in JSON": (secret) => json(json(secret)),
  "in an address": (secret) => encodeURIComponent(secret),
  "in an address, with all that is no letter escaped": (secret) => percent(secret),
  "in an address, in small letters": (secret) => percent(secret, lower),
  "in an address in an address": (secret) => encodeURIComponent(encodeURIComponent(secret)),
  "in a form": (secret) => new URLSearchParams({ a: secret }).toString().slice(2),
  "in a form, in small letters": (secret) => percent(secret, lower).replaceAll("%20", "+"),
  "in HTML": html,
};
/** In base64 what stands beside it changes what it looks like; the prefixes are of each length that makes a difference. */
const PREFIXES = ["", "u", "me", "me:", "user"];

const secrets = fc.string({ minLength: 8, maxLength: 40, unit: "grapheme" }).filter((text) => {
  // Such as are no ordinary words, and not what a mask itself is made of.
  return /[^\p{L}\p{N}*]/u.test(text) && /\d/.test(text) && !text.includes("*") && text.isWellFormed();
});
const around = fc.string({ unit: "binary-ascii", maxLength: 30 });

describe("a secret that others have written", () => {
  for (const [form, write] of Object.entries(FORMS))
    it(`is hidden ${form}, whatever it is and wherever it stands`, () => {
      fc.assert(
        fc.property(secrets, around, around, (secret, before, after) => {
          const written = write(secret);
          expect(maskOf(secret)(`${before}${written}${after}`)).not.to.include(written);
        }),
      );
    });

  for (const encoding of ["base64", "base64url"] as const)
    it(`is hidden in ${encoding}, whatever it is and wherever it stands`, () => {
      fc.assert(
        fc.property(secrets, fc.constantFrom(...PREFIXES), around, (secret, before, after) => {
          const written = Buffer.from(`${before}${secret}${after}`).toString(encoding);
          const masked = maskOf(secret)(`it says ${written} here`);
          const [, left = ""] = /^it says (.*) here$/.exec(masked) ?? [];
          for (const part of left.split("***"))
            expect(Buffer.from(part, encoding).toString()).not.to.include(secret.slice(1, -1));
          expect(masked).to.include("***");
        }),
      );
    });

  it("is hidden in the base64 of an address or of JSON", () => {
    const secret = "~~?>kwyj7??";
    const text = Buffer.from(`me:${secret}`).toString("base64");
    expect(text).to.match(/[+/]/);
    const [masked, ...others] = [text, encodeURIComponent(text), text.replaceAll("/", "\\/")].map(maskOf(secret));
    expect(masked).to.include("***").and.to.have.length.below(12);
    for (const other of others) expect(other).to.include("***").and.to.have.length.below(16);
  });

  it("is hidden line by line when it has several", () => {
    const mask = maskOf("first-l1ne of it\nsecond-l1ne of it");
    expect(mask("  | first-l1ne of it\n  | second-l1ne of it")).to.equal("  | ***\n  | ***");
  });

  it("is not hidden again", () => {
    fc.assert(
      fc.property(secrets, fc.constantFrom(...Object.values(FORMS)), around, around, (secret, write, before, after) => {
        const mask = maskOf(secret);
        const masked = mask(`${before}${write(secret)}${after}`);
        expect(mask(masked)).to.equal(masked);
      }),
    );
  });

  it("leaves other texts as they are", () => {
    fc.assert(
      fc.property(secrets, fc.lorem({ maxCount: 30 }), (secret, text) => {
        expect(maskOf(secret)(text)).to.equal(text);
      }),
    );
  });
});
