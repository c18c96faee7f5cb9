import assert from "node:assert/strict";
import { before, test } from "node:test";
import { Agent, configure, ModelBehaviorError, RateLimitError, UserError } from "../../src/index.js";
import type { RunOptions, RunStreamEvent } from "../../src/index.js";
import { bytes, FakeEngine, message, snapshot, textDelta } from "./fake_engine.js";
import { rejections, settled } from "./waiting.js";

before(() => configure({ baseURL: "https://models.example/v1" }));

const agent = new Agent({ name: "Triage" });

function deltas(events: readonly RunStreamEvent[]): string[] {
  return events.flatMap((event) =>
    event.type === "raw_response_event" && event.data.type === "response.output_text.delta" ? [event.data.delta] : [],
  );
}

async function readAll(events: AsyncIterable<RunStreamEvent>): Promise<RunStreamEvent[]> {
  const all: RunStreamEvent[] = [];
  for await (const event of events) all.push(event);
  return all;
}

test("20,000 events in batches of any size arrive in order and whole", async () => {
  const expected = Array.from({ length: 20_000 }, (_, index) => `${index}`);
  const { runner } = new FakeEngine((run) => {
    for (let at = 0, size = 1; at < expected.length; at += size, size = (size % 97) + 1) {
      run.text(...expected.slice(at, at + size));
    }
    run.end(snapshot());
  });
  assert.deepEqual(deltas(await readAll(runner.runStreamed(agent, "Hi"))), expected);
});

test("events that cross as the values in which they differ are whole, in their order, and share nothing", async () => {
  const like = { type: "response.output_text.delta", sequence_number: 4, item_id: "m", delta: "a", logprobs: [], obfuscation: "x" };
  const values = [[5, "b", []], [4, "a", []], [6, "\u00e9", []]];
  const engine = new FakeEngine((run) => {
    const own = { type: "agent_updated_stream_event", new_agent: { name: "Triage" } };
    const series = [[1, 3, like, "sequence_number", "delta", "logprobs"], [4, 5, like, "sequence_number", "delta", "logprobs"]];
    const batch = [{ type: "first" }, values[0], values[1], own, values[2], [7], [3], series];
    engine.post({ type: "events", run: run.number, batch: bytes(JSON.stringify(batch)) });
    run.end(snapshot());
  });
  const events = await readAll(engine.runner.runStreamed(agent, "Hi"));
  const whole = (number: number, delta: string): object => ({ ...like, sequence_number: number, delta });
  const data = events.map((event) => (event.type === "raw_response_event" ? event.data : event.type));
  assert.equal(
    JSON.stringify(data),
    JSON.stringify([{ type: "first" }, whole(5, "b"), whole(4, "a"), "agent_updated_stream_event", whole(6, "\u00e9"), [7]]),
  );
  const [first, second] = data.slice(1) as unknown as { logprobs: unknown[] }[];
  first?.logprobs.push("mine");
  assert.deepEqual(second?.logprobs, []);
});

test("events that came before the first next() are kept", async () => {
  const { runner } = new FakeEngine((run) => {
    run.text("a", "b");
    run.end(snapshot());
  });
  const result = runner.runStreamed(agent, "Hi");
  await result.completed;
  assert.equal(result.isComplete, false);
  assert.deepEqual(deltas(await readAll(result)), ["a", "b"]);
  assert.equal(result.isComplete, true);
});

test("a result that nobody reads completes, over several turns", async () => {
  const { runner } = new FakeEngine(async (run) => {
    run.text("a");
    await run.turn();
    run.text("b");
    await run.turn();
    run.end(snapshot({ finalOutput: "done" }));
  });
  const result = runner.runStreamed(agent, "Hi");
  await result.completed;
  assert.equal(result.finalOutput, "done");
});

test("iteration needs no async iterator of ReadableStream", async () => {
  const { prototype } = ReadableStream as unknown as { prototype: Record<symbol, unknown> };
  const native = prototype[Symbol.asyncIterator];
  delete prototype[Symbol.asyncIterator];
  try {
    const { runner } = new FakeEngine((run) => {
      run.text("a");
      run.end(snapshot());
    });
    assert.equal((await readAll(runner.runStreamed(agent, "Hi"))).length, 1);
  } finally {
    prototype[Symbol.asyncIterator] = native;
  }
});

test("several next() calls at once get the events in order", async () => {
  const { runner } = new FakeEngine((run) => {
    run.text("a", "b", "c");
    run.end(snapshot());
  });
  const events = runner.runStreamed(agent, "Hi").streamEvents();
  const results = await Promise.all([1, 2, 3, 4].map(() => events.next()));
  assert.deepEqual(deltas(results.flatMap((result) => (result.done ? [] : [result.value]))), ["a", "b", "c"]);
  assert.equal(results[3]?.done, true);
});

