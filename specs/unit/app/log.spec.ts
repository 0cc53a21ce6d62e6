import { expect } from "chai";
import { createLog, type Log } from "../../../containers/app/src/log.ts";

function written(write: (log: Log) => void): string[] {
  const lines: string[] = [];
  write(createLog((line) => lines.push(line)));
  return lines;
}

describe("the log of the app", () => {
  it("is one JSON object per line, whatever the message holds", () => {
    const lines = written((log) => log.info("two\nlines", { path: "/" }));
    expect(lines).to.have.length(1);
    expect(lines[0]).to.match(/^[^\n]*\n$/);
    expect(JSON.parse(lines[0]!)).to.include({ level: "info", msg: "two\nlines", path: "/" });
  });

  it("tells when", () => {
    const [line] = written((log) => log.info("x"));
    expect(new Date(JSON.parse(line!).time).toISOString()).to.equal(JSON.parse(line!).time);
  });

  it("tells an error with its stack, its code and its cause", () => {
    const cause = Object.assign(new Error("refused"), { code: "ECONNREFUSED" });
    const [line] = written((log) => log.error("x", { error: new Error("no database", { cause }) }));
    const { error } = JSON.parse(line!);
    expect(error).to.deep.include({ message: "no database" });
    expect(error.stack).to.contain("log.spec.ts");
    expect(error.cause).to.include({ message: "refused", code: "ECONNREFUSED" });
  });

  it("leaves out what a driver hangs on its errors", () => {
    const error = Object.assign(new Error("no such column"), { sql: "UPDATE users SET password = 's3cret'" });
    expect(written((log) => log.error("x", { error })).join()).not.to.contain("s3cret");
  });
});
