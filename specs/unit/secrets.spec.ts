import { Script } from "node:vm";
import { expect } from "chai";
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
    const masker = newMasker();
    masker.learnSecrets({ DB_PASSWORD: undefined });
    expect(masker.mask("DB_PASSWORD=undefined")).to.equal("DB_PASSWORD=undefined");
  });

  it("is none when its variable says where it is", () => {
    const masker = newMasker();
    masker.learnSecrets({ DB_PASSWORD_FILE: "/run/secrets/db-kwyj7" });
    expect(masker.mask("no /run/secrets/db-kwyj7")).to.equal("no /run/secrets/db-kwyj7");
  });

  it("is one when its variable also says whose it is", () => {
    const masker = newMasker();
    masker.learnSecrets({ DB_USER_PASSWORD: "kwyj7" });
    expect(masker.mask("no kwyj7")).to.equal("no ***");
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
