import { Script } from "node:vm";
import { expect } from "chai";
import fc from "fast-check";
import { StackspecError } from "stackspec";
import { xmlText } from "../../src/report/text.ts";
import { learnSecrets, mask, newMasker } from "../../src/secrets.ts";

// What is learnt stays for the run: values that no other spec has.
learnSecrets({
  APP_PASSWORD: "kwyjibo-long-password",
  API_TOKEN: "kwyj7",
  PRIVATE_KEY: "kwyjibo-long-password-and-more",
  USE_TOKEN: "true",
  NO_PASSWORD: "",
  LANGUAGE: "kwyjibo-language",
});

describe("a secret", () => {
  it("is hidden", () => {
    expect(mask("login with kwyjibo-long-password failed")).to.equal("login with *** failed");
  });

  it("is hidden everywhere", () => {
    expect(mask("kwyj7, kwyj7")).to.equal("***, ***");
  });

  it("is hidden inside a word when it is long", () => {
    expect(mask("xkwyjibo-long-passwordx")).to.equal("x***x");
  });

  it("is left inside a word when it is short, as todo is in todobackend", () => {
    expect(mask("kwyj7backend")).to.equal("kwyj7backend");
  });

  it("is hidden whole when a shorter one begins like it", () => {
    expect(mask("kwyjibo-long-password-and-more")).to.equal("***");
  });

  it("is none when its variable only says yes or no", () => {
    expect(mask("true")).to.equal("true");
  });

  it("is none when its variable is not named like one", () => {
    expect(mask("kwyjibo-language")).to.equal("kwyjibo-language");
  });

  it("is hidden when it is the password of an address", () => {
    expect(mask("mysql://todo:s3cret@db:3306/todos")).to.equal("mysql://todo:***@db:3306/todos");
  });

  it("is hidden in the sentence of an error", () => {
    expect(new StackspecError("CREATE_FAILED", "no kwyj7").sentence).to.equal("CREATE_FAILED: no ***");
  });

  it("is hidden in the evidence of an error", () => {
    const error = new StackspecError("CREATE_FAILED", "no", { evidence: "password=kwyj7" });
    expect(error.message).to.equal("CREATE_FAILED: no\npassword=***");
  });

  it("is hidden in a report", () => {
    expect(xmlText("password=kwyj7")).to.equal("password=***");
  });
});

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
    expect(maskOf("todo")("password=todobackend")).to.equal("password=todobackend");
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

describe("the mask", () => {
  it("hides a password in an address that has an @ in it", () => {
    expect(mask("redis://:p@ss@cache:6379 for me@home")).to.equal("redis://:***@cache:6379 for me@home");
  });

  // In proportion to the text's length each takes a fraction of a second, in proportion to its square an hour or more.
  const hostile = [
    "a.",
    "://",
    "://a:",
    "a:b@",
    "password",
    "password-",
    "password=",
    "--token ",
    "--",
    "-p",
    "x",
    '\\"',
  ];
  for (const part of hostile)
    it(`takes time in proportion to the length of "${part}" again and again`, function () {
      this.timeout(0);
      const masker = newMasker();
      masker.learnSecrets({ A_PASSWORD: "another", B_PASSWORD: "kwyj7", C_PASSWORD: "kwyjibo-long-password" });
      const text = part.repeat(2_000_000 / part.length);
      Object.assign(globalThis, { underTest: () => masker.mask(text) });
      expect(new Script("underTest()").runInThisContext({ timeout: 60_000 })).to.be.a("string");
    });
});
