import { element, fill, find } from "./dom.js";
import type { Failure } from "./saved.js";
import { data } from "./visible.js";

/** Shows what a run failed with, and offers to go on where it did. */
export class ErrorCard {
  readonly #place = find("[data-failure]", HTMLElement);
  readonly #retry: () => void;

  constructor(retry: () => void) {
    this.#retry = retry;
  }

  show(failure: Failure | undefined): void {
    if (!failure) return fill(this.#place);
    const retry = element("button", { type: "button", "data-retry": "" }, "Try again");
    retry.addEventListener("click", () => {
      fill(this.#place);
      this.#retry();
    });
    fill(
      this.#place,
      element(
        "section",
        { "data-error": failure.name, role: "alert" },
        element("h2", {}, ...data(failure.name)),
        element("p", {}, ...data(failure.message)),
        retry,
      ),
    );
  }
}
