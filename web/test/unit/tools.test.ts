import assert from "node:assert/strict";
import { before, test } from "node:test";
import { z } from "zod";
import type { FunctionTool, ToolCallDetails } from "../../src/index.js";
import { Agent, configure, InvalidToolInputError, tool, ToolTimeoutError, UserError } from "../../src/index.js";
import type { ToolSpec } from "../../src/specs.js";
import { FakeEngine, type FakeRun, snapshot } from "./fake_engine.js";

before(() => configure({ baseURL: "https://models.example/v1" }));

const CALL = { agent: 0, toolName: "delete_file", callId: "c1" };

/** Runs an agent with one tool, whose engine side is `script`. */
async function withTool(made: FunctionTool, script: (spec: ToolSpec, run: FakeRun, agent: Agent) => Promise<void>): Promise<void> {
  const agent = new Agent({ name: "Janitor", tools: [made] });
  const failures: unknown[] = [];
  const engine = new FakeEngine(async (run) => {
    await script(run.spec.agents[0]?.tools?.[0] ?? assert.fail(), run, agent).catch((error: unknown) => failures.push(error));
    run.end(snapshot());
  });
  await engine.runner.run(agent, "Hi");
  if (failures.length > 0) throw failures[0];
}

test("a tool gets its parsed arguments and what is known of the call", async () => {
  const calls: [unknown, ToolCallDetails][] = [];
  const made = tool({
    name: "delete_file",
    description: "Deletes a file.",
    parameters: { type: "object", properties: { path: { type: "string" } }, required: ["path"] },
    execute: (args, details) => {
      calls.push([args, details]);
      return { deleted: args.path };
    },
  });
  await withTool(made, async (spec, run, agent) => {
    const value = await run.ask(spec.execute, { ...CALL, arguments: '{"path": "a.log"}' });
    assert.deepEqual(value, { deleted: "a.log" });
    const [args, details] = calls[0] ?? assert.fail();
    assert.deepEqual(args, { path: "a.log" });
    assert.equal(details.agent, agent);
    assert.equal(details.callId, "c1");
    assert.equal(details.toolName, "delete_file");
    assert.equal(details.arguments, '{"path": "a.log"}');
    assert.equal(details.signal.aborted, false);
  });
});

test("what a tool returns crosses as JSON, nothing as empty text", async () => {
  for (const [returned, crossed] of [["text", "text"], [undefined, ""], [null, null], [[1, { a: true }], [1, { a: true }]]] as const) {
    const made = tool({ name: "delete_file", description: "", execute: () => returned });
    await withTool(made, async (spec, run) => {
      assert.deepEqual(await run.ask(spec.execute, { ...CALL, arguments: "" }), crossed);
    });
  }
});

for (const [what, text] of Object.entries({
  "that is no JSON": '{"path": ',
  "that is a list": '["a.log"]',
  "that is null": "null",
  "that does not fit the schema": '{"path": 5}',
})) {
  test(`an arguments text ${what} never reaches the tool, and always needs approval`, async () => {
    let executed = 0;
    let asked = 0;
    const made = tool({
      name: "delete_file",
      description: "Deletes a file.",
      parameters: z.object({ path: z.string() }),
      needsApproval: () => (asked++, false),
      execute: () => executed++,
    });
    await withTool(made, async (spec, run) => {
      assert.equal(await run.ask(spec.needsApproval, { ...CALL, arguments: text }), true);
      const reply = await run.call((spec.execute ?? assert.fail()).fn, { ...CALL, arguments: text }).reply;
      assert.equal(reply.error?.name, "InvalidToolInputError");
      assert.equal(reply.error?.code, "invalid_tool_input");
    });
    assert.deepEqual({ executed, asked }, { executed: 0, asked: 0 });
  });
}

test("needsApproval decides by the checked arguments; anything but false asks", async () => {
  const answers: unknown[] = [false, true, undefined];
  for (const answer of answers) {
    const made = tool({
      name: "delete_file",
      description: "",
      parameters: z.object({ path: z.string().default("/") }),
      needsApproval: async (context, { path }, callId) => {
        assert.deepEqual([context.agent.name, path, callId], ["Janitor", "/", "c1"]);
        return answer as boolean;
      },
      execute: () => "",
    });
    await withTool(made, async (spec, run) => {
      assert.equal(await run.ask(spec.needsApproval, { ...CALL, arguments: "{}" }), answer !== false);
    });
  }
});

