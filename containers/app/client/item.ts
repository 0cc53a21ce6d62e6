import type { Todo } from "./api.ts";
import { find } from "./find.ts";

/** What the user may do with a todo. Each resolves with whether it was done. */
export type Actions = Readonly<{
  change(todo: Todo, changes: Partial<Todo>): Promise<boolean>;
  remove(todo: Todo): Promise<boolean>;
}>;

/** A todo in the list. */
export type Item = Readonly<{ element: HTMLLIElement; isDone(): boolean; update(todo: Todo): void }>;

/** Makes the list item of a todo. */
export function itemOf(given: Todo, { change, remove }: Actions): Item {
  let todo = given;
  const copy = find(HTMLTemplateElement, "template").content.cloneNode(true) as DocumentFragment;
  const element = find(HTMLLIElement, "li", copy);
  const view = find(HTMLElement, "div", element);
  const done = find(HTMLInputElement, "[type=checkbox]", element);
  const edit = find(HTMLButtonElement, ".edit", element);
  const form = find(HTMLFormElement, "form", element);
  const title = find(HTMLInputElement, "input", form);

  const update = (changed: Todo): void => {
    todo = changed;
    const text = todo.title ?? "(no title)";
    find(HTMLElement, "span", element).textContent = text;
    done.checked = todo.completed;
    element.classList.toggle("done", todo.completed);
    edit.ariaLabel = `Edit ${text}`;
    find(HTMLElement, ".delete", element).ariaLabel = `Delete ${text}`;
    title.ariaLabel = `New title of ${text}`;
  };
  const beginEditing = (): void => {
    view.hidden = true;
    form.hidden = false;
    title.value = todo.title ?? "";
    title.select();
  };
  const endEditing = (): void => {
    form.hidden = true;
    view.hidden = false;
    edit.focus();
  };

  done.addEventListener("change", async () => {
    if (!(await change(todo, { completed: done.checked }))) update(todo);
  });
  edit.addEventListener("click", beginEditing);
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    // What was refused stays there to be mended.
    if (await change(todo, { title: title.value.trim() })) endEditing();
  });
  form.addEventListener("keydown", ({ key }) => key === "Escape" && endEditing());
  find(HTMLElement, ".cancel", form).addEventListener("click", endEditing);
  find(HTMLElement, ".delete", element).addEventListener("click", () => void remove(todo));
  update(todo);
  return { element, isDone: () => todo.completed, update };
}
