import assert from "node:assert/strict";
import { test } from "node:test";
import { Agent, configure, handoff, tool, UserError } from "../../src/index.js";
import type { RunSpec } from "../../src/specs.js";
import { FakeEngine, snapshot } from "./fake_engine.js";

const server = { baseURL: "https://models.example/v1/" };

/** What the engine is given for a run. */
async function specOf(agent: Agent<unknown>, options = {}, input: string | object[] = "Hi"): Promise<RunSpec> {
  const specs: RunSpec[] = [];
  const engine = new FakeEngine((run) => {
    specs.push(run.spec);
    run.end(snapshot());
  });
  await engine.runner.run(agent, input, options);
  return specs[0] ?? assert.fail();
}

test("agents are written breadth first, each once, also where they hand off to each other", async () => {
  configure(server);
  const c = new Agent({ name: "C" });
  const b = new Agent({ name: "B", handoffs: [c] });
  const a = new Agent({ name: "A", handoffs: [b, handoff(c, { toolName: "go_to_c", isEnabled: false })] });
  c.handoffs.push(a);
  const { agents } = await specOf(a);
  assert.deepEqual(agents.map((agent) => agent.name), ["A", "B", "C"]);
  assert.deepEqual(agents[0]?.handoffs, [{ agent: 1 }, { agent: 2, toolName: "go_to_c", enabled: false }]);
  assert.deepEqual(agents[2]?.handoffs, [{ agent: 0 }]);
});

test("an agent's options cross under the names that the engine knows", async () => {
  configure(server);
  const agent = new Agent({
    name: "A",
    instructions: "Be brief.",
    handoffDescription: "Knows all.",
    model: "gpt-5",
    modelSettings: { topP: 0.5, toolChoice: "required", extraBody: { serviceTier: "x" }, maxTokens: undefined },
    tools: [tool({ name: "t", description: "d", timeoutMs: 5, timeoutBehavior: "raise_exception", errorFunction: null, execute: () => "" })],
  });
  const { agents } = await specOf(agent);
  assert.deepEqual(agents[0], {
    name: "A",
    instructions: "Be brief.",
    handoffDescription: "Knows all.",
    model: "gpt-5",
    modelSettings: { top_p: 0.5, tool_choice: "required", extra_body: { serviceTier: "x" } },
    tools: [
      {
        type: "function",
        name: "t",
        description: "d",
        parameters: { type: "object", properties: {}, required: [], additionalProperties: false },
        strict: true,
        needsApproval: false,
        enabled: true,
        timeoutMs: 5,
        timeoutBehavior: "raise_exception",
        onError: null,
        execute: { fn: 1 },
      },
    ],
    handoffs: [],
    inputGuardrails: [],
    outputGuardrails: [],
    keepToolChoice: false,
  });
});

test("a run's input, options and model server cross", async () => {
  configure({ ...server, headers: { "X-Team": "1" }, maxRetries: 0, getToken: () => "secret" });
  const spec = await specOf(new Agent({ name: "A" }), { maxTurns: null, model: "m", modelSettings: { store: false } }, [{ role: "user", content: "Hi" }]);
  assert.deepEqual(spec.input, { items: [{ role: "user", content: "Hi" }] });
  assert.deepEqual(spec.options, { maxTurns: null, model: "m", modelSettings: { store: false } });
  assert.deepEqual(spec.provider, { baseURL: "https://models.example/v1", token: { fn: 1 }, headers: { "X-Team": "1" }, maxRetries: 0 });
  assert(!JSON.stringify(spec).includes("secret"));
});

test("instructions and the token are asked for when the engine needs them", async () => {
  configure({ ...server, getToken: async () => "secret" });
  const agent = new Agent({ name: "A", instructions: async (context) => `I am ${context.agent.name}.` });
  const answers: unknown[] = [];
  const engine = new FakeEngine(async (run) => {
    answers.push(await run.ask(run.spec.agents[0]?.instructions, { agent: 0 }), await run.ask(run.spec.provider?.token));
    run.end(snapshot());
  });
  await engine.runner.run(agent, "Hi");
  assert.deepEqual(answers, ["I am A.", "secret"]);
});

test("a token that is none is refused before anything is sent with it", async () => {
  configure({ ...server, getToken: () => undefined as unknown as string });
  const engine = new FakeEngine(async (run) => {
    const { error } = await run.call((run.spec.provider?.token ?? assert.fail()).fn).reply;
    run.end(snapshot({ finalOutput: error?.name ?? "" }));
  });
  assert.equal((await engine.runner.run(new Agent({ name: "A" }), "Hi")).finalOutput, "UserError");
});

test("without a model server the error says what to write", async () => {
  configure({ baseURL: "" });
  await assert.rejects(specOf(new Agent({ name: "A" })), (error: unknown) => {
    return error instanceof UserError && error.message.includes('configure({ baseURL: "/v1" })');
  });
});

test("a relative address outside of a page is refused, on a page it is the page's", async () => {
  configure({ baseURL: "/v1" });
  await assert.rejects(specOf(new Agent({ name: "A" })), /must be absolute/);
  const scope = globalThis as { document?: unknown };
  scope.document = { baseURI: "https://page.example/app/" };
  try {
    assert.equal((await specOf(new Agent({ name: "A" }))).provider?.baseURL, "https://page.example/v1");
  } finally {
    delete scope.document;
  }
});

test("clone changes what it is given and shares nothing that can be added to", () => {
  const agent = new Agent({ name: "A", instructions: "x", tools: [tool({ name: "t", description: "", execute: () => "" })] });
  const copy = agent.clone({ name: "B" });
  copy.tools.pop();
  assert.deepEqual([copy.name, copy.instructions, copy.tools.length, agent.tools.length], ["B", "x", 0, 1]);
});

test("NaN is no number, which as JSON would be no limit", async () => {
  configure(server);
  const slow = tool({ name: "slow", description: "", timeoutMs: NaN, execute: () => "" });
  for (const [agent, options, named] of [
    [new Agent({ name: "A" }), { maxTurns: Number(undefined) }, /maxTurns is NaN/],
    [new Agent({ name: "A", tools: [slow] }), {}, /timeoutMs is NaN/],
  ] as const) {
    await assert.rejects(specOf(agent, options), (error) => error instanceof UserError && named.test(error.message));
  }
});

test("a handoff to nothing says that an agent is missing", async () => {
  configure(server);
  const agent = new Agent({ name: "A", handoffs: [undefined as unknown as Agent] });
  await assert.rejects(specOf(agent), (error) => error instanceof UserError && /needs an Agent/.test(error.message));
});
