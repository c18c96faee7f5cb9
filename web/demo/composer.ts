import type { Status } from "./conversation.js";
import { find } from "./dom.js";

export interface ComposerActions {
  /** False where it could not be sent. */
  send(text: string): Promise<boolean>;
  stop(): void;
}

const PLACEHOLDERS: { readonly [State in Status]: string } = {
  idle: "Ask something…",
  failed: "Ask something…",
  running: "The agent is at work…",
  waiting: "Decide first…",
  elsewhere: "Running in another tab…",
};

/** The form that messages are written in. */
export class Composer {
  readonly #form = find("form[data-chat]", HTMLFormElement);
  readonly #text = find("textarea[name=message]", HTMLTextAreaElement);
  readonly #send = find("[data-send]", HTMLButtonElement);
  readonly #stop = find("[data-stop]", HTMLButtonElement);
  readonly #suggestions = find("[data-suggestions]", HTMLElement);
  readonly #actions: ComposerActions;

  constructor(actions: ComposerActions) {
    this.#actions = actions;
    this.#form.addEventListener("submit", (event) => {
      event.preventDefault();
      void this.#submit(this.#text.value);
    });
    this.#text.addEventListener("keydown", (event) => {
      if (event.key !== "Enter" || event.shiftKey || event.isComposing) return;
      event.preventDefault();
      this.#form.requestSubmit();
    });
    this.#stop.addEventListener("click", () => actions.stop());
    this.#suggestions.addEventListener("click", ({ target }) => {
      const chip = target instanceof Element ? target.closest("[data-suggestion]") : null;
      if (chip) void this.#submit(chip.textContent ?? "");
    });
  }

  /** Lets a keyboard go on typing. A touch screen's keyboard would cover the answer, so it is left alone. */
  focus(): void {
    if (!matchMedia("(pointer: coarse)").matches) this.#text.focus();
  }

  show(status: Status): void {
    const free = status === "idle" || status === "failed";
    const stopHadFocus = document.activeElement === this.#stop;
    this.#send.disabled = !free;
    this.#send.hidden = status === "running";
    this.#stop.hidden = status !== "running";
    this.#text.placeholder = PLACEHOLDERS[status];
    if (stopHadFocus && this.#stop.hidden) this.focus(); // what vanishes would take the focus with it
  }

  async #submit(text: string): Promise<void> {
    const message = text.trim();
    if (!message || this.#send.disabled) return;
    this.#text.value = "";
    this.focus();
    if (!(await this.#actions.send(message))) this.#text.value ||= message;
  }
}
