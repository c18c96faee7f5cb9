/** Makes an element. A string child is text, never markup. */
export function element<Tag extends keyof HTMLElementTagNameMap>(
  tag: Tag,
  attributes: { readonly [name: string]: string } = {},
  ...children: readonly (Node | string)[]
): HTMLElementTagNameMap[Tag] {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, value);
  made.append(...children);
  return made;
}

/** The element that index.html has for `selector`. */
export function find<Found extends HTMLElement>(selector: string, kind: new () => Found): Found {
  const found = document.querySelector(selector);
  if (!(found instanceof kind)) throw new Error(`index.html has no ${kind.name} for ${selector}`);
  return found;
}

/** Empties or fills an element and shows it only when it has something to show. */
export function fill(parent: HTMLElement, ...children: readonly (Node | string)[]): void {
  parent.replaceChildren(...children);
  parent.hidden = children.length === 0;
}
