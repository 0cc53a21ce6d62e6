import { apiAt, type Todo } from "./api.ts";
import { find } from "./find.ts";
import { itemOf, type Actions, type Item } from "./item.ts";

/** `?api=` names a list elsewhere; else it is that of where this page comes from. */
const api = apiAt(new URLSearchParams(location.search).get("api") ?? new URL("../todos", location.href).href);
const list = find(HTMLUListElement, "ul");
const title = find(HTMLInputElement, "#title");
const items = new Map<string, Item>();

const filters: Readonly<Record<string, (item: Item) => boolean>> = {
  "#all": () => true,
  "#open": (item) => !item.isDone(),
  "#done": (item) => item.isDone(),
};

const actions: Actions = {
  change: (todo, changes) => attempt(async () => items.get(todo.url)?.update(await api.change(todo, changes))),
  remove: (todo) =>
    attempt(async () => {
      await api.remove(todo);
      items.get(todo.url)?.element.remove();
      items.delete(todo.url);
      // Else the focus would be lost with what had it.
      title.focus();
    }),
};

function add(todo: Todo): void {
  const item = itemOf(todo, actions);
  items.set(todo.url, item);
  list.append(item.element);
}

/** Does what was asked for, and says why when that fails. Resolves with whether it was done. */
async function attempt(work: () => Promise<void>): Promise<boolean> {
  let reason = "";
  await work().catch((error: unknown) => {
    reason = (error as Error).message;
  });
  find(HTMLElement, "#problem").textContent = reason;
  show();
  return reason === "";
}

/** Shows what the filter lets through. */
function show(): void {
  const chosen = Object.hasOwn(filters, location.hash) ? location.hash : "#all";
  for (const item of items.values()) item.element.hidden = !filters[chosen]!(item);
  for (const link of document.querySelectorAll("nav a"))
    if (link.getAttribute("href") === chosen) link.setAttribute("aria-current", "true");
    else link.removeAttribute("aria-current");
  const open = [...items.values()].filter((item) => !item.isDone()).length;
  find(HTMLElement, "#count").textContent = `${open} of ${items.size} open`;
}

find(HTMLFormElement, "#add").addEventListener("submit", (event) => {
  event.preventDefault();
  void attempt(async () => {
    add(await api.add(title.value.trim()));
    title.value = "";
  });
});
addEventListener("hashchange", show);
void attempt(async () => (await api.list()).forEach(add));