test("a failing tool crosses as an error with its cause, and errorFunction gets what was thrown", async () => {
  const thrown = new TypeError("no disk", { cause: new Error("unplugged") });
  const seen: unknown[] = [];
  const made = tool({
    name: "delete_file",
    description: "",
    execute: () => {
      throw thrown;
    },
    errorFunction: ({ agent }, error) => {
      seen.push(error);
      return `${agent.name} could not`;
    },
  });
  await withTool(made, async (spec, run) => {
    const { error } = await run.call((spec.execute ?? assert.fail()).fn, { ...CALL, arguments: "{}" }).reply;
    assert.deepEqual(error, { name: "TypeError", message: "no disk", thrown: 1, cause: { name: "Error", message: "unplugged" } });
    assert.equal(await run.ask(spec.onError, { ...CALL, arguments: "{}" }, error as never), "Janitor could not");
    assert.equal(seen[0], thrown);
    await run.ask(spec.onError, { ...CALL, callId: "c2" }, { name: "ToolTimeoutError", message: "too slow" });
    assert(seen[1] instanceof ToolTimeoutError);
  });
});

test("whatever a tool throws crosses, also what cannot be read", async () => {
  const hostile = Object.defineProperty(new Error("x"), "message", {
    get() {
      throw new Error("no");
    },
  });
  for (const thrown of ["text", undefined, 5n, hostile]) {
    const made = tool({
      name: "delete_file",
      description: "",
      execute: () => {
        throw thrown;
      },
    });
    await withTool(made, async (spec, run) => {
      const { error } = await run.call((spec.execute ?? assert.fail()).fn, { ...CALL, arguments: "{}" }).reply;
      assert.equal(typeof error?.message, "string");
    });
  }
});

test("a value that JSON cannot hold is the tool's failure", async () => {
  const loop: { self?: unknown } = {};
  loop.self = loop;
  const made = tool({ name: "delete_file", description: "", execute: () => loop });
  await withTool(made, async (spec, run) => {
    const { error } = await run.call((spec.execute ?? assert.fail()).fn, { ...CALL, arguments: "{}" }).reply;
    assert.equal(error?.name, "TypeError");
  });
});

test("a call of a function that does not exist is answered with an error", async () => {
  const made = tool({ name: "delete_file", description: "", execute: () => "" });
  await withTool(made, async (_, run) => {
    assert.match((await run.call(4711).reply).error?.message ?? "", /4711/);
  });
});

test("a tool can be called directly in a test, with the same checks", async () => {
  const made = tool({
    name: "double",
    description: "",
    parameters: z.object({ n: z.number() }),
    execute: ({ n }) => n * 2,
  });
  const details = {
    toolName: "double",
    callId: "c1",
    agent: new Agent({ name: "A" }),
    context: undefined,
    usage: { requests: 0, inputTokens: 0, outputTokens: 0, totalTokens: 0 },
    arguments: "",
    signal: new AbortController().signal,
  };
  assert.equal(await made.invoke('{"n": 4}', details), 8);
  await assert.rejects(made.invoke('{"n": "4"}', details), InvalidToolInputError);
});

test("a schema that cannot give JSON Schema is refused with what to use", () => {
  const parameters = { "~standard": { version: 1, vendor: "homemade", validate: (value: unknown) => ({ value }) } } as const;
  assert.throws(() => tool({ name: "a", description: "", parameters, execute: () => "" }), (error: unknown) => {
    return error instanceof UserError && /homemade schema of tool a .*zod 4\.2/.test(error.message);
  });
});

test("a Standard Schema may be an object of a class", () => {
  class Source {
    readonly #schema = { type: "object", properties: { n: { type: "number" } } };
    input(): object {
      return this.#schema;
    }
  }
  const standard = { version: 1, vendor: "own", validate: (value: unknown) => ({ value }), jsonSchema: new Source() } as const;
  const { parameters } = tool({ name: "t", description: "", parameters: { "~standard": standard }, execute: () => "" });
  assert.deepEqual(parameters, { type: "object", properties: { n: { type: "number" } } });
});
