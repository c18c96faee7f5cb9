import type { EngineConnection } from "../../src/connection.js";
import { Engine } from "../../src/engine.js";
import type { FromHost, ToHost } from "../../src/host.js";
import type { EngineSource } from "../../src/init.js";
import type {
  AgentRef,
  ErrorData,
  EventData,
  InterruptionData,
  Json,
  Snapshot,
  ToEngine,
} from "../../src/protocol.js";
import { TURN } from "../../src/protocol.js";
import { Runner } from "../../src/runner.js";
import type { RunSpec } from "../../src/specs.js";
import { version } from "../../src/version.js";

type Message<Type> = Extract<ToEngine, { readonly type: Type }>;
type Reply = Message<"reply">;

/** An engine in memory that speaks the protocol; what its runs do is written by each test. */
export class FakeEngine implements EngineSource {
  /** All that the page sent, in order. */
  readonly sent: ToHost[] = [];
  readonly runner: Runner = new Runner({}, this);
  starts = 0;
  #script: (run: FakeRun) => unknown;
  #connection: EngineConnection | undefined;
  #engine: Promise<Engine> | undefined;
  #runs: Map<number, FakeRun> = new Map();
  #replies: Map<number, (reply: Reply) => void> = new Map();
  #lastCall = 0;

  constructor(script: (run: FakeRun) => unknown) {
    this.#script = script;
  }

  engine(): Promise<Engine> {
    this.#engine ??= Engine.start(this.connect(), "fake:", () => (this.#engine = undefined));
    return this.#engine;
  }

