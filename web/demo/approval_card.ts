import type { RunToolApprovalItem } from "runstream";
import { agentName } from "./chat_view.js";
import type { Decision } from "./conversation.js";
import { element, fill, find } from "./dom.js";
import { data, indent } from "./visible.js";

/** Asks a person to decide on the calls that wait, each on a card of its own. */
export class Approvals {
  readonly #place = find("[data-approvals]", HTMLElement);
  readonly #decide: (call: RunToolApprovalItem, decision: Decision) => void;

  constructor(decide: (call: RunToolApprovalItem, decision: Decision) => void) {
    this.#decide = decide;
  }

  show(calls: readonly RunToolApprovalItem[], takeFocus: boolean): void {
    fill(this.#place, ...calls.map((call, index) => this.#card(call, index, calls.length)));
    if (takeFocus) this.#place.querySelector<HTMLElement>("[data-approval]")?.focus();
  }

  #card(call: RunToolApprovalItem, index: number, count: number): HTMLElement {
    const id = `approval-${index}`;
    const words = element("input", {
      "data-reject-message": "",
      id: `${id}-words`,
      type: "text",
      placeholder: "Why not? (optional)",
      autocomplete: "off",
    });
    const approve = element("button", { type: "button", "data-approve": "", class: "primary" }, "Approve");
    const always = element(
      "button",
      { type: "button", "data-always": "", title: `Approves every call of ${call.name} by ${call.agent.name} in this run` },
      "Always",
      element("span", { class: "wide" }, " in this run"),
    );
    const reject = element("button", { type: "submit", "data-reject": "", class: "danger" }, "Reject");
    const refusal = element(
      "form",
      { class: "refusal" },
      element("label", { for: words.id, class: "hidden" }, "Words for a rejection, which the model will read"),
      words,
      reject,
    );
    const card = element(
      "section",
      {
        "data-approval": call.callId,
        "data-agent": call.agent.name,
        "aria-labelledby": id,
        "aria-describedby": `${id}-arguments`,
        tabindex: "-1",
      },
      element(
        "h2",
        { id },
        element("span", { "data-approval-agent": "" }, agentName(call.agent.name)),
        " wants to call ",
        element("code", { "data-approval-tool": "" }, ...data(call.name)),
        ...(count > 1 ? [element("span", { class: "approval-count" }, `${index + 1} of ${count}`)] : []),
      ),
      element("pre", { "data-approval-arguments": "", id: `${id}-arguments`, dir: "ltr" }, ...data(indent(call.arguments))),
      element("div", { class: "approval-actions" }, approve, always, refusal),
    );

    const decide = (decision: Decision): void => {
      card.inert = true; // once
      this.#decide(call, decision);
    };
    approve.addEventListener("click", () => decide({ approve: true, always: false }));
    always.addEventListener("click", () => decide({ approve: true, always: true }));
    refusal.addEventListener("submit", (submit) => {
      submit.preventDefault();
      decide({ approve: false, message: words.value.trim() || undefined });
    });
    return card;
  }
}
