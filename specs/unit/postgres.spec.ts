import { expect } from "chai";
import { rangesOf } from "../../src/engine/drivers/postgres/postgres-changes.ts";
import { isOwn } from "../../src/engine/drivers/postgres/postgres-databases.ts";
import { postgres } from "../../src/engine/drivers/postgres/postgres.ts";

const connect = (environment: Readonly<Record<string, string>>) =>
  postgres.connect({
    host: "127.0.0.1",
    port: 5432,
    command: [],
    environment,
    suffix: "",
    shared: false,
    exec: () => Promise.reject(new Error("expected no command")),
  });

describe("the driver of PostgreSQL", () => {
  for (const [what, environment] of Object.entries({
    "a password": { POSTGRES_PASSWORD: "secret" },
    "a password in a file": { POSTGRES_PASSWORD_FILE: "/run/secrets/password" },
    "none where everybody is let in": { POSTGRES_HOST_AUTH_METHOD: "trust" },
  }))
    it(`takes ${what}`, () => {
      expect(() => connect(environment)).not.to.throw();
    });

  for (const [what, environment] of Object.entries({ no: {}, "an empty": { POSTGRES_PASSWORD: "" } }))
    it(`says that it needs a password where there is ${what} one`, () => {
      expect(() => connect(environment)).to.throw("expected the superuser's password in POSTGRES_PASSWORD or");
    });

  for (const [blocks, expected] of [
    [
      "{[0,2),[7,8)}",
      [
        [0, 2],
        [7, 8],
      ],
    ],
    [
      "{[7,8)}{[0,2)}{[1,5)}",
      [
        [0, 5],
        [7, 8],
      ],
    ],
    [`{${Array.from({ length: 51 }, (_, index) => `[${index * 2},${index * 2 + 1})`).join(",")}}`, [[0, 101]]],
  ] as const)
    it(`asks for the blocks ${blocks.slice(0, 22)} in ${expected.length}`, () => {
      expect(rangesOf(blocks)).to.deep.equal(expected);
    });

  for (const [database, suffix, expected] of [
    ["shop", "", true],
    ["shop__worker_1", "", false],
    ["shop__worker_1", "__worker_1", true],
    ["shop", "__worker_1", false],
    ["stackspec_baseline", "", false],
    ["stackspec_baseline__worker_1", "__worker_1", false],
  ] as const)
    it(`takes ${database} ${expected ? "" : "not "}for its own with the suffix "${suffix}"`, () => {
      expect(isOwn(database, { suffix })).to.equal(expected);
    });
});
