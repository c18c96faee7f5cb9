import assert from "node:assert/strict";
import { before, test } from "node:test";
import type { RunOptions, RunResultStreaming } from "../../src/index.js";
import { Agent, configure, EngineStartError, Runner, tool, UserError } from "../../src/index.js";
import type { FakeRun } from "./fake_engine.js";
import { FakeEngine, snapshot } from "./fake_engine.js";
import { rejections, settled } from "./waiting.js";

before(() => configure({ baseURL: "https://models.example/v1" }));

const agent = new Agent({ name: "Triage" });

/** A run that streams two events and then waits for what the page does. */
function endless(): FakeEngine {
  return new FakeEngine((run) => run.text("a", "b"));
}

function cancels(engine: FakeEngine): unknown[] {
  return engine.sent.flatMap((sent) => (sent.type === "cancel" ? [sent.mode] : []));
}

const ways: { readonly [name: string]: (result: RunResultStreaming) => Promise<void> } = {
  "break": async (result) => {
    for await (const _ of result) break;
  },
  "a throw in the loop": async (result) => {
    await assert.rejects(async () => {
      for await (const _ of result) throw new Error("page");
    }, /page/);
  },
  "return() before the first next()": async (result) => {
    await settled();
    await result.streamEvents().return?.();
  },
  "return() while next() waits": async (result) => {
    const events = result.streamEvents();
    await events.next();
    await events.next();
    const waiting = events.next();
    await events.return?.();
    assert.deepEqual(await waiting, { done: true, value: undefined });
  },
  "throw() of the iterator": async (result) => {
    await settled();
    await assert.rejects(async () => result.streamEvents().throw?.(new Error("page")), /page/);
  },
  "cancel() in the loop": async (result) => {
    const seen: unknown[] = [];
    for await (const event of result) {
      seen.push(event);
      result.cancel();
    }
    assert.equal(seen.length, 1, "what was queued is dropped");
  },
  "cancel() without a reader": async (result) => {
    await settled();
    result.cancel();
  },
  "cancelling the text stream": async (result) => {
    const reader = result.toTextStream().getReader();
    await reader.read();
    await reader.cancel();
  },
};

for (const [name, stop] of Object.entries(ways)) {
  test(`${name} stops the run, which ends quietly`, async () => {
    const engine = endless();
    const result = engine.runner.runStreamed(agent, "Hi");
    await stop(result);
    await result.completed;
    assert.deepEqual(cancels(engine), ["immediate"]);
    assert.equal(result.error, undefined);
    assert.equal(result.finalOutput, undefined);
    assert.equal(result.toState().interruptions.length, 0);
  });
}

test("after the loop was left the result is that of the ended run", async () => {
  const engine = new FakeEngine((run) => {
    run.snapshotAtCancel = snapshot({ currentTurn: 7 });
    run.text("a");
  });
  const result = engine.runner.runStreamed(agent, "Hi");
  for await (const _ of result) break;
  assert.equal(result.currentTurn, 7);
  assert.equal(result.isComplete, true);
});

test("preventCancel leaves the run alone, and it can be read on", async () => {
  const engine = new FakeEngine(async (run) => {
    run.text("a", "b");
    await run.turn();
    run.text("c");
    run.end(snapshot());
  });
  const result = engine.runner.runStreamed(agent, "Hi");
  for await (const _ of result.streamEvents({ preventCancel: true })) break;
  await result.completed;
  assert.equal(result.isComplete, false);
  const rest = [];
  for await (const event of result) rest.push(event);
  assert.equal(rest.length, 2);
  assert.deepEqual(cancels(engine), []);
});

test("a signal stops the run; iterator and completed reject with its reason", async () => {
  const engine = endless();
  const abort = new AbortController();
  const result = engine.runner.runStreamed(agent, "Hi", { signal: abort.signal });
  const reason = new Error("the page had enough");
  const thrown = await (async () => {
    for await (const _ of result) abort.abort(reason);
  })().catch((error: unknown) => error);
  assert.equal(thrown, reason);
  assert.equal(await result.completed.catch((error: unknown) => error), reason);
  assert.deepEqual(cancels(engine), ["immediate"]);
});

test("an error that ends runs as a reason belongs to the first of them, or to none where it is frozen", async () => {
  for (const reason of [new UserError("enough"), Object.freeze(new UserError("enough"))]) {
    const abort = new AbortController();
    const results = [1, 2].map(() => endless().runner.runStreamed(agent, "Hi", { signal: abort.signal }));
    await settled();
    abort.abort(reason);
    for (const result of results) assert.equal(await result.completed.catch((error: unknown) => error), reason);
    assert.equal(reason.runData, Object.isFrozen(reason) ? undefined : results[0]);
  }
});

