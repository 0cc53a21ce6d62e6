import { Script } from "node:vm";
import { expect } from "chai";
import { StackspecError, secret } from "stackspec";
import { xmlText } from "../../src/report/text.ts";
import { learnSecrets, mask, maskedJson, newMasker } from "../../src/secrets.ts";

/** What another masker hides, which has learnt this alone. */
const maskOf = (environment: Readonly<Record<string, string | undefined>>): ((text: string) => string) => {
  const masker = newMasker();
  masker.learnSecrets(environment);
  return masker.mask;
};

describe("a secret", () => {
  // What is learnt stays for the run: values that no other spec has.
  beforeEach("some are learnt", () =>
    learnSecrets({
      APP_PASSWORD: "kwyjibo-long-password",
      API_TOKEN: "kwyj7",
      PRIVATE_KEY: "kwyjibo-long-password-and-more",
      USE_TOKEN: "true",
      NO_PASSWORD: "",
      LANGUAGE: "kwyjibo-language",
    }),
  );

  it("is hidden", () => {
    expect(mask("login with kwyjibo-long-password failed")).to.equal("login with *** failed");
  });

  it("is hidden everywhere", () => {
    expect(mask("kwyj7, kwyj7")).to.equal("***, ***");
  });

  it("is hidden when it was derived from a name, whoever is told it", () => {
    expect(mask(`login with ${secret("kwyjibo")} failed`)).to.equal("login with *** failed");
  });

  it("is hidden in a text that was shown before it was known", () => {
    const masker = newMasker();
    const shown = ["known later: kwyj8-and-more", "known later: kwyj8-and-more"].map(masker.mask);
    masker.learnSecrets({ DB_PASSWORD: "kwyj8-and-more" });
    expect([...shown, masker.mask("known later: kwyj8-and-more")]).to.deep.equal([
      "known later: kwyj8-and-more",
      "known later: kwyj8-and-more",
      "known later: ***",
    ]);
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

  it("is none when its variable has no value", () => {
    expect(maskOf({ DB_PASSWORD: undefined })("DB_PASSWORD=undefined")).to.equal("DB_PASSWORD=undefined");
  });

  for (const value of ["7", "k7"])
    it(`is none when it has as few characters as ${value}`, () => {
      expect(maskOf({ DB_PASSWORD: value })(`after ${value} days`)).to.equal(`after ${value} days`);
    });

  it("is none when its variable says where it is", () => {
    const hide = maskOf({ DB_PASSWORD_FILE: "/run/secrets/db-kwyj7" });
    expect(hide("no /run/secrets/db-kwyj7")).to.equal("no /run/secrets/db-kwyj7");
  });

  it("is one when its variable also says whose it is", () => {
    expect(maskOf({ DB_USER_PASSWORD: "kwyj7" })("no kwyj7")).to.equal("no ***");
  });

  it("is hidden inside a word from eight characters on", () => {
    const hide = maskOf({ A_PASSWORD: "kwyj789", B_PASSWORD: "kwyi7890" });
    expect(hide("xkwyj789x xkwyi7890x")).to.equal("xkwyj789x x***x");
  });

  it("is hidden in base64 from eight characters on", () => {
    const hide = maskOf({ A_PASSWORD: "kwyj789", B_PASSWORD: "kwyi7890" });
    expect(hide("a3d5ajc4OQ==")).to.equal("a3d5ajc4OQ==");
    expect(hide("a3d5aTc4OTA=")).to.include("***");
  });

  it("is left inside a longer word when it is an ordinary word itself", () => {
    const hide = maskOf({ DB_PASSWORD: "Changeover" });
    expect(hide("Changeovers, a Changeover, DB_PASSWORD=Changeover")).to.equal(
      "Changeovers, a Changeover, DB_PASSWORD=***",
    );
  });

  it("is hidden whole when a shorter one, learnt before or after, begins like it", () => {
    for (const values of [
      ["kwyj7-long", "kwyj7-longer", "kwyj7-longest"],
      ["kwyj7-longest", "kwyj7-longer", "kwyj7-long"],
    ])
      expect(maskOf(Object.fromEntries(values.map((value, at) => [`TOKEN${at}`, value])))("kwyj7-longest")).to.equal(
        "***",
      );
  });

  it("is hidden without the line break that its file ends with", () => {
    expect(maskOf({ DB_PASSWORD: "kwyj7\n" })("no kwyj7 there")).to.equal("no *** there");
  });

  it("is hidden in each of its lines that has eight characters", () => {
    const hide = maskOf({ DB_PASSWORD: "kwyj7\r\nkwyi7890\nkwyh7890-and-more" });
    expect(["kwyj7", "kwyi7890", "kwyh7890-and-more"].map(hide)).to.deep.equal(["kwyj7", "***", "***"]);
  });

  it("has lines that give nothing away when it is a key", () => {
    const hide = maskOf({ TLS_KEY: "-----BEGIN EC PRIVATE KEY-----\nkwyj7890\n-----END EC PRIVATE KEY-----" });
    expect(hide("no -----END EC PRIVATE KEY----- found")).to.equal("no -----END EC PRIVATE KEY----- found");
  });

  it("is hidden when it stands in an address that a variable has, as it is there and as it is meant", () => {
    const hide = maskOf({ DATABASE_URL: "mysql://todo:kw%40yj7@db/todos" });
    expect(hide("kw%40yj7, kw@yj7, todo, mysql")).to.equal("***, ***, todo, mysql");
  });

  it("is hidden when it stands in an address that nobody can decode", () => {
    expect(maskOf({ DATABASE_URL: "mysql://todo:kwyj7%zz@db/todos" })("no kwyj7%zz")).to.equal("no ***");
  });

  it("is hidden in each text of a value that is written as JSON", () => {
    const value = { said: "no kwyj7", at: 7, list: ["kwyj7", null] };
    expect(maskedJson(value)).to.equal('{"said":"no ***","at":7,"list":["***",null]}');
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
    "token='",
    'token="token=\\"',
    "cookie:",
    "bearer ",
    "eyJ",
    "eyJaaaaaaaa.",
    "-----BEGIN A-----",
    "-----BEGIN A-----\nAAAA\n",
    "-----END A-----\n",
    "%25",
    "\n",
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
