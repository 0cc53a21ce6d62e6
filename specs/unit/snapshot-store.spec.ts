import { expect } from "chai";
import fc from "fast-check";
import {
  DATA_PATH,
  FOLDERS_LABEL,
  PROJECT_LABEL,
  SERVER_LABEL,
  SNAPSHOT_LABEL,
  SNAPSHOT_STACK_LABEL,
  TASKS_LABEL,
  expired,
  foldersOf,
  hasName,
  isOf,
  readTasksLabel,
  snapshotReference,
  stackOf,
  tasksLabel,
} from "../../src/engine/snapshot/store.ts";
import { learnSecrets } from "../../src/secrets.ts";

const DAY = 86_400;
const NOW = 1000 * DAY;

/** An image of the snapshot `key`, so many days old. */
const image = (key: string, days: number, Id = key) => ({
  Id,
  Labels: { [SNAPSHOT_LABEL]: key },
  RepoTags: [],
  Created: NOW - days * DAY,
});

describe("eviction", () => {
  const dropped = (count: number, days: number, ...images: ReturnType<typeof image>[]): string[] =>
    expired(images, { count, days }, NOW).map(({ Id }) => Id);

  it("drops none as long as there are as many as are kept", () => {
    expect(dropped(2, 14, image("old", 2), image("new", 1))).to.deep.equal([]);
  });

  it("drops the oldest when there is one more", () => {
    expect(dropped(2, 14, image("new", 1), image("oldest", 3), image("old", 2))).to.deep.equal(["oldest"]);
  });

  it("drops what is older than allowed", () => {
    expect(dropped(10, 14, image("old", 15), image("new", 13))).to.deep.equal(["old"]);
  });

  it("keeps what is just as old as allowed", () => {
    expect(dropped(10, 14, image("old", 14))).to.deep.equal([]);
  });

  it("drops all when none is kept", () => {
    expect(dropped(0, 14, image("old", 2), image("new", 1))).to.deep.equal(["old", "new"]);
  });

  it("counts the images of one snapshot once", () => {
    expect(dropped(1, 14, image("one", 1, "db"), image("one", 1, "app"))).to.deep.equal([]);
  });

  it("takes a snapshot for as old as its newest image", () => {
    expect(dropped(1, 14, image("one", 1, "app"), image("one", 20, "db"), image("two", 2))).to.deep.equal(["two"]);
  });

  it("drops every image of a snapshot", () => {
    expect(dropped(0, 14, image("one", 1, "db"), image("one", 1, "app"))).to.deep.equal(["db", "app"]);
  });
});

describe("eviction of layers of initialised servers", () => {
  const layer = (key: string, days: number, server: string) => {
    const { Labels, ...others } = image(key, days);
    return { ...others, Labels: { ...Labels, [SERVER_LABEL]: server } };
  };

  it("counts those of each server for themselves, and those of the stack", () => {
    const images = [layer("db", 3, "db"), layer("cache", 2, "cache"), image("stack", 1), layer("old db", 4, "db")];
    expect(expired(images, { count: 1, days: 14 }, NOW).map(({ Id }) => Id)).to.deep.equal(["old db"]);
  });
});

describe("an image of a snapshot", () => {
  const found = { Id: "", Created: 0, RepoTags: [snapshotReference("shop", "db", "0123456789ab")] };

  it("is of the stack that its label names", () => {
    expect(stackOf({ ...found, Labels: { [SNAPSHOT_STACK_LABEL]: "todo" } })).to.equal("todo");
  });

  it("is of the stack in its name when it was written before there was that label", () => {
    expect(stackOf({ ...found, Labels: {} })).to.equal("shop");
  });

  for (const [RepoTags, named] of [
    [found.RepoTags, true],
    [["<none>:<none>"], false],
    [[], false],
    [undefined, false],
  ] as const)
    it(`has ${named ? "a" : "no"} name with the tags ${JSON.stringify(RepoTags)}`, () => {
      expect(hasName({ ...found, Labels: {}, RepoTags: RepoTags as string[] | undefined })).to.equal(named);
    });

  for (const RepoTags of [undefined, [], ["<none>:<none>"]])
    it(`is of no stack with neither that label nor a name: ${JSON.stringify(RepoTags)}`, () => {
      expect(stackOf({ ...found, RepoTags, Labels: {} })).to.equal(undefined);
    });

  for (const [title, labels, stack, project, isIts] of [
    ["of this stack of this project", { [PROJECT_LABEL]: "here" }, "shop", "here", true],
    ["of this stack that names no project", {}, "shop", "here", true],
    ["of another stack of this project", { [PROJECT_LABEL]: "here" }, "todo", "here", false],
    ["of this stack of another project", { [PROJECT_LABEL]: "there" }, "shop", "here", false],
  ] as const)
    it(`${isIts ? "may be" : "is not"} restored that is ${title}`, () => {
      expect(isOf({ ...found, Labels: labels }, stack, project)).to.equal(isIts);
    });

  it("says which of its folders are the snapshot's, if any", () => {
    expect([foldersOf({ [FOLDERS_LABEL]: '["/a","/b"]' }), foldersOf({})]).to.deep.equal([["/a", "/b"], []]);
  });

  it("is found by another version of stackspec, which looks for the same names", () => {
    expect([SNAPSHOT_LABEL, SNAPSHOT_STACK_LABEL, TASKS_LABEL, DATA_PATH, found.RepoTags[0]]).to.deep.equal([
      "dev.stackspec.snapshot",
      "dev.stackspec.snapshot.stack",
      "dev.stackspec.snapshot.tasks",
      "/stackspec/data",
      "localhost/stackspec/snapshot/shop/db:0123456789ab",
    ]);
  });
});

describe(`the label ${TASKS_LABEL}`, () => {
  const result = { exitCode: 0, output: "seeded", durationMs: 1 };

  it("gives back what it was given", () => {
    const tasks = new Map([["seed", result]]);
    expect(readTasksLabel(tasksLabel(tasks))).to.deep.equal(tasks);
  });

  it("is that of no tasks where there is none", () => {
    expect(readTasksLabel(undefined)).to.deep.equal(new Map());
  });

  it("is that of no tasks when it is malformed", () => {
    fc.assert(fc.property(fc.string(), (label) => void readTasksLabel(`{${label}`)));
    expect(readTasksLabel('{"seed": {')).to.deep.equal(new Map());
  });

  it("holds all that is kept of what a task printed", () => {
    const output = `a${"b".repeat(65_535)}`;
    const label = tasksLabel(new Map([["seed", { ...result, output }]]));
    expect(readTasksLabel(label).get("seed")?.output === output).to.equal(true);
  });

  it("holds no secret", () => {
    learnSecrets({ LABEL_PASSWORD: "d2f6c1a0-in-a-label" });
    const label = tasksLabel(new Map([["seed", { ...result, output: "login with d2f6c1a0-in-a-label" }]]));
    expect(readTasksLabel(label).get("seed")?.output).to.equal("login with ***");
  });

  it("holds no part of a secret that it cuts", () => {
    learnSecrets({ LABEL_PASSWORD: "d2f6c1a0-in-a-label" });
    const output = `d2f6c1a0-in-a-label${"x".repeat(4_090)}`;
    const label = tasksLabel(new Map([["seed", { ...result, output }]]));
    expect(label).not.to.include("label");
  });
});
