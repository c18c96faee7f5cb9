import type { RunItemStreamEvent, RunStreamEvent } from "runstream";
import { element, find } from "./dom.js";
import { EndScroll } from "./end_scroll.js";
import { data } from "./visible.js";

const MOST_ROWS = 400;

interface Group {
  readonly type: string;
  readonly count: HTMLElement;
  readonly events: RunStreamEvent[];
}

/** Lists the events of runs as they come: a row each, and one for all the deltas that follow each other. */
export class EventsView {
  readonly #list = find("[data-events]", HTMLElement);
  readonly #scroll = new EndScroll(this.#list);
  readonly #empty = find("[data-events-empty]", HTMLElement);
  #start = 0;
  /** The deltas that are being counted. */
  #group: Group | undefined;
  #drawing = false;

  cleared(): void {
    this.#list.replaceChildren();
    this.#group = undefined;
    this.#empty.hidden = false;
  }

  runStarted(): void {
    this.#start = performance.now();
    this.#group = undefined;
    if (this.#list.childElementCount > 0) this.#list.append(element("li", { class: "run-start" }, "a new run"));
  }

  take(event: RunStreamEvent): void {
    const delta = event.type === "raw_response_event" && event.data.type.endsWith(".delta") ? event.data.type : undefined;
    if (delta && this.#group?.type === delta) {
      this.#group.events.push(event);
      this.#drawSoon();
      return;
    }
    this.#draw();
    const count = element("span", { class: "event-count" });
    const events = [event];
    this.#group = delta ? { type: delta, count, events } : undefined;
    this.#add(event, count, events);
  }

  #add(event: RunStreamEvent, count: HTMLElement, events: readonly RunStreamEvent[]): void {
    const raw = event.type === "raw_response_event";
    const name = event.type === "run_item_stream_event" ? event.name : event.type;
    const payload = element("pre");
    const row = element(
      "details",
      {},
      element(
        "summary",
        {},
        element("span", { class: "event-name" }, ...data(raw ? event.data.type.replace(/^response\./, "") : name)),
        element("span", { class: "event-detail" }, ...data(detail(event))),
        count,
        element("span", { class: "event-time" }, time(performance.now() - this.#start)),
      ),
      payload,
    );
    // What is inside is written only when somebody looks.
    row.addEventListener("toggle", () => {
      if (row.open) payload.replaceChildren(...data(JSON.stringify(events.map(plain), undefined, 2)));
    });
    this.#empty.hidden = true;
    this.#scroll.keepAtEnd(() => {
      this.#list.append(element("li", { "data-event": name, class: raw ? "raw" : "made" }, row));
      if (this.#list.childElementCount > MOST_ROWS) this.#list.firstElementChild?.remove();
    });
  }

  /** A count is drawn once a frame at most: deltas come faster. */
  #drawSoon(): void {
    if (this.#drawing) return;
    this.#drawing = true;
    requestAnimationFrame(() => this.#draw());
  }

  #draw(): void {
    this.#drawing = false;
    if (!this.#group || this.#group.events.length < 2) return;
    this.#group.count.textContent = `×${this.#group.events.length}`;
    this.#group.count.dataset["count"] = String(this.#group.events.length);
  }
}

function time(milliseconds: number): string {
  return milliseconds < 1000 ? `${Math.round(milliseconds)} ms` : `${(milliseconds / 1000).toFixed(1)} s`;
}

/** What an event is about, in a word. */
function detail(event: RunStreamEvent): string {
  switch (event.type) {
    case "agent_updated_stream_event":
      return event.newAgent.name;
    case "raw_response_event":
      return "item" in event.data ? event.data.item.type : "";
    case "run_item_stream_event":
      return itemDetail(event);
  }
}

function itemDetail(event: RunItemStreamEvent): string {
  switch (event.name) {
    case "tool_called":
      return event.item.toolName ?? event.item.rawItem.type;
    case "handoff_requested":
      return event.item.rawItem.name ?? "";
    case "handoff_occured":
      return `${event.item.sourceAgent.name} → ${event.item.targetAgent.name}`;
    default:
      return event.item.agent.name;
  }
}

/** An event as data: agents by their names. */
function plain(event: RunStreamEvent): unknown {
  if (event.type === "agent_updated_stream_event") return { type: event.type, newAgent: event.newAgent.name };
  if (event.type === "raw_response_event") return event;
  const item: { [field: string]: unknown } = { ...event.item, agent: event.item.agent.name };
  if (event.name === "handoff_occured") {
    item["sourceAgent"] = event.item.sourceAgent.name;
    item["targetAgent"] = event.item.targetAgent.name;
  }
  return { type: event.type, name: event.name, item };
}
