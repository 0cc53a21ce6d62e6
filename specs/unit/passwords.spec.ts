import { expect } from "chai";
import fc from "fast-check";
import { newMasker } from "../../src/secrets.ts";

/** What hides this password, and knows no other. */
function maskOf(password: string): (text: string) => string {
  const masker = newMasker();
  masker.learnSecrets({ DB_PASSWORD: password });
  return masker.mask;
}

const letters = (alphabet: string, minLength: number, maxLength: number) =>
  fc.string({ unit: fc.constantFrom(...alphabet), minLength, maxLength });
const LOWER = "abcdefghijklmnopqrstuvwxyz";
const word = letters(LOWER, 3, 7).filter((text) => !/^(yes|no|true|false|on|off)$/.test(text));
const ordinary = fc.oneof(
  word,
  word.map((text) => text.toUpperCase()),
  word.map((text) => text[0]!.toUpperCase() + text.slice(1)),
  fc.tuple(word, fc.constantFrom("-", "_", ".", " "), word).map((parts) => parts.join("")),
  fc.integer({ min: 100, max: 9_999_999 }).map(String),
);
/** With at least one small letter, one capital and one digit. */
const mixed = (minLength: number, maxLength: number) =>
  letters(`${LOWER}${LOWER.toUpperCase()}0123456789`, minLength, maxLength).filter(
    (text) => /[a-z]/.test(text) && /[A-Z]/.test(text) && /\d/.test(text),
  );

describe("a password that is an ordinary word", () => {
  for (const password of [
    "another",
    "password",
    "todo",
    "secret",
    "root",
    "Root",
    "ROOT",
    "change-me",
    "Change-Me",
    "CHANGE-ME",
    "密码-密码",
    "пароль",
    "1234",
  ])
    it(`is left in a sentence: ${password}`, () => {
      const title = `is ${password} when the password is ${password}, and the key, ${password}, is not`;
      expect(maskOf(password)(title)).to.equal(title);
    });

  for (const [shown, hidden] of [
    ["DB_PASSWORD=another", "DB_PASSWORD=***"],
    ["DB_PASSWORD='another'", "DB_PASSWORD='***'"],
    ["SomeToken: another;", "SomeToken: ***;"],
    ['{"user":"another","password":"another"}', '{"user":"another","password":"***"}'],
    [String.raw`"{\"password\": \"another\"}"`, String.raw`"{\"password\": \"***\"}"`],
    ["{ password: 'another' }", "{ password: '***' }"],
    ["<password>another</password>", "<password>***</password>"],
    ["?token=another&page=2", "?token=***&page=2"],
    ["mysql --password=another todo", "mysql --password=*** todo"],
    ["mysql --password another todo", "mysql --password *** todo"],
    ['["--db-password", "another"]', '["--db-password", "***"]'],
    ["mysql -panother todo", "mysql -p*** todo"],
    ["mysql -p'another' todo", "mysql -p'***' todo"],
    ["mysql://another:another@another/todos", "mysql://another:***@another/todos"],
    ["todo:another@tcp(db:3306)/todos", "todo:***@tcp(db:3306)/todos"],
    ["IDENTIFIED BY 'another'", "IDENTIFIED BY '***'"],
    ["with password 'another'", "with password '***'"],
    ["pwd=another pass: another", "pwd=*** pass: ***"],
  ] as const)
    it(`is hidden where it is a credential: ${shown}`, () => {
      expect(maskOf("another")(shown)).to.equal(hidden);
    });

  it("is left where a longer word begins with it", () => {
    expect(maskOf("todo")("mysql -ptodobackend")).to.equal("mysql -ptodobackend");
  });

  it("is not all that is hidden where a longer password begins with it", () => {
    expect(maskOf("todo")("password=todobackend")).to.equal("password=***");
  });

  it("is left in every sentence, whatever word it is", () => {
    fc.assert(
      fc.property(ordinary, fc.array(word), fc.array(word), (password, before, after) => {
        const sentence = [...before, password, ...after].join(" ");
        expect(maskOf(password)(sentence)).to.equal(sentence);
      }),
    );
  });

  it("is hidden wherever it is a credential, whatever word it is", () => {
    const places = ["DB_PASSWORD=", '"password":"', "--api-token=", "--api-token ", " -p", "secret: ", "://me:"];
    fc.assert(
      fc.property(ordinary, fc.constantFrom(...places), (password, place) => {
        const after = place.startsWith("://") ? "@db" : " and more";
        expect(maskOf(password)(`it says ${place}${password}${after}`)).to.equal(`it says ${place}***${after}`);
      }),
    );
  });
});

describe("a password that is no ordinary word", () => {
  for (const value of ["x", "x7"])
    it(`is hidden nowhere when it is so short: ${value}`, () => {
      expect(maskOf(value)(`DB_PASSWORD=${value}`)).to.equal(`DB_PASSWORD=${value}`);
    });

  for (const password of ["kwyj7", "change-m3", "change-mE", "ch4nge-me"])
    it(`is hidden in a sentence: ${password}`, () => {
      expect(maskOf(password)(`no login with ${password}, not today`)).to.equal("no login with ***, not today");
    });

  it("is hidden where it is a credential in a word, when it is short", () => {
    expect(maskOf("kwyj7")("mysql -pkwyj7 todo")).to.equal("mysql -p*** todo");
  });

  it("is hidden everywhere when it has eight characters or more", () => {
    fc.assert(
      fc.property(mixed(8, 40), fc.string(), fc.string(), (password, before, after) => {
        expect(maskOf(password)(`${before}${password}${after}`)).not.to.include(password);
      }),
    );
  });

  it("is hidden everywhere when it has sixteen letters or more", () => {
    fc.assert(
      fc.property(letters(LOWER, 16, 40), word, (password, around) => {
        expect(maskOf(password)(`${around}${password}${around}`)).to.equal(`${around}***${around}`);
      }),
    );
  });

  it("is hidden in every sentence when it is short", () => {
    fc.assert(
      fc.property(mixed(3, 7), word, (password, around) => {
        expect(maskOf(password)(`${around} ${password}, ${around}`)).to.equal(`${around} ***, ${around}`);
      }),
    );
  });
});