test("agents in events are the user's own objects, also where names repeat", async () => {
  const twin = new Agent({ name: "Triage" });
  const first = new Agent({ name: "Triage", handoffs: [twin] });
  const { runner } = new FakeEngine((run) => {
    run.events({ type: "identities", identities: ["Triage", "Triage#2"] });
    run.events(
      { type: "agent_updated_stream_event", new_agent: { name: "Triage", identity: "Triage#2" } },
      {
        type: "run_item_stream_event",
        name: "handoff_occured",
        item: {
          type: "handoff_output_item",
          agent: { name: "Triage" },
          raw_item: { type: "function_call_output", call_id: "h1", output: '{"assistant": "Triage"}' },
          source_agent: { name: "Triage" },
          target_agent: { name: "Triage", identity: "Triage#2" },
        },
      },
      message({ name: "Triage", identity: "Triage#2" }, "Hello"),
    );
    run.end(snapshot({ lastAgent: { name: "Triage", identity: "Triage#2" } }));
  });
  const result = runner.runStreamed(first, "Hi");
  const [updated, handed, said] = await readAll(result);
  assert(updated?.type === "agent_updated_stream_event" && updated.newAgent === twin);
  assert(handed?.type === "run_item_stream_event" && handed.name === "handoff_occured");
  assert.equal(handed.item.sourceAgent, first);
  assert.equal(handed.item.targetAgent, twin);
  assert(said?.type === "run_item_stream_event" && said.name === "message_output_created");
  assert.equal(said.item.agent, twin);
  assert.equal(said.item.rawItem.content[0]?.text, "Hello");
  assert.equal(result.lastAgent, twin);
});

test("unknown events, items and fields of the server pass through", async () => {
  const data = { type: "response.brand_new", nested: { unknown: [1, null, "x"] } };
  const raw_item = { type: "brand_new_call", id: "x1", extra: { deep: true } };
  const { runner } = new FakeEngine((run) => {
    run.events(
      { type: "raw_response_event", data },
      { type: "run_item_stream_event", name: "tool_called", item: { type: "tool_call_item", agent: { name: "Triage" }, raw_item } },
    );
    run.end(snapshot());
  });
  const [raw, item] = await readAll(runner.runStreamed(agent, "Hi"));
  assert.deepEqual(raw?.type === "raw_response_event" && raw.data, data);
  assert.deepEqual(item?.type === "run_item_stream_event" && item.item.rawItem, raw_item);
});

test("the next turn waits until an active reader has asked for more than this turn's events", async () => {
  const log: string[] = [];
  const { runner } = new FakeEngine(async (run) => {
    run.text("a", "b");
    await run.turn();
    log.push("turn 2");
    run.text("c");
    run.end(snapshot());
  });
  for await (const event of runner.runStreamed(agent, "Hi")) {
    await settled();
    log.push(...deltas([event]));
  }
  assert.deepEqual(log, ["a", "b", "turn 2", "c"]);
});

test("a stop asked for on seeing an event acts before the next turn", async () => {
  const engine = new FakeEngine(async (run) => {
    run.oncancel = () => {};
    run.text("a");
    await run.turn();
    run.end(snapshot({ finalOutput: run.cancels.join() }));
  });
  const result = engine.runner.runStreamed(agent, "Hi");
  for await (const _ of result) result.cancel({ mode: "after_turn" });
  assert.equal(result.finalOutput, "after_turn");
});

test("a second reader gets an error, whichever kind it is", async () => {
  const { runner } = new FakeEngine((run) => run.end(snapshot()));
  const result = runner.runStreamed(agent, "Hi");
  await readAll(result);
  await assert.rejects(readAll(result), UserError);
  assert.throws(() => result.streamEvents(), /reader already/);
  assert.throws(() => result.toTextStream(), UserError);
});

test("an error comes once, after all events before it, and is the one of completed", async () => {
  const { runner } = new FakeEngine((run) => {
    run.text("a", "b");
    run.end(snapshot(), { name: "RateLimitError", message: "slow down", code: "rate_limit", status: 429 });
  });
  const result = runner.runStreamed(agent, "Hi");
  const seen: RunStreamEvent[] = [];
  const events = result.streamEvents();
  const thrown = await (async () => {
    for (;;) seen.push((await events.next()).value as RunStreamEvent);
  })().catch((error: unknown) => error);

  assert.deepEqual(deltas(seen), ["a", "b"]);
  assert(thrown instanceof RateLimitError);
  assert.equal(thrown.status, 429);
  assert.equal(thrown.runData, result);
  assert.doesNotMatch(JSON.stringify({ error: thrown }), /runData/, "a log line of the error");
  assert.equal(result.error, thrown);
  assert.equal(await result.completed.catch((error: unknown) => error), thrown);
  assert.deepEqual(await events.next(), { done: true, value: undefined });
  assert.equal(result.isComplete, true);
  assert.equal(result.toState().toString(), result.toState().toString());
});