test("a signal that has fired keeps the run from starting", async () => {
  const engine = endless();
  const signal = AbortSignal.abort();
  await assert.rejects(engine.runner.run(agent, "Hi", { signal }), { name: "AbortError" });
  assert.deepEqual(engine.sent, []);
});

/** A run that is over before its two events are read. */
async function fast(options: RunOptions = {}): Promise<RunResultStreaming> {
  const engine = new FakeEngine((run) => {
    run.text("a", "b");
    run.end(snapshot({ finalOutput: "ab" }));
  });
  const result = engine.runner.runStreamed(agent, "Hi", options);
  await result.completed;
  return result;
}

test("cancel() and a signal keep a run that is over from being read on; its result stays", async () => {
  for (const way of ["cancel()", "a signal"] as const) {
    const abort = new AbortController();
    const result = await fast({ signal: abort.signal });
    let events = 0;
    const thrown = await (async () => {
      for await (const _ of result) {
        events++;
        if (way === "cancel()") result.cancel();
        else abort.abort(new Error("the page had enough"));
      }
    })().catch((error: unknown) => error);
    assert.equal(thrown, way === "cancel()" ? undefined : abort.signal.reason);
    assert.deepEqual([events, result.finalOutput, result.error], [1, "ab", undefined], way);
    await result.completed;
  }
});

test("a failed run's error comes before the reason of a signal that fires later", async () => {
  const engine = new FakeEngine((run) => {
    run.text("a", "b");
    run.end(snapshot(), { name: "APIError", message: "The line broke.", code: "api_error" });
  });
  const abort = new AbortController();
  const result = engine.runner.runStreamed(agent, "Hi", { signal: abort.signal });
  const failure = await result.completed.catch((error: unknown) => error);
  abort.abort();
  await assert.rejects(result.streamEvents().next(), (error) => error === failure);
});

test("a signal that fires once all was read does nothing", async () => {
  const abort = new AbortController();
  const result = await fast({ signal: abort.signal });
  let events = 0;
  for await (const _ of result) if (++events === 2) abort.abort();
  assert.equal(events, 2);
});

test("cancel() before the engine is up sends nothing and ends the run", async () => {
  const engine = endless();
  const result = engine.runner.runStreamed(agent, "Hi");
  result.cancel();
  await result.completed;
  await settled();
  assert.deepEqual(engine.sent.map((sent) => sent.type), ["start"]);
});

test("cancel after the turn lets the turn finish and its events through", async () => {
  let cancelled: ((mode: string) => void) | undefined;
  const engine = new FakeEngine(async (run: FakeRun) => {
    const asked = new Promise<string>((resolve) => (cancelled = resolve));
    run.oncancel = (mode) => cancelled?.(mode);
    run.text("a");
    assert.equal(await asked, "after_turn");
    run.text("b");
    run.end(snapshot());
  });
  const result = engine.runner.runStreamed(agent, "Hi");
  let events = 0;
  for await (const _ of result) {
    events++;
    result.cancel({ mode: "after_turn" });
  }
  assert.equal(events, 2);
});

test("cancel after the turn, asked for before the engine is up, is passed on", async () => {
  const engine = new FakeEngine((run) => {
    run.oncancel = () => run.end(snapshot());
  });
  const result = engine.runner.runStreamed(agent, "Hi");
  result.cancel({ mode: "after_turn" });
  await result.completed;
  assert.deepEqual(cancels(engine), ["after_turn"]);
});

test("a misspelt mode is refused and stops nothing", async () => {
  const engine = new FakeEngine((run) => run.end(snapshot()));
  const result = engine.runner.runStreamed(agent, "Hi");
  assert.throws(() => result.cancel({ mode: "afterTurn" as "after_turn" }), { name: "UserError", message: /no mode "afterTurn"/ });
  await result.completed;
  assert.deepEqual(cancels(engine), []);
});

