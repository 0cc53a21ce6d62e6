/** The first element of a type that a selector finds. @throws Error when there is none */
export function find<E extends Element>(type: new () => E, selector: string, within: ParentNode = document): E {
  const found = within.querySelector(selector);
  if (!(found instanceof type)) throw new Error(`expected ${type.name} at ${selector}, found ${found?.tagName}`);
  return found;
}
