/** Keeps a scrolled element at its end for a reader who is there, and does not move one who reads further up. */
export class EndScroll {
  readonly #element: HTMLElement;

  constructor(element: HTMLElement) {
    this.#element = element;
  }

  /** Makes a change that may add to the element's height. */
  keepAtEnd(change: () => void): void {
    const element = this.#element;
    const atEnd = element.scrollHeight - element.scrollTop - element.clientHeight < 80;
    change();
    if (atEnd) element.scrollTop = element.scrollHeight;
  }
}