test("stopping fires the signals of tools at once, starts no further tool and ignores late answers", async () => {
  const log: string[] = [];
  const slow = tool({
    name: "slow",
    description: "Takes its time.",
    execute: (_, { signal, callId }) => {
      log.push(`start ${callId}`);
      return new Promise((resolve) =>
        signal.addEventListener("abort", () => {
          log.push(`abort ${callId}`);
          resolve("late");
        }),
      );
    },
  });
  const engine = new FakeEngine((run) => {
    const execute = run.spec.agents[0]?.tools?.[0]?.execute ?? assert.fail();
    run.oncancel = () => {
      run.call(execute.fn, { agent: 0, toolName: "slow", callId: "c2", arguments: "{}" });
      run.end(snapshot());
    };
    run.call(execute.fn, { agent: 0, toolName: "slow", callId: "c1", arguments: "{}" });
    run.text("a");
  });
  const result = engine.runner.runStreamed(new Agent({ name: "Triage", tools: [slow] }), "Hi");
  for await (const _ of result) {
    await settled();
    result.cancel();
    assert.deepEqual(log, ["start c1", "abort c1"]);
  }
  await settled();
  assert.deepEqual(log, ["start c1", "abort c1"]);
  assert(!engine.sent.some((sent) => sent.type === "reply"));
});

test("the signal of a call fires when the engine gives it up, and when the run ends", async () => {
  const aborted: string[] = [];
  const waits = tool({
    name: "waits",
    description: "Never answers.",
    execute: (_, { signal, callId }) =>
      new Promise(() => signal.addEventListener("abort", () => aborted.push(callId))),
  });
  const engine = new FakeEngine(async (run) => {
    const execute = run.spec.agents[0]?.tools?.[0]?.execute ?? assert.fail();
    const first = run.call(execute.fn, { agent: 0, toolName: "waits", callId: "c1", arguments: "{}" });
    run.call(execute.fn, { agent: 0, toolName: "waits", callId: "c2", arguments: "{}" });
    await settled();
    engine.post({ type: "end", call: first.call });
    await settled();
    assert.deepEqual(aborted, ["c1"]);
    run.end(snapshot());
  });
  await engine.runner.run(new Agent({ name: "Triage", tools: [waits] }), "Hi");
  assert.deepEqual(aborted, ["c1", "c2"]);
});

test("a tool that had not begun when the engine gave up the call does not begin", async () => {
  let executed = 0;
  const counts = tool({ name: "counts", description: "Counts.", execute: () => executed++ });
  const engine = new FakeEngine(async (run) => {
    const execute = run.spec.agents[0]?.tools?.[0]?.execute ?? assert.fail();
    const { call } = run.call(execute.fn, { agent: 0, toolName: "counts", callId: "c1", arguments: "{}" });
    engine.post({ type: "end", call });
    await settled();
    run.end(snapshot());
  });
  await engine.runner.run(new Agent({ name: "Triage", tools: [counts] }), "Hi");
  assert.equal(executed, 0);
});

test("a crash ends every run with an error of its own, and the next run gets a new engine", async () => {
  const engine = new FakeEngine((run) => {
    if (engine.starts === 2) return run.end(snapshot({ finalOutput: "again" }));
    run.text("a");
  });
  const unhandled = await rejections(async () => {
    const results = [engine.runner.runStreamed(agent, "Hi"), engine.runner.runStreamed(agent, "Hi")];
    await settled();
    engine.crash();
    const errors = await Promise.all(results.map((result) => result.completed.catch((error: unknown) => error)));
    for (const [index, error] of errors.entries()) {
      assert(error instanceof Error && error.name === "EngineCrashedError" && "runData" in error);
      assert.equal(error.runData, results[index]);
    }
    assert.equal((await engine.runner.run(agent, "Hi")).finalOutput, "again");
  });
  assert.deepEqual(unhandled, []);
});

test("runs that wait for an engine that cannot start each get an error of their own", async () => {
  const cause = new EngineStartError("404");
  const runner = new Runner({}, { engine: () => Promise.reject(cause) });
  const results = [runner.runStreamed(agent, "Hi"), runner.runStreamed(agent, "Hi")];
  for (const result of results) {
    const error = await result.completed.catch((thrown: unknown) => thrown);
    assert(error instanceof EngineStartError && error.message === "404" && error.cause === cause);
    assert.equal(error.runData, result);
  }
});

test("a run's signal keeps no listener after its end", async () => {
  const engine = new FakeEngine((run) => run.end(snapshot()));
  const { signal } = new AbortController();
  let listeners = 0;
  const add = signal.addEventListener.bind(signal);
  const remove = signal.removeEventListener.bind(signal);
  signal.addEventListener = (...args: Parameters<typeof add>) => (listeners++, add(...args));
  signal.removeEventListener = (...args: Parameters<typeof remove>) => (listeners--, remove(...args));
  await engine.runner.run(agent, "Hi", { signal });
  assert.equal(listeners, 0);
});