test("a failed run that nobody looks at is no unhandled rejection", async () => {
  const unhandled = await rejections(async () => {
    const { runner } = new FakeEngine((run) => run.end(snapshot(), { name: "UserError", message: "no" }));
    runner.runStreamed(agent, "Hi");
    runner.runStreamed(agent, "Hi", { signal: AbortSignal.abort() });
    runner.runStreamed({} as Agent, "Hi");
    const left = runner.runStreamed(agent, "Hi").streamEvents();
    await left.return?.();
  });
  assert.deepEqual(unhandled, []);
});

test("a batch that is not JSON stops the run and is the model server's fault", async () => {
  const engine = new FakeEngine((run) => {
    run.text("a");
    engine.post({ type: "events", run: run.number, batch: bytes('[{"type":oops},[],[]]') });
    run.text("never seen");
  });
  const result = engine.runner.runStreamed(agent, "Hi");
  const seen: RunStreamEvent[] = [];
  await assert.rejects(async () => {
    for await (const event of result) seen.push(event);
  }, ModelBehaviorError);
  assert.deepEqual(deltas(seen), ["a"]);
  assert(engine.sent.some((sent) => sent.type === "cancel" && sent.mode === "immediate"));
});

test("a mistake in the arguments comes through the result too", async () => {
  const { runner } = new FakeEngine(() => {});
  const result = runner.runStreamed({} as Agent, "Hi");
  await assert.rejects(result.completed, /needs an Agent/);
  await assert.rejects(readAll(result), UserError);
});

for (const [mistake, given, says] of [
  ["a controller for a signal", { signal: new AbortController() }, /pass its signal/],
  ["a number for a signal", { signal: 5 }, /pass its signal/],
  ["an object for a signal", { signal: { aborted: false } }, /pass its signal/],
  ["an object for a session", { session: {} }, /session is no Session/],
  ["an object for a model", { model: {} }, /model is neither a name nor a Model/],
  ["a number for a model", { model: 5 }, /model is neither a name nor a Model/],
] as const) {
  test(`${mistake} is a mistake, and the run ends by it`, async () => {
    const { runner } = new FakeEngine((run) => run.end(snapshot()));
    await assert.rejects(runner.run(agent, "Hi", given as unknown as RunOptions), { name: "UserError", message: says });
  });
}

test("a name in place of an agent to hand over to is a mistake", async () => {
  const { runner } = new FakeEngine((run) => run.end(snapshot()));
  const handoffs = ["Billing"] as unknown as Agent[];
  await assert.rejects(runner.run(new Agent({ name: "Triage", handoffs }), "Hi"), { name: "UserError", message: /needs an Agent/ });
});

test("options that are null are none", async () => {
  const { runner } = new FakeEngine((run) => run.end(snapshot({ finalOutput: "fine" })));
  assert.equal((await runner.run(agent, "Hi", null as unknown as undefined)).finalOutput, "fine");
});

test("toTextStream gives the text alone, and the error", async () => {
  const { runner } = new FakeEngine((run) => {
    run.events({ type: "agent_updated_stream_event", new_agent: { name: "Triage" } }, textDelta("Hel"), textDelta("lo"));
    run.end(snapshot(), { name: "ModelBehaviorError", message: "cut" });
  });
  const reader = runner.runStreamed(agent, "Hi").toTextStream().getReader();
  assert.equal((await reader.read()).value, "Hel");
  assert.equal((await reader.read()).value, "lo");
  await assert.rejects(reader.read(), ModelBehaviorError);
});

test("run() resolves with the result and rejects with the run's error", async () => {
  const { runner } = new FakeEngine((run) => {
    run.text("a");
    const { input } = run.spec;
    if ("text" in input && input.text === "fail") run.end(snapshot(), { name: "MaxTurnsExceeded", message: "Max turns (1) exceeded" });
    else run.end(snapshot({ finalOutput: "fine" }));
  });
  assert.equal((await runner.run(agent, "Hi")).finalOutput, "fine");
  await assert.rejects(runner.run(agent, "fail"), { name: "MaxTurnsExceeded", code: "max_turns_exceeded" });
});
