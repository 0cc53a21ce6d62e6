import { expect } from "chai";
import { UsageError } from "../../../containers/app/src/errors.ts";
import { readSettings } from "../../../containers/app/src/settings.ts";

const mysql = { MYSQL_HOST: "db", MYSQL_DATABASE: "todobackend", MYSQL_USER: "todo", MYSQL_PASSWORD: "s3cret" };

describe("the settings of the app", () => {
  it("are SQLite in memory on port 8000 in an empty environment", () => {
    expect(readSettings({})).to.deep.equal({
      store: { kind: "sqlite", path: ":memory:" },
      address: { port: 8000 },
      shutdownTimeoutMs: 10_000,
    });
  });

  it("are MySQL as soon as its host is given", () => {
    expect(readSettings(mysql).store).to.deep.equal({
      kind: "mysql",
      mysql: { host: "db", port: 3306, database: "todobackend", user: "todo", password: "s3cret" },
    });
  });

  it("take an empty variable for one that is not set", () => {
    expect(readSettings({ MYSQL_HOST: "", PORT: "", STATIC_ROOT: "" })).to.deep.equal(readSettings({}));
  });

  it("listen on a socket instead of a port", () => {
    expect(readSettings({ SOCKET_PATH: "/run/app.sock" }).address).to.deep.equal({ socketPath: "/run/app.sock" });
  });

  it("may ask for any free port of one host", () => {
    expect(readSettings({ HOST: "127.0.0.1", PORT: "0" }).address).to.deep.equal({ host: "127.0.0.1", port: 0 });
  });

  it("listen on a port of one host", () => {
    expect(readSettings({ HOST: "127.0.0.1" }).address).to.deep.equal({ host: "127.0.0.1", port: 8000 });
  });

  it("may name a folder for static files and a time to shut down in", () => {
    const settings = readSettings({ STATIC_ROOT: "/srv", SHUTDOWN_TIMEOUT_MS: "250" });
    expect(settings).to.include({ staticRoot: "/srv", shutdownTimeoutMs: 250 });
  });

  it("may name a port and leave out the password of MySQL", () => {
    const { store } = readSettings({ ...mysql, MYSQL_PORT: "3307", MYSQL_PASSWORD: "" });
    expect(store).to.have.property("mysql").that.includes({ port: 3307, password: "" });
  });

  for (const env of [
    { PORT: "65535" },
    { ...mysql, MYSQL_PORT: "1" },
    { ...mysql, MYSQL_PORT: "65535" },
    { SHUTDOWN_TIMEOUT_MS: "1" },
    { SHUTDOWN_TIMEOUT_MS: "600000" },
    { SOCKET_PATH: `/${"x".repeat(106)}` },
  ])
    it(`may be ${Object.entries(env).at(-1)!.join("=").slice(0, 40)}`, () => {
      expect(() => readSettings(env)).not.to.throw();
    });

  const refused: readonly [env: Record<string, string>, message: string][] = [
    [{ PORT: "65536" }, 'PORT: expected an integer from 0 to 65535, got "65536"'],
    [{ PORT: "80a" }, 'PORT: expected an integer from 0 to 65535, got "80a"'],
    [{ PORT: "-1" }, 'PORT: expected an integer from 0 to 65535, got "-1"'],
    [{ MYSQL_PORT: "0" }, 'MYSQL_PORT: expected an integer from 1 to 65535, got "0"'],
    [{ SHUTDOWN_TIMEOUT_MS: "10s" }, 'SHUTDOWN_TIMEOUT_MS: expected an integer from 1 to 600000, got "10s"'],
    [{ SHUTDOWN_TIMEOUT_MS: "0" }, 'SHUTDOWN_TIMEOUT_MS: expected an integer from 1 to 600000, got "0"'],
    [{ SHUTDOWN_TIMEOUT_MS: "600001" }, 'SHUTDOWN_TIMEOUT_MS: expected an integer from 1 to 600000, got "600001"'],
    [{ MYSQL_PORT: "65536" }, 'MYSQL_PORT: expected an integer from 1 to 65535, got "65536"'],
    [{ SOCKET_PATH: `/${"é".repeat(54)}` }, "SOCKET_PATH: expected a path of at most 107 bytes, got 109"],
    [{ SOCKET_PATH: `/${"x".repeat(107)}` }, "SOCKET_PATH: expected a path of at most 107 bytes, got 108"],
    [{ SOCKET_PATH: "/run/app.sock", PORT: "80" }, "SOCKET_PATH: expected either a socket or a PORT, got both"],
    [{ ...mysql, MYSQL_USER: "" }, "MYSQL_USER: expected a name beside MYSQL_HOST, got nothing"],
    [{ ...mysql, MYSQL_DATABASE: "" }, "MYSQL_DATABASE: expected a name beside MYSQL_HOST, got nothing"],
    [
      { PORT: "a", MYSQL_PORT: "b" },
      'MYSQL_PORT: expected an integer from 1 to 65535, got "b"; PORT: expected an integer from 0 to 65535, got "a"',
    ],
  ];
  for (const [env, message] of refused) {
    it(`are refused: ${message.slice(0, 90)}`, () => {
      expect(() => readSettings(env)).to.throw(UsageError, new RegExp(`^${RegExp.escape(message)}$`));
    });
  }
});
