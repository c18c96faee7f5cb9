// What a page reads: the two examples of the streaming guide, handoffs, and what the package does not know.
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import type { Page } from "puppeteer-core";
import { assertNoMishaps, openTestPage, type Reading } from "./browser.js";
import { call, item, message, response, type WireEvent } from "./sse.js";
import { browser, server } from "./stage.js";

/** The names of item events, the agents of agent events, nothing of raw events. */
function story({ events }: Reading): string[] {
  return events.flatMap((event) => {
    if (event.type === "run_item_stream_event") return [event.name];
    return event.type === "agent_updated_stream_event" ? [`agent ${event.agent}`] : [];
  });
}

function rawEvents({ events }: Reading): WireEvent[] {
  return events.flatMap((event) => (event.type === "raw_response_event" ? [event.data] : []));
}

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

    test("text deltas come one by one and every raw event is the server's own", async () => {
      const answer = response(message("Why", " did", " the 🐔", " cross", "?\n"));
      const script = server.script(answer);
      const got = await page.evaluate(async (baseURL) => {
        const { Agent, configure, runStreamed } = window.runstream;
        configure({ baseURL });
        const result = runStreamed(new Agent({ name: "Joker", instructions: "Be funny." }), "Tell a joke.");
        let written = "";
        const events = [];
        for await (const event of result.streamEvents()) {
          if (event.type !== "raw_response_event") continue;
          events.push(event.data);
          if (event.data.type === "response.output_text.delta") written += event.data.delta;
        }
        const { isComplete, finalOutput, currentTurn, lastResponseId } = result;
        return { written, events, isComplete, finalOutput, currentTurn, lastResponseId };
      }, script.baseURL);
      assert.equal(got.written, "Why did the 🐔 cross?\n");
      assert.equal(got.finalOutput, got.written);
      assert.deepEqual(got.events, answer);
      assert.equal(got.isComplete, true);
      assert.equal(got.currentTurn, 1);
      const { input, instructions, stream } = script.requests[0]!.body;
      assert.deepEqual({ input, instructions, stream }, {
        input: [{ content: "Tell a joke.", role: "user" }], instructions: "Be funny.", stream: true,
      });
    });

    test("items come with their tool's output", async () => {
      const script = server.script(
        response(call("how_many_jokes", "call_1")),
        response(message("Five", " jokes.")),
      );
      const got = await page.evaluate(async (baseURL) => {
        const { Agent, ItemHelpers, configure, runStreamed, tool } = window.runstream;
        configure({ baseURL });
        const howManyJokes = tool({
          name: "how_many_jokes",
          description: "How many jokes to tell.",
          parameters: { type: "object", properties: {}, required: [], additionalProperties: false },
          execute: async () => 5,
        });
        const result = runStreamed(new Agent({ name: "Joker", tools: [howManyJokes] }), "Hi");
        const reading = await window.read(result);
        const texts = result.newItems.filter((item) => item.type === "message_output_item").map(ItemHelpers.textMessageOutput);
        return { reading, texts, newItems: result.newItems.map((item) => item.type) };
      }, script.baseURL);
      assert.deepEqual(story(got.reading), ["agent Joker", "tool_called", "tool_output", "message_output_created"]);
      assert.deepEqual(got.texts, ["Five jokes."]);
      assert.deepEqual(got.newItems, ["tool_call_item", "tool_call_output_item", "message_output_item"]);
      const output = got.reading.events.find((event) => event.type === "run_item_stream_event" && event.name === "tool_output");
      assert.deepEqual(output, {
        type: "run_item_stream_event",
        name: "tool_output",
        item: {
          type: "tool_call_output_item",
          agent: "Joker",
          rawItem: { call_id: "call_1", output: "5", type: "function_call_output" },
          output: 5,
        },
      });
      assert.equal(script.requests.length, 2);
    });

    test("a handoff changes the agent", async () => {
      const script = server.script(
        response(call("transfer_to_poet", "call_1")),
        response(message("Roses are red.")),
      );
      const got = await page.evaluate(async (baseURL) => {
        const { Agent, configure, runStreamed } = window.runstream;
        configure({ baseURL });
        const poet = new Agent({ name: "Poet", instructions: "Write verse." });
        const triage = new Agent({ name: "Triage", instructions: "Hand off.", handoffs: [poet] });
        const result = runStreamed(triage, "A poem, please");
        const reading = await window.read(result);
        return { reading, lastAgent: result.lastAgent?.name, same: result.lastAgent === poet };
      }, script.baseURL);
      assert.deepEqual(story(got.reading), [
        "agent Triage", "handoff_requested", "handoff_occured", "agent Poet", "message_output_created",
      ]);
      assert.equal(got.lastAgent, "Poet");
      assert.equal(got.same, true);
      assert.equal(script.requests[1]!.body["instructions"], "Write verse.");
    });

    test("events, items and fields that the package does not know pass through unharmed", async () => {
      const strange = { type: "hologram", id: "holo_1", status: "completed", beam: { angle: 1.50, "<b>": ["x", null] } };
      const [created, ...rest] = response(item(strange), message("Done."));
      const answer = [created!, { type: "response.hologram.flicker", frequency: 1e21, note: "\u2028\u202e" }, ...rest]
        .map((event) => ({ ...event, not_in_any_schema: { deep: [true] } }));
      const script = server.script(answer);
      const reading = await page.evaluate(async (baseURL) => {
        const { Agent, configure, runStreamed } = window.runstream;
        configure({ baseURL });
        return window.read(runStreamed(new Agent({ name: "Anyone" }), "Hi"));
      }, script.baseURL);
      assert.equal(reading.error, null);
      assert.deepEqual(rawEvents(reading), answer);
      assert.deepEqual(story(reading).at(-1), "message_output_created");
    });

    test("20,000 deltas arrive whole and in order", { timeout: 120_000 }, async (t) => {
      const words = Array.from({ length: 20_000 }, (_, i) => `word${i} `);
      const script = server.script(response(message(...words)));
      const got = await page.evaluate(async (baseURL) => {
        const { Agent, configure, runStreamed } = window.runstream;
        configure({ baseURL });
        const tasks: number[] = [];
        const reports = PerformanceObserver.supportedEntryTypes.includes("longtask");
        const observer = new PerformanceObserver((list) => tasks.push(...list.getEntries().map((entry) => entry.duration)));
        if (reports) observer.observe({ type: "longtask" });
        const began = performance.now();
        const deltas: string[] = [];
        const result = runStreamed(new Agent({ name: "Writer" }), "Write");
        for await (const event of result) {
          if (event.type === "raw_response_event" && event.data.type === "response.output_text.delta") deltas.push(event.data.delta);
        }
        const took = performance.now() - began;
        await new Promise((resolve) => requestAnimationFrame(() => setTimeout(resolve)));
        tasks.push(...observer.takeRecords().map((entry) => entry.duration));
        observer.disconnect();
        return { deltas, took, longest: reports ? Math.max(0, ...tasks) : null, finalOutput: result.finalOutput };
      }, script.baseURL);
      assert.deepEqual(got.deltas, words);
      assert.equal(got.finalOutput, words.join(""));
      const longest =
        got.longest === null ? "this browser does not report long tasks"
        : got.longest ? `longest task of the page ${Math.round(got.longest)} ms`
        : "no task of the page over 50 ms";
      t.diagnostic(`20,000 deltas, engine ${engine === "page" ? "on the page" : "in a worker"}: ${Math.round(got.took)} ms, ${longest}`);
    });

    // As monitoring scripts wrap it. A worker has a fetch of its own.
    if (engine === "page") {
      test("what a wrapped fetch adds to a request's headers stays that request's", async () => {
        const script = server.script(response(call("look", "call_1")), response(call("look", "call_2")), response(message("Done.")));
        await page.evaluate(async (baseURL) => {
          const { Agent, configure, runStreamed, tool } = window.runstream;
          configure({ baseURL });
          const look = tool({ name: "look", description: "Looks.", parameters: { type: "object", properties: {} }, strict: false, execute: () => "" });
          const original = window.fetch;
          window.fetch = (input, init) => {
            (init!.headers as Headers).append("x-trace", "one");
            return original(input, init);
          };
          try {
            await window.read(runStreamed(new Agent({ name: "Looker", tools: [look] }), "Hi"));
          } finally {
            window.fetch = original;
          }
        }, script.baseURL);
        assert.deepEqual(script.requests.map(({ headers }) => headers["x-trace"]), ["one", "one", "one"]);
      });
    }

    test("nothing of the engine is left in the page's globals", async () => {
      const left = await page.evaluate(() => ["Go", "fs", "path", "process"].filter((name) => name in window));
      assert.deepEqual(left, []);
    });
  });
}
