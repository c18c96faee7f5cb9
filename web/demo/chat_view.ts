import { element, find } from "./dom.js";
import { EndScroll } from "./end_scroll.js";
import type { Entry, TextEntry, ToolEntry, ToolState, TranscriptView } from "./transcript.js";
import { data, indent, prose } from "./visible.js";

const STATES: { readonly [State in ToolState]: string } = {
  running: "running…",
  waiting: "waits for you",
  done: "done",
  rejected: "rejected",
  failed: "failed",
  stopped: "stopped",
};

/** Shows a transcript, and tells screen readers of what is finished. */
export class ChatView implements TranscriptView {
  readonly #log = find("[data-transcript]", HTMLElement);
  readonly #scroll = new EndScroll(find("[data-scroll]", HTMLElement));
  readonly #announcer = find("[data-announcer]", HTMLElement);
  readonly #elements = new WeakMap<Entry, HTMLElement>();

  cleared(): void {
    this.#log.replaceChildren();
  }

  added(entry: Entry): void {
    const shown = this.#make(entry);
    this.#elements.set(entry, shown);
    this.#scroll.keepAtEnd(() => this.#log.append(shown));
  }

  changed(entry: Entry): void {
    const shown = this.#elements.get(entry);
    if (!shown) return;
    this.#scroll.keepAtEnd(() => {
      if (entry.kind === "tool") fillTool(shown, entry);
      if (entry.kind === "message" || entry.kind === "reasoning") fillText(shown, entry);
    });
    if (entry.kind === "message" && entry.state === "done") this.announce(`${entry.agent}: ${entry.text}`);
    if (entry.kind === "tool" && entry.state === "failed") this.announce(`The tool ${entry.name} failed.`);
  }

  grew(entry: TextEntry, delta: string): void {
    const text = this.#elements.get(entry)?.querySelector("[data-text]");
    if (text) this.#scroll.keepAtEnd(() => text.append(...prose(delta)));
  }

  /** Makes a change below the messages. */
  keepAtEnd(change: () => void): void {
    this.#scroll.keepAtEnd(change);
  }

  /** Takes the focus without asking for input. */
  focus(): void {
    find("[data-scroll]", HTMLElement).focus();
  }

  announce(text: string): void {
    this.#announcer.textContent = text;
  }

  #make(entry: Entry): HTMLElement {
    switch (entry.kind) {
      case "user":
        return element("article", { "data-message": "user", "aria-label": "You" }, textParagraph(entry.text));
      case "message":
      case "reasoning": {
        const kind = entry.kind === "message" ? { "data-message": "assistant" } : { "data-reasoning": "" };
        const article = element("article", { ...kind, "data-agent": entry.agent }, agentName(entry.agent), textParagraph(""));
        fillText(article, entry);
        return article;
      }
      case "tool": {
        const card = element("section", { "data-tool": entry.callId, "data-agent": entry.agent });
        fillTool(card, entry);
        return card;
      }
      case "handoff":
        return element(
          "p",
          { "data-handoff": entry.to },
          agentName(entry.from),
          element("span", { class: "arrow", "aria-label": "hands off to" }, "→"),
          agentName(entry.to),
        );
      case "note":
        return element("p", { "data-note": "" }, entry.text);
    }
  }
}

/** An agent's name beside its initial. */
export function agentName(name: string): HTMLElement {
  const initial = element("span", { class: "initial", "data-agent": name, "aria-hidden": "true" }, name.charAt(0));
  return element("span", { class: "agent" }, initial, ...data(name));
}

function textParagraph(text: string): HTMLElement {
  return element("p", { "data-text": "", dir: "auto" }, ...prose(text));
}

function fillText(article: HTMLElement, entry: TextEntry): void {
  article.dataset["state"] = entry.state;
  article.setAttribute("aria-busy", String(entry.state === "open"));
  article.querySelector("[data-text]")?.replaceChildren(...prose(entry.text));
}

function fillTool(card: HTMLElement, entry: ToolEntry): void {
  card.dataset["toolName"] = entry.name;
  card.dataset["toolState"] = entry.state;
  const parts: Node[] = [
    element(
      "div",
      { class: "tool-head" },
      element("code", { class: "tool-name" }, ...data(entry.name)),
      element("code", { class: "tool-arguments" }, ...data(entry.arguments === "{}" ? "" : indent(entry.arguments))),
      element("span", { class: "tool-state" }, STATES[entry.state]),
    ),
  ];
  if (entry.output !== undefined) {
    parts.push(
      element(
        "details",
        { class: "tool-output" },
        element("summary", {}, "What the model is told"),
        element("pre", { "data-tool-output": "" }, ...data(indent(entry.output))),
      ),
    );
  }
  card.replaceChildren(...parts);
}
