import { expect } from "chai";
import { defineStack, started } from "stackspec";
import type { StackspecError } from "stackspec";
import { readConfig } from "../../src/config/config.ts";
import { openSession } from "../../src/engine/run/session.ts";
import { chooseProfiles } from "../../src/stack/profiles.ts";

const runs = () => ({ start: async () => ({ stop: async () => {} }) });
const shop = defineStack("shop", (stack) => {
  const db = stack.service("db", runs);
  const probe = stack.service("probe", runs, { profiles: ["testing", "debug"], after: [db] });
  const report = stack.task("report", () => {}, { profiles: ["testing"], after: [started(probe)] });
  const shell = stack.service("shell", runs, { profiles: ["debug"] });
  return { db, probe, report, shell };
});

/** What specs get of the stack while these profiles are chosen. */
async function valuesWith(STACKSPEC_PROFILES: string) {
  const session = openSession(readConfig({ STACKSPEC_PROFILES }));
  try {
    return (await session.start(shop)).values;
  } finally {
    await session.close();
  }
}

describe("a part of a stack with profiles", () => {
  it("is not started when none is chosen", async () => {
    const { db, ...others } = await valuesWith("");
    expect(db).to.have.property("stop");
    expect(others).to.deep.equal({ probe: undefined, report: undefined, shell: undefined });
  });

  it("is started when one of them is chosen", async () => {
    const { probe, report, shell } = await valuesWith("testing");
    expect(probe).to.have.property("stop");
    expect(report?.exitCode).to.equal(0);
    expect(shell).to.equal(undefined);
  });

  it("is started with others of other profiles, when several are chosen", async () => {
    expect(Object.values(await valuesWith(" testing,debug "))).not.to.include(undefined);
  });

  it("is refused when it waits for what starts without it", () => {
    const wrong = (profiles?: string[]) => () =>
      defineStack("shop", (stack) => {
        const probe = stack.service("probe", runs, { profiles: ["testing"] });
        stack.task("report", () => {}, { after: [probe], ...(profiles && { profiles }) });
        return {};
      });
    expect(wrong()).to.throw(
      /^USAGE: stack "shop", "report": expected profiles among testing, for it waits for "probe"/,
    );
    expect(wrong(["testing", "debug"])).to.throw(/got testing, debug$/);
    expect(wrong(["testing"])).not.to.throw();
  });

  it("is refused when it has an empty list of them", () => {
    const wrong = () => defineStack("shop", (stack) => ({ db: stack.service("db", runs, { profiles: [] }) }));
    expect(wrong).to.throw(/^USAGE: stack "shop", "db": expected a profile, got an empty list/);
  });
});

describe("profiles that are chosen", () => {
  it("are refused when a stack that has profiles does not have them", async () => {
    const failure = await valuesWith("tesing").then(undefined, (error: StackspecError) => error);
    expect(failure).to.have.property(
      "message",
      'USAGE: STACKSPEC_PROFILES: expected profiles of the stack "shop" (testing, debug), got "tesing"',
    );
  });

  it("do not concern a stack without any", () => {
    const plain = defineStack("plain", (stack) => ({ db: stack.service("db", runs) }));
    expect(chooseProfiles(["testing"])(plain)).to.equal(plain);
  });

  it("leave the same stack of the same declaration each time", () => {
    const choose = chooseProfiles(["debug"]);
    expect(choose(shop)).to.equal(choose(shop));
  });
});
