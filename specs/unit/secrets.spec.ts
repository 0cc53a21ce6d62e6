import { expect } from "chai";
import { StackspecError } from "stackspec";
import { xmlText } from "../../src/report/text.ts";
import { learnSecrets, mask } from "../../src/secrets.ts";

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
