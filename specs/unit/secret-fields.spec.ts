import { expect } from "chai";
import { maskLines, newMasker } from "../../src/secrets.ts";

const { mask } = newMasker();
const PEM = `-----BEGIN EC PRIVATE KEY-----
Proc-Type: 4,ENCRYPTED

MHcCAQEEIIQ4b7ZJbU3oQbGk2q5o0R4lKqVqzq9QmM8c7sG2h1bKoAoGCCqGSM49
AwEHoUQDQgAE8n1vZ0
-----END EC PRIVATE KEY-----`;

describe("what nobody has said is a secret", () => {
  for (const [shown, hidden] of [
    ["GET /todos?token=hunter2&page=2", "GET /todos?token=***&page=2"],
    ["GET /todos?page=2&api_key=hunter2", "GET /todos?page=2&api_key=***"],
    ["GET /a?X-Amz-Signature=4f6a8b", "GET /a?X-Amz-Signature=***"],
    ["access_token=hunter2&grant=password", "access_token=***&grant=password"],
    ['{"user":"me","password":"hunter2","page":2}', '{"user":"me","password":"***","page":2}'],
    ['{"password": "hun\\"ter2", "page": 2}', '{"password": "***", "page": 2}'],
    ['{"accessToken":"hunter2"}', '{"accessToken":"***"}'],
    ['{"client_secret":"hunter2"}', '{"client_secret":"***"}'],
    ['{"password_confirmation":"hunter2"}', '{"password_confirmation":"***"}'],
    ['{"password":"hunter2 is cut', '{"password":"*** is cut'],
    [String.raw`"{\"password\":\"hun\\\"ter2\",\"page\":2}"`, String.raw`"{\"password\":\"***\",\"page\":2}"`],
    ["{ page: 2, passphrase: 'hunter2' }", "{ page: 2, passphrase: '***' }"],
    ["MYSQL_PWD=hunter2 mysql", "MYSQL_PWD=*** mysql"],
    ["SMTP_PASS=hunter2", "SMTP_PASS=***"],
    ["Server=db;Pwd=hunter2;Database=todo", "Server=db;Pwd=***;Database=todo"],
    ["  password: hunter2\n  page: 2", "  password: ***\n  page: 2"],
    ["Cookie: sid=hunter2; theme=dark\nAccept: */*", "Cookie: ***\nAccept: */*"],
    ["set-cookie: sid=hunter2; HttpOnly", "set-cookie: ***"],
    ["Proxy-Authorization: Basic bWU6aHVudGVyMg==", "Proxy-Authorization: ***"],
    ["X-Api-Key: hunter2", "X-Api-Key: ***"],
    ["X-Amz-Security-Token: hunter2", "X-Amz-Security-Token: ***"],
    ["curl -H 'X-Auth-Token: hunter2' http://db", "curl -H 'X-Auth-Token: ***' http://db"],
    ["sent Bearer hunter2-hunter2-hunter2", "sent Bearer ***"],
    ["got eyJhbGciOiJI.eyJzdWIiOiIx.c2lnbmF0dXJl there", "got *** there"],
    ["redis://:p@ss@cache:6379 for me@home", "redis://:***@cache:6379 for me@home"],
    ["mysql://me:p/ss@w@db/todos", "mysql://me:***@db/todos"],
    [`key:\n${PEM}\nthe end`, "key:\n-----BEGIN EC PRIVATE KEY-----***-----END EC PRIVATE KEY-----\nthe end"],
    [JSON.stringify(PEM), '"-----BEGIN EC PRIVATE KEY-----***-----END EC PRIVATE KEY-----"'],
  ] as const) {
    it(`is hidden by its place or its looks: ${shown.split("\n")[0]}`, () => {
      expect(mask(shown)).to.equal(hidden);
    });

    it(`is not hidden again: ${shown.split("\n")[0]}`, () => {
      expect(mask(hidden)).to.equal(hidden);
    });
  }

  for (const text of [
    "password=",
    "DB_PASSWORD=undefined",
    '{"password":null,"token":""}',
    '{"token":true}',
    "Unexpected token '}', \"{}}\" is not valid JSON",
    "expected the password to have 8 characters, got 3",
    "invalid token: expected 5 characters, got 3",
    '{"key":"todo-1","author":"me","path":"/todos","monkey":"george"}',
    "?author=me&path=/todos&compass=north&key=1&pattern=x",
    "PWD=/opt/me PATH=/bin AUTHOR=me",
    "http://localhost:8080/users/@me",
    "http://localhost:8080?mail=me@home",
    "the bearer of bad news, with basic authentication",
    "--- expected\n+++ actual\n-----\n",
  ])
    it(`is shown when it is no secret: ${text.split("\n")[0]}`, () => {
      expect(mask(text)).to.equal(text);
    });

  it("is hidden where a block of PEM has lost its beginning", () => {
    const [, ...rest] = PEM.split("\n");
    expect(mask(`it says\n${rest.slice(2).join("\n")}`)).to.equal("it says\n***\n***\n-----END EC PRIVATE KEY-----");
  });

  it("is hidden where a block of PEM has lost its end", () => {
    expect(mask(PEM.split("\n").slice(0, 4).join("\n"))).to.match(/ENCRYPTED\n\n\*\*\*$/);
  });

  it("is hidden in lines that come one after the other, and nothing after them is", () => {
    const lines = ["before", ...PEM.split("\n"), "after"].map(maskLines());
    expect(lines).to.deep.equal([
      "before",
      "-----BEGIN EC PRIVATE KEY-----",
      "***",
      "***",
      "***",
      "***",
      "-----END EC PRIVATE KEY-----",
      "after",
    ]);
  });

  it("is shown in lines again where a block of PEM has no end", () => {
    expect(["-----BEGIN X-----", "AAAA", "it is not a key"].map(maskLines()).at(-1)).to.equal("it is not a key");
  });
});

describe("the name of a variable", () => {
  const secret = "kwyjibo-l0ng";
  const isHidden = (name: string): boolean => {
    const masker = newMasker();
    masker.learnSecrets({ [name]: secret });
    return masker.mask(`it says ${secret} there`) !== `it says ${secret} there`;
  };

  for (const name of [
    "MYSQL_PWD",
    "SMTP_PASS",
    "PASS",
    "PASSPHRASE",
    "SSH_PASSPHRASE",
    "REDISCLI_AUTH",
    "JWT",
    "SERVICE_JWT",
    "PAT",
    "GITHUB_PAT",
    "RABBITMQ_ERLANG_COOKIE",
    "npm_config__auth",
  ])
    it(`says that its value is secret: ${name}`, () => {
      expect(isHidden(name)).to.equal(true);
    });

  for (const name of [
    "PWD",
    "OLDPWD",
    "PATH",
    "AUTHOR",
    "GIT_AUTHOR",
    "COMPASS",
    "PATTERN",
    "SSH_AUTH_SOCK",
    "BYPASS",
    "COOKIE_DOMAIN",
  ])
    it(`does not say so: ${name}`, () => {
      expect(isHidden(name)).to.equal(false);
    });

  it("does not matter for a password in an address, as it is there or decoded", () => {
    const masker = newMasker();
    masker.learnSecrets({ DATABASE_URL: "mysql://me:kwyj%407-l0ng@db:3306/todos" });
    expect(masker.mask("no login with kwyj@7-l0ng or kwyj%407-l0ng")).to.equal("no login with *** or ***");
  });
});
