// What the recorded cases do not reach of the run loop through the package: hooks, models of the page, structured
// output, context, and the functions of agents, handoffs and runs.
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import type { Page } from "puppeteer-core";
import { assertNoMishaps, openTestPage } from "./browser.js";
import { call, message, response, type Json } from "./sse.js";
import { browser, server } from "./stage.js";

for (const engine of ["worker", "page"] as const) {
  describe(engine === "page" ? "engine on the page" : "engine in a worker", () => {
    let page: Page;
    before(async () => {
      page = await openTestPage(browser, server.url, engine);
    });
    after(async () => {
      await assertNoMishaps(page);
      await page.close();
    });

    test("hooks of the run and of the agent are called in the run's order, with their own objects", async () => {
      const script = server.script(
        response(call("look", "call_1", { at: "sky" })),
        response(call("transfer_to_b", "call_2")),
        response(message("Blue.")),
      );
      const got = await page.evaluate(async (baseURL) => {
        const { Agent, configure, run, tool } = window.runstream;
        configure({ baseURL });
        const log: unknown[] = [];
        const context = { user: "Ada" };
        const look = tool({
          name: "look",
          description: "Looks.",
          execute: (_, details) => (log.push(["execute", details.context === context]), "blue"),
        });
        const b = new Agent({ name: "B" });
        const a = new Agent({ name: "A", tools: [look], handoffs: [b], hooks: { onToolEnd: ({ output }) => void log.push(["of A", output]) } });
        await run(a, "Hi", {
          context,
          hooks: {
            onAgentStart: ({ agent }) => void log.push(["agent start", agent === a ? "a" : agent === b ? "b" : "?"]),
            onAgentEnd: ({ agent, output }) => void log.push(["agent end", agent === b, output]),
            onHandoff: ({ agent, nextAgent }) => void log.push(["handoff", agent === a, nextAgent === b]),
            onModelStart: ({ input }) => void log.push(["model start", input.length]),
            onModelEnd: ({ response }) => void log.push(["model end", response.output.length, response.usage.totalTokens > 0]),
            onToolStart: ({ toolName, callId }) => void log.push(["tool start", toolName, callId]),
            onToolEnd: ({ output }) => void log.push(["tool end", output]),
          },
        });
        return log as Json[];
      }, script.baseURL);
      assert.deepEqual(got, [
        ["agent start", "a"], ["model start", 1], ["model end", 1, true],
        ["tool start", "look", "call_1"], ["execute", true], ["tool end", "blue"], ["of A", "blue"],
        ["model start", 3], ["model end", 1, true], ["handoff", true, true],
        ["agent start", "b"], ["model start", 5], ["model end", 1, true], ["agent end", true, "Blue."],
      ]);
    });

    test("a hook that throws ends the run with what it threw as the cause", async () => {
      const script = server.script(response(message("Hello")));
      const got = await page.evaluate(async (baseURL) => {
        const { Agent, configure, run } = window.runstream;
        configure({ baseURL });
        const onAgentStart = (): never => {
          throw new TypeError("no hook today");
        };
        return run(new Agent({ name: "A" }), "Hi", { hooks: { onAgentStart } }).then(() => null, (error: Error) => [
          error.name, (error.cause as Error).name, (error.cause as Error).message,
        ]);
      }, script.baseURL);
      assert.deepEqual(got, ["UserError", "TypeError", "no hook today"]);
    });

    test("a model of the page answers, streamed, without a server", async () => {
      const turns = [response(call("add", "call_1", { n: 2 })), response(message("Four", "."))];
      const got = await page.evaluate(async (turns) => {
        const { Agent, runStreamed, tool } = window.runstream;
        const requests: { input: unknown; tools: number }[] = [];
        const model = {
          async *getStreamedResponse({ body }: { body: { input: readonly object[]; tools?: readonly object[] } }) {
            requests.push({ input: body.input.at(-1), tools: body.tools?.length ?? 0 });
            for (const event of turns[requests.length - 1]!) {
              await null;
              yield event as object;
            }
          },
        };
        const parameters = { type: "object", properties: { n: { type: "number" } }, required: ["n"] } as const;
        const add = tool({ name: "add", description: "Adds.", parameters, execute: ({ n }) => n + 2 });
        const result = runStreamed(new Agent({ name: "A", model, tools: [add] }), "2 + 2?");
        const reading = await window.read(result);
        const raw = reading.events.filter((event) => event.type === "raw_response_event").length;
        return { requests: requests as unknown as Json, raw, error: reading.error, finalOutput: result.finalOutput };
      }, turns);
      assert.deepEqual(got, {
        requests: [
          { input: { content: "2 + 2?", role: "user" }, tools: 1 },
          { input: { call_id: "call_1", output: "4", type: "function_call_output" }, tools: 1 },
        ],
        raw: turns[0]!.length + turns[1]!.length,
        error: null,
        finalOutput: "Four.",
      });
    });

    test("a model of the page that throws ends the run; one that is left is told", async () => {
      const got = await page.evaluate(async (begun) => {
        const { Agent, runStreamed } = window.runstream;
        const broken = { getStreamedResponse: () => ({ [Symbol.asyncIterator]: () => ({ next: () => Promise.reject(new TypeError("no weights")) }) }) };
        const failed = await window.read(runStreamed(new Agent({ name: "A", model: broken }), "Hi"));
        let told: (reason: unknown) => void;
        const aborted = new Promise((resolve) => (told = resolve));
        const hanging = {
          async *getStreamedResponse({ signal }: { signal: AbortSignal }) {
            signal.addEventListener("abort", () => told(signal.aborted));
            for (const event of begun) yield event as object;
            await new Promise(() => {});
          },
        };
        for await (const event of runStreamed(new Agent({ name: "A", model: hanging }), "Hi")) {
          if (event.type === "raw_response_event") break;
        }
        return { error: failed.error, aborted: await aborted };
      }, response(message("Half")).slice(0, 2));
      assert.match(got.error!.message, /the model failed: no weights/);
      assert.equal(got.aborted, true);
    });

    test("a Standard Schema makes and checks the final output", async () => {
      const script = server.script(response(message('{"city":"Oslo"}')), response(message('{"city":7}')), response(message("Oslo")));
      const got = await page.evaluate(async (baseURL) => {
        const { Agent, configure, run } = window.runstream;
        configure({ baseURL });
        const standard = {
          version: 1 as const,
          vendor: "by hand",
          validate: (value: unknown) => {
            const { city } = value as { city: unknown };
            return typeof city === "string" ? { value: { city: city.toUpperCase() } } : { issues: [{ message: "is no text", path: ["city"] }] };
          },
          jsonSchema: { input: () => ({ type: "object", properties: { city: { type: "string" } } }) },
        };
        const agent = new Agent({ name: "A", outputType: { "~standard": standard } });
        const good = (await run(agent, "Where?")).finalOutput;
        const errors = [];
        for (let i = 0; i < 2; i++) errors.push(await run(agent, "Where?").then(() => "", ({ name, message }: Error) => `${name}: ${message}`));
        return { city: good?.city, errors };
      }, script.baseURL);
      assert.equal(got.city, "OSLO");
      assert.match(got.errors[0]!, /^ModelBehaviorError: .*city: is no text/);
      assert.match(got.errors[1]!, /^ModelBehaviorError: .*not JSON/);
      const { format } = script.requests[0]!.body["text"] as { format: { schema: Json } };
      assert.deepEqual(format.schema, {
        type: "object", properties: { city: { type: "string" } }, required: ["city"], additionalProperties: false,
      });
    });

    test("an agent as a tool tells its events, takes built input and gives made output", async () => {
      const script = server.script(
        response(call("ask", "call_1", { word: "sea" })),
        response(message("la", " mer")),
        response(message("It is la mer.")),
      );
      const got = await page.evaluate(async (baseURL) => {
        const { Agent, configure, run } = window.runstream;
        configure({ baseURL });
        const seen: string[] = [];
        const inner = new Agent({ name: "Inner" });
        const ask = inner.asTool({
          toolName: "ask",
          toolDescription: "Translates.",
          parameters: { type: "object", properties: { word: { type: "string" } }, required: ["word"] },
          inputBuilder: (args) => `Translate ${(args as { word: string }).word}`,
          customOutputExtractor: ({ finalOutput, newItems }) => `${finalOutput as string} (${newItems.length})`,
          onStream: ({ event, agent, toolCall }) => {
            if (event.type !== "raw_response_event") seen.push(`${event.type} ${agent === inner} ${toolCall.callId}`);
          },
        });
        const result = await run(new Agent({ name: "Outer", tools: [ask] }), "Sea?");
        return { seen, finalOutput: result.finalOutput };
      }, script.baseURL);
      assert.deepEqual(got.seen, ["agent_updated_stream_event true call_1", "run_item_stream_event true call_1"]);
      assert.equal(got.finalOutput, "It is la mer.");
      assert.deepEqual(script.requests[1]!.body.input, [{ content: "Translate sea", role: "user" }]);
      assert.deepEqual((script.requests[2]!.body.input as { output?: string }[]).at(-1)!.output, "la mer (1)");
    });

    test("a Standard Schema checks the arguments of an agent as a tool", async () => {
      const script = server.script(
        response(call("ask", "call_1", { word: 7 })),
        response(call("ask", "call_2", { word: "sea" })),
        response(message("la mer")),
        response(message("It is la mer.")),
      );
      const got = await page.evaluate(async (baseURL) => {
        const { Agent, configure, run } = window.runstream;
        configure({ baseURL });
        const standard = {
          version: 1 as const,
          vendor: "by hand",
          validate: (value: unknown) => {
            const { word } = value as { word: unknown };
            return typeof word === "string" ? { value: { word } } : { issues: [{ message: "is no text", path: ["word"] }] };
          },
          jsonSchema: { input: () => ({ type: "object", properties: { word: { type: "string" } } }) },
        };
        const failures: string[] = [];
        const ask = new Agent({ name: "Inner" }).asTool({
          toolName: "ask",
          parameters: { "~standard": standard },
          errorFunction: (_, error) => {
            failures.push((error as Error).name);
            return (error as Error).message;
          },
        });
        const { finalOutput } = await run(new Agent({ name: "Outer", tools: [ask] }), "Sea?");
        return { failures, finalOutput };
      }, script.baseURL);
      assert.deepEqual(got, { failures: ["InvalidToolInputError"], finalOutput: "It is la mer." });
      assert.match((script.requests[1]!.body.input as { output?: string }[]).at(-1)!.output!, /word: is no text/);
      assert.match(JSON.stringify(script.requests[2]!.body.input), /arguments follow.*sea/);
    });

    test("agents as tools are named after their agents, at any depth", async () => {
      const script = server.script(response(call("middle_one", "call_1", { input: "Hi" })), response(message("Yes.")), response(message("Done.")));
      await page.evaluate(async (baseURL) => {
        const { Agent, configure, run } = window.runstream;
        configure({ baseURL });
        const inner = new Agent({ name: "Inner" });
        const middle = new Agent({ name: "Middle one", tools: [inner.asTool()] });
        await run(new Agent({ name: "Outer", tools: [middle.asTool(), inner.asTool()] }), "Hi");
      }, script.baseURL);
      const offered = script.requests.map(({ body }) => (body["tools"] as { name: string }[] | undefined)?.map(({ name }) => name));
      assert.deepEqual(offered, [["middle_one", "inner"], ["inner"], ["middle_one", "inner"]]);
    });

    test("functions decide: what a handoff was told, what the model sees, which output is final", async () => {
      const script = server.script(response(call("transfer_to_b", "call_1", { why: "rain" })), response(call("dig", "call_2")));
      const got = await page.evaluate(async (baseURL) => {
        const { Agent, configure, handoff, run, tool } = window.runstream;
        configure({ baseURL });
        const told: unknown[] = [];
        const dig = tool({
          name: "dig",
          description: "Digs.",
          customDataExtractor: ({ output }) => ({ shown: output }),
          execute: () => ({ depth: 3 }),
        });
        const b = new Agent({ name: "B", tools: [dig], toolUseBehavior: (_, [first]) => ({ isFinalOutput: true, finalOutput: first!.output }) });
        const inputType = { type: "object", properties: { why: { type: "string" } }, required: ["why"] } as const;
        const a = new Agent({ name: "A", handoffs: [handoff(b, { inputType, onHandoff: ({ agent }, input) => void told.push(agent.name, input?.why) })] });
        const result = await run(a, "Hi", {
          callModelInputFilter: ({ instructions, input }, { agent }) => ({ instructions: `${instructions}For ${agent.name}.`, input: input.slice(-1) }),
        });
        const output = result.newItems.find((item) => item.type === "tool_call_output_item");
        return { told: told as Json[], finalOutput: result.finalOutput as unknown as Json, customData: output?.customData as Json };
      }, script.baseURL);
      assert.deepEqual(got, { told: ["A", "rain"], finalOutput: '{"depth":3}', customData: { shown: { depth: 3 } } });
      assert.deepEqual(script.requests.map(({ body }) => [body["instructions"], (body.input as Json[]).length]), [["For A.", 1], ["For B.", 1]]);
    });

    test("a session of the page is written also where the run is stopped, and shortened at the end", async () => {
      const script = server.script(response(message("One")), { hangAfter: response(message("Two")).slice(0, 3) });
      const got = await page.evaluate(async (baseURL) => {
        const { Agent, MemorySession, configure, run, runStreamed } = window.runstream;
        configure({ baseURL });
        const session = new MemorySession();
        const compacted: number[] = [];
        await run(new Agent({ name: "A" }), "First", {
          session,
          compact: async (kept) => void compacted.push((await kept.getItems()).length),
        });
        const result = runStreamed(new Agent({ name: "A" }), "Second", {
          session,
          sessionInputCallback: (history, fresh) => [...history.slice(-1), ...fresh],
        });
        for await (const event of result) if (event.type === "raw_response_event") break;
        return { compacted, kept: session.getItems().map((item) => item["content"]) as Json[] };
      }, script.baseURL);
      assert.deepEqual(got.compacted, [2]);
      assert.equal(got.kept.length, 3);
      assert.equal(got.kept[2], "Second");
      assert.equal((script.requests[1]!.body.input as Json[]).length, 2);
    });
  });
}