  connect(): EngineConnection {
    this.starts++;
    this.#connection = {
      post: (message) => void queueMicrotask(() => this.#receive(structuredClone(message))),
      onmessage: () => {},
      close: () => (this.#connection = undefined),
    };
    return this.#connection;
  }

  post(message: FromHost): void {
    const copy = structuredClone(message);
    queueMicrotask(() => this.#connection?.onmessage(copy));
  }

  crash(): void {
    this.post({ type: "stopped", error: { name: "EngineCrashedError", message: "The engine ended.", code: "engine_crashed" } });
  }

  /** Calls a function of the page. */
  call(run: number, fn: number, args: readonly Json[]): { readonly call: number; readonly reply: Promise<Reply> } {
    const call = ++this.#lastCall;
    const reply = new Promise<Reply>((resolve) => this.#replies.set(call, resolve));
    this.post({ type: "call", run, call, fn, args: JSON.stringify(args) });
    return { call, reply };
  }

  #receive(message: ToHost): void {
    this.sent.push(message);
    switch (message.type) {
      case "start":
        return this.post({ type: "ready", version });
      case "run": {
        const run = new FakeRun(this, message.run, JSON.parse(message.spec) as RunSpec);
        this.#runs.set(message.run, run);
        void this.#script(run);
        return;
      }
      case "cancel":
        return this.#runs.get(message.run)?.cancel(message.mode);
      case "reply":
        return this.#replies.get(message.call)?.(message);
    }
  }
}

/** One run in the fake engine. By default it ends quietly when it is cancelled at once. */
export class FakeRun {
  readonly cancels: ("immediate" | "after_turn")[] = [];
  snapshotAtCancel: Snapshot = snapshot();
  oncancel: (mode: "immediate" | "after_turn") => void = (mode) => {
    if (mode === "immediate") this.end(this.snapshotAtCancel);
  };

  constructor(
    readonly engine: FakeEngine,
    readonly number: number,
    readonly spec: RunSpec,
  ) {}

  cancel(mode: "immediate" | "after_turn"): void {
    this.cancels.push(mode);
    this.oncancel(mode);
  }

  events(...events: TestEvent[]): void {
    const others = events.flatMap(({ type }, position) => (type === "raw_response_event" ? [] : [position]));
    const crossing = events.map((event) => (event.type === "raw_response_event" ? event.data : event));
    this.engine.post({ type: "events", run: this.number, batch: bytes(JSON.stringify([...crossing, others, []])) });
  }

  text(...deltas: string[]): void {
    this.events(...deltas.map(textDelta));
  }

  call(fn: number, ...args: Json[]): { readonly call: number; readonly reply: Promise<Reply> } {
    return this.engine.call(this.number, fn, args);
  }

  /** The page's value for a call of one of its functions. */
  async ask(ref: unknown, ...args: Json[]): Promise<unknown> {
    const reply = await this.call((ref as { fn: number }).fn, ...args).reply;
    if (reply.error) throw Object.assign(new Error(reply.error.message), { data: reply.error });
    return JSON.parse(reply.value as string);
  }

  /** Resolves when the page lets the next turn begin. */
  async turn(now: Snapshot = snapshot()): Promise<void> {
    const { reply } = this.call(TURN);
    this.engine.post({ type: "snapshot", run: this.number, snapshot: written(now) });
    await reply;
  }

  end(now?: Snapshot, error?: ErrorData): void {
    this.engine.post({
      type: "end",
      run: this.number,
      ...(now && { snapshot: written(now) }),
      ...(error && { error }),
    });
  }
}

/** What all snapshots here refer to. */
const texts = ['{"role":"user","content":"Hi"}', '"tail": 12345678901234567890'];

/** A snapshot as it crosses. */
function written(now: Snapshot): ArrayBuffer {
  return bytes([JSON.stringify(now), ...texts].join("\x1e"));
}

/** UTF-8. */
export function bytes(text: string): ArrayBuffer {
  return new TextEncoder().encode(text).slice().buffer;
}

/** An event as the engine sends it, raw ones with what makes them events of the page. */
export type TestEvent = EventData | { readonly type: "raw_response_event"; readonly data: Json };

export function textDelta(delta: string): TestEvent {
  return { type: "raw_response_event", data: { type: "response.output_text.delta", delta } };
}

export function message(agent: AgentRef, text: string): TestEvent {
  const raw_item = { id: "m1", type: "message", role: "assistant", content: [{ type: "output_text", text, annotations: [] }] };
  return { type: "run_item_stream_event", name: "message_output_created", item: { type: "message_output_item", raw_item, agent } };
}

export interface SnapshotOptions extends Partial<Omit<Snapshot, "state">> {
  readonly document?: { readonly [key: string]: Json };
}

/** A snapshot whose document is cut as the runner cuts it: before pending_input and in the context. */
export function snapshot({ document = {}, ...rest }: SnapshotOptions = {}): Snapshot {
  const head = JSON.stringify({ $schemaVersion: "1.21", current_turn: 1, max_turns: 10, current_step: null, ...document });
  return {
    firstText: 0,
    state: {
      pieces: [`${head.slice(0, -1)}, `, null, ', "context": {', null, ', "tool_invocations": {"c1": {"n": 1.0}}}, ', [1], "}"],
      slots: [{ pending_input: [] }, { approvals: {} }],
    },
    interruptions: [],
    paused: (rest.interruptions ?? []).length > 0,
    currentTurn: 1,
    maxTurns: 10,
    lastAgent: { name: "Triage" },
    lastResponseId: "resp_1",
    unannouncedItems: [],
    inputList: [0],
    normalizedInputList: null,
    usage: { requests: 1, input_tokens: 2, output_tokens: 3, total_tokens: 5 },
    inputGuardrailResults: [],
    outputGuardrailResults: [],
    toolInputGuardrailResults: [],
    toolOutputGuardrailResults: [],
    ...rest,
  };
}

/** A pending call of a function tool. */
export function interruption(callId: string, name: string, args: string, agent: AgentRef = { name: "Triage" }): InterruptionData {
  return {
    item: {
      type: "tool_approval_item",
      agent,
      raw_item: { type: "function_call", call_id: callId, name, arguments: args },
      tool_name: name,
    },
    name,
    callId,
    arguments: args,
    target: { slot: 1, records: [{ list: "function_tool_approvals", agent, tool_key: name }], scope: `scope of ${name}` },
  };
}
