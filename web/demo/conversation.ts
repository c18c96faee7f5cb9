import type { Agent, RunResultStreaming, RunStreamEvent, RunToolApprovalItem } from "runstream";
import { AgentsError, RunState, runStreamed } from "runstream";
import type { Failure, Next, Saved } from "./saved.js";
import { alone, fresh, load, quiet, save, watch } from "./saved.js";
import type { TranscriptView } from "./transcript.js";
import { Transcript } from "./transcript.js";

/** `elsewhere`: another tab of this browser runs the conversation. */
export type Status = "idle" | "running" | "waiting" | "failed" | "elsewhere";

export type Decision =
  | { readonly approve: true; readonly always: boolean }
  | { readonly approve: false; readonly message: string | undefined };

/** Shows the conversation. */
export interface ConversationView extends TranscriptView {
  /** Begin anew with an empty transcript. */
  cleared(): void;
  status(status: Status, failure?: Failure): void;
  /** The calls that wait now. `here`: they came up in this tab, so they may take the focus. */
  waiting(calls: readonly RunToolApprovalItem[], here: boolean): void;
  runStarted(): void;
  event(event: RunStreamEvent): void;
}

const CLOSED = "The page was closed while this was running.";

/**
 * One conversation with an agent, kept in the browser. It may be open in several tabs; only one of them at a time runs
 * it, and what one decides or says is decided and said in all.
 */
export class Conversation {
  readonly #agent: Agent;
  readonly #view: ConversationView;
  #saved: Saved = fresh();
  #transcript: Transcript;
  /** Settles when this tab has done what it was asked to. */
  #queue: Promise<unknown> = Promise.resolve();
  #acting = false;
  /** Where the run goes on from that is about to start. */
  #next: Next | undefined;
  #run: RunResultStreaming | undefined;
  #stopped = false;

  constructor(agent: Agent, view: ConversationView) {
    this.#agent = agent;
    this.#view = view;
    this.#transcript = new Transcript([], view);
    watch((saved) => void this.#open(saved));
    addEventListener("pagehide", () => this.#leave());
  }

  /** Shows what the browser has kept. */
  async restore(): Promise<void> {
    await this.#open(load() ?? fresh());
  }

  /** False where the conversation has moved on in another tab; the text was not sent then. */
  async send(text: string): Promise<boolean> {
    return this.#act(["idle", "failed"], async ({ history }) => {
      this.#transcript.add({ kind: "user", text });
      await this.#go({ items: [...history, { role: "user", content: text }] });
    });
  }

