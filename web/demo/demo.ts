import { configure, init } from "runstream";
import { createTriage } from "./agents.js";
import { Approvals } from "./approval_card.js";
import { ChatView } from "./chat_view.js";
import { Composer } from "./composer.js";
import type { ConversationView, Status } from "./conversation.js";
import { Conversation } from "./conversation.js";
import { find } from "./dom.js";
import { ErrorCard } from "./error_card.js";
import { EventsView } from "./events_view.js";
import { offerTheme } from "./theme.js";
import { Workspace } from "./workspace.js";
import { showWorkspace } from "./workspace_view.js";

// The server beside this page has the key and forwards to the model; or it answers itself, from a script.
configure({ baseURL: "/v1" });

const workspace = new Workspace();
const chat = new ChatView();
const events = new EventsView();
const approvals = new Approvals((call, decision) => void conversation.decide(call, decision));
const errors = new ErrorCard(() => void conversation.retry());
const composer = new Composer({
  send: (text) => conversation.send(text),
  stop: () => conversation.stop(),
});

const view: ConversationView = {
  cleared() {
    chat.cleared();
    events.cleared();
  },
  added: (entry) => chat.added(entry),
  changed: (entry) => chat.changed(entry),
  grew: (entry, delta) => chat.grew(entry, delta),
  runStarted: () => events.runStarted(),
  event: (event) => events.take(event),
  status(status, failure) {
    document.body.dataset["state"] = bodyState(status);
    composer.show(status);
    chat.keepAtEnd(() => errors.show(status === "failed" ? failure : undefined));
  },
  waiting(calls, here) {
    chat.keepAtEnd(() => approvals.show(calls, here || nothingHasFocus()));
    if (calls.length > 0) chat.announce("The agent waits for your decision.");
    else if (here && nothingHasFocus()) chat.focus();
  },
};

// ?model=… chooses another model than the engine's default, for other servers than OpenAI's.
const model = new URLSearchParams(location.search).get("model") ?? undefined;
const conversation = new Conversation(createTriage(workspace, model), view);

find("[data-reset]", HTMLButtonElement).addEventListener("click", () => {
  workspace.restore();
  void conversation.reset().then(() => composer.focus());
});
offerTheme();
showWorkspace(workspace);
void conversation.restore();
// The engine starts while the visitor reads. What goes wrong comes up again with the first run, which reports it.
init().catch(() => undefined);

/** So it is when what had the focus is gone. */
function nothingHasFocus(): boolean {
  return document.activeElement === document.body;
}

function bodyState(status: Status): "idle" | "running" | "waiting" {
  if (status === "elsewhere") return "running";
  return status === "failed" ? "idle" : status;
}
