import axe from "axe-core";
import type { AxeResults } from "axe-core";
import { expect } from "chai";
import { eventually, useTarget } from "stackspec";
import { useBrowser } from "stackspec/browser";
import { createTodo, deleteAllTodos, listTodos } from "../acceptance/todobackend.ts";

describe("the web client", () => {
  const api = useTarget();
  const page = useBrowser();

  beforeEach("a list of two", async () => {
    await deleteAllTodos(api);
    await createTodo(api, { title: "walk the dog" });
    await createTodo(api, { title: "buy milk", completed: true });
    await page.goto("client/");
    await page.getByText("1 of 2 open").waitFor();
  });

  const titles = () =>
    page.getByRole("checkbox").evaluateAll((boxes) => boxes.map((box) => box.parentElement?.innerText.trim()));
  const stored = async () => (await listTodos(api)).map(({ title, completed }) => ({ title, completed }));
  const done = (title: string) => page.getByRole("checkbox", { name: title });
  const button = (name: string) => page.getByRole("button", { name, exact: true });

  it("lists todos in their order, and which are completed", async () => {
    expect(await titles()).to.deep.equal(["walk the dog", "buy milk"]);
    expect([await done("walk the dog").isChecked(), await done("buy milk").isChecked()]).to.deep.equal([false, true]);
  });

  it("adds a todo", async () => {
    await page.getByLabel("What needs to be done?").fill("  read a book ");
    await button("Add").click();
    await page.getByText("2 of 3 open").waitFor();
    expect(await titles()).to.deep.equal(["walk the dog", "buy milk", "read a book"]);
    expect(await stored()).to.deep.include({ title: "read a book", completed: false });
  });

  it("completes a todo, and opens it again", async () => {
    await done("walk the dog").click();
    await page.getByText("0 of 2 open").waitFor();
    expect(await stored()).to.deep.include({ title: "walk the dog", completed: true });
    await done("walk the dog").click();
    await page.getByText("1 of 2 open").waitFor();
    expect(await stored()).to.deep.include({ title: "walk the dog", completed: false });
  });

  it("edits a title", async () => {
    await button("Edit walk the dog").click();
    await page.getByLabel("New title of walk the dog").fill("walk the cat");
    await button("Save").click();
    await done("walk the cat").waitFor();
    expect(await stored()).to.deep.include({ title: "walk the cat", completed: false });
  });

  it("leaves a title as it was when editing is given up", async () => {
    await button("Edit walk the dog").click();
    await page.keyboard.type("nonsense");
    await page.keyboard.press("Escape");
    await done("walk the dog").waitFor();
    expect(await stored()).to.deep.include({ title: "walk the dog", completed: false });
  });

  it("deletes a todo", async () => {
    await button("Delete buy milk").click();
    await page.getByText("1 of 1 open").waitFor();
    expect(await titles()).to.deep.equal(["walk the dog"]);
    expect(await stored()).to.deep.equal([{ title: "walk the dog", completed: false }]);
  });

  for (const [filter, shown] of [
    ["Open", ["walk the dog"]],
    ["Done", ["buy milk"]],
    ["All", ["walk the dog", "buy milk"]],
  ] as const)
    it(`shows by the filter "${filter}" those todos only`, async () => {
      await page.goto("client/#done");
      await page.getByRole("link", { name: filter }).click();
      const visible = page.getByRole("listitem").filter({ visible: true });
      await eventually(() => expect(visible.count()).to.eventually.equal(shown.length));
      for (const title of shown) expect(await done(title).isVisible()).to.equal(true);
    });

  it("takes a todo out of sight that is completed while open ones are shown", async () => {
    await page.getByRole("link", { name: "Open" }).click();
    await done("walk the dog").click();
    await page.getByText("0 of 2 open").waitFor();
    expect(await page.getByRole("listitem").filter({ visible: true }).count()).to.equal(0);
  });

  it("shows markup in a title as text", async () => {
    await page.getByLabel("What needs to be done?").fill("<img src=x onerror=alert(1)>");
    await page.keyboard.press("Enter");
    await page.getByText("2 of 3 open").waitFor();
    expect((await titles()).at(-1)).to.equal("<img src=x onerror=alert(1)>");
  });

  it("can be used by keys alone", async () => {
    await page.getByLabel("What needs to be done?").focus();
    for (const key of ["Tab", "Tab", "Tab", "Tab", "Tab", "Space"]) await page.keyboard.press(key);
    await page.getByText("0 of 2 open").waitFor();
    expect(await stored()).to.deep.include({ title: "walk the dog", completed: true });
  });

  for (const colorScheme of ["light", "dark"] as const)
    it(`has nothing that axe finds fault with: ${colorScheme}`, async () => {
      await page.emulateMedia({ colorScheme });
      await button("Edit walk the dog").click();
      await page.evaluate(axe.source);
      const { violations } = (await page.evaluate("axe.run()")) as AxeResults;
      expect(violations.map(({ id, nodes }) => `${id}: ${nodes[0]?.html}`)).to.deep.equal([]);
    });
});

describe("the web client in trouble", () => {
  const api = useTarget();
  const page = useBrowser({ ignore: [/status of 400/, /ERR_INTERNET_DISCONNECTED/] });

  beforeEach("an empty list", async () => {
    await deleteAllTodos(api);
    await page.goto("client/");
    await page.getByText("0 of 0 open").waitFor();
  });

  it("says why the API refuses a title, and keeps what was written", async () => {
    const title = "x".repeat(257);
    await page.getByLabel("What needs to be done?").fill(title);
    await page.keyboard.press("Enter");
    await page.getByRole("alert").getByText("title: expected text of at most 256 characters, got 257").waitFor();
    expect(await page.getByLabel("What needs to be done?").inputValue()).to.equal(title);
  });

  it("says that the API is out of reach, and takes that back when it is not", async () => {
    await page.getByLabel("What needs to be done?").fill("walk the dog");
    await page.context().setOffline(true);
    await page.keyboard.press("Enter");
    await page
      .getByRole("alert")
      .getByText(/\/todos cannot be reached\.$/)
      .waitFor();
    await page.context().setOffline(false);
    await page.keyboard.press("Enter");
    await page.getByText("1 of 1 open").waitFor();
    expect(await page.getByRole("alert").textContent()).to.equal("");
  });
});