  async decide(call: RunToolApprovalItem, decision: Decision): Promise<void> {
    await this.#act(["waiting"], async ({ next }) => {
      this.#transcript.setTool(call.callId, decision.approve ? "running" : "rejected");
      await this.#go(next, (state) => {
        if (decision.approve) state.approve(call, { alwaysApprove: decision.always });
        else state.reject(call, { message: decision.message });
      });
    });
  }

  /** Goes on where the run failed, or shows again what waits. */
  async retry(): Promise<void> {
    if (this.#saved.status === "waiting") return this.#showWaiting(this.#saved);
    await this.#act(["failed"], ({ next }) => this.#go(next));
  }

  stop(): void {
    this.#stopped = true;
    this.#run?.cancel();
  }

  /** Begins a new conversation, in all tabs. */
  async reset(): Promise<void> {
    this.stop();
    await this.#queue;
    const saved = fresh();
    save(saved);
    await this.#open(saved);
  }

  /** Runs from `next`, with what `decide` adds, until the run ends, waits, fails or is stopped, and keeps where that is. */
  async #go(next: Next | undefined, decide?: (state: RunState) => void): Promise<void> {
    if (!next) return;
    const { id, history } = this.#saved;
    this.#stopped = false;
    this.#next = next;
    // From here on the run is this tab's: a tab that is opened now must not find it waiting.
    this.#keep({ status: "running", next: undefined, error: undefined });
    this.#view.waiting([], true);
    this.#view.status("running");
    this.#view.runStarted();

    let calls: readonly RunToolApprovalItem[] = [];
    let outcome: Partial<Saved>;
    try {
      const run = runStreamed(this.#agent, await this.#input(next, decide));
      this.#run = run;
      if (this.#stopped) run.cancel();
      for await (const event of run) {
        this.#transcript.take(event);
        this.#view.event(event);
      }
      calls = run.interruptions;
      outcome =
        calls.length > 0
          ? { status: "waiting", next: { state: run.toState().toString() } }
          : { status: "idle", history: run.toInputList() };
    } catch (error) {
      outcome = { status: "failed", error: describe(error), ...whereItFailed(error, next, history) };
    }
    this.#run = this.#next = undefined;

    if ((load() ?? this.#saved).id !== id) return; // a new conversation began in another tab
    for (const { callId } of calls) this.#transcript.setTool(callId, "waiting");
    this.#close(this.#stopped && outcome.status === "idle" ? "You stopped this." : undefined);
    if (!this.#keep(outcome)) this.#close("The browser could not keep this conversation; a reload loses it.");
    this.#view.status(this.#saved.status, this.#saved.error);
    this.#view.waiting(calls, true);
  }

  async #input(next: Next, decide: ((state: RunState) => void) | undefined): Promise<readonly object[] | RunState> {
    if ("items" in next) return next.items;
    const state = await RunState.fromString(this.#agent, next.state);
    decide?.(state);
    return state;
  }

  /** Acts on what is shown, one thing after the other. Does nothing, and shows how things are, where they are otherwise
   * or another tab acts. */
  #act(on: readonly Saved["status"][], action: (saved: Saved) => Promise<void>): Promise<boolean> {
    const acted = this.#queue.then(async () => {
      await alone(async () => {
        if (isOutdated(this.#saved) || !on.includes(this.#saved.status)) return;
        this.#acting = true;
        await action(this.#saved);
      });
      const done = this.#acting;
      this.#acting = false;
      if (!done) void this.#open(load() ?? fresh());
      return done;
    });
    this.#queue = acted;
    return acted;
  }

  #keep(changes: Partial<Saved>): boolean {
    const { entries } = this.#transcript;
    this.#saved = { ...this.#saved, ...changes, entries, revision: this.#saved.revision + 1 };
    return save(this.#saved);
  }

  #close(note: string | undefined): void {
    this.#transcript.close();
    if (note) this.#transcript.add({ kind: "note", text: note });
  }

  /** Shows a conversation as it was kept, here or in another tab. */
  async #open(saved: Saved): Promise<void> {
    if (this.#acting) {
      if (saved.id === this.#saved.id) return; // this tab knows better
      this.stop();
      await this.#queue;
    }
    this.#saved = saved;
    this.#view.cleared();
    this.#view.waiting([], false);
    this.#transcript = new Transcript([], this.#view);
    for (const entry of saved.entries) this.#transcript.add(entry);
    if (saved.status === "running") return this.#watchOther(saved);
    if (saved.status === "waiting") return this.#showWaiting(saved);
    this.#view.status(saved.status, saved.error);
  }

  async #showWaiting(saved: Saved): Promise<void> {
    this.#view.status("waiting");
    try {
      const { interruptions } = await RunState.fromString(this.#agent, saved.next && "state" in saved.next ? saved.next.state : null);
      if (this.#saved === saved) this.#view.waiting(interruptions, false);
    } catch (error) {
      if (this.#saved === saved) this.#view.status("failed", describe(error));
    }
  }

  /** Waits until the tab that runs the conversation has kept its outcome, or is gone without. */
  async #watchOther(saved: Saved): Promise<void> {
    this.#view.status("elsewhere");
    await quiet();
    if (this.#saved !== saved) return;
    await this.#act(["running"], async () => {
      this.#close(CLOSED);
      this.#keep({ status: "idle" });
      this.#view.status("idle");
    });
  }

  /** The page goes away. What the run has done is kept and will not be done again. */
  #leave(): void {
    if (this.#run) {
      this.#close(CLOSED);
      this.#keep({ status: "idle", history: this.#run.toInputList() });
    } else if (this.#next) {
      const error = { name: "Closed", message: CLOSED };
      this.#keep("state" in this.#next ? { status: "waiting", next: this.#next } : { status: "failed", next: this.#next, error });
    }
  }
}

/** Another tab has kept something else since. */
function isOutdated({ id, revision }: Saved): boolean {
  const latest = load();
  return latest !== undefined && (latest.id !== id || latest.revision !== revision);
}

function describe(error: unknown): Failure {
  if (error instanceof Error) return { name: error.name, message: error.message };
  return { name: "Error", message: String(error) };
}

/** Where a failed run goes on, and what counts as said if it does not. */
function whereItFailed(error: unknown, begun: Next, history: readonly object[]): Pick<Saved, "next" | "history"> {
  const run = error instanceof AgentsError ? error.runData : undefined;
  try {
    if (run) return { next: { state: run.toState().toString() }, history: run.toInputList() };
  } catch {
    // It failed before its first turn.
  }
  return { next: begun, history: "items" in begun ? begun.items : history };
}
