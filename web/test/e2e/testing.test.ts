// "runstream/testing" in a page: a script, a recording of a run and its play, through the engine.
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import type { Page } from "puppeteer-core";
import { assertNoMishaps, openTestPage } from "./browser.js";
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

    test("a script answers a run, and keeps what it was asked", async () => {
      const got = await page.evaluate(async () => {
        const { Agent, runStreamed, tool } = window.runstream;
        const { ScriptedModel, assistantMessage, functionCall, reasoning } = await window.loadTesting();
        const model = new ScriptedModel([
          [reasoning("Look it up."), functionCall("weather", { city: "Oslo" }, { callId: "call_1" })],
          [assistantMessage("It is sunny.")],
        ]);
        const parameters = { type: "object", properties: { city: { type: "string" } }, required: ["city"] } as const;
        const weather = tool({ name: "weather", description: "Tells it.", parameters, execute: ({ city }) => `sunny in ${city}` });
        const result = runStreamed(new Agent({ name: "A", instructions: "Be brief.", model, tools: [weather] }), "How is Oslo?");
        const { events, error } = await window.read(result);
        model.assertComplete();
        return {
          error,
          names: events.flatMap((event) => (event.type === "run_item_stream_event" ? [event.name] : [])),
          text: events.map((event) => (event.type === "raw_response_event" && event.data.type === "response.output_text.delta" ? event.data["delta"] : "")),
          finalOutput: result.finalOutput,
          tokens: result.usage.totalTokens,
          instructions: model.calls.map(({ request }) => request.body.instructions),
          asked: model.calls.map(({ request }) => request.body.input.length),
          told: (model.calls[1]?.request.body.input.at(-1) as { output?: string }).output,
        };
      });
      assert.deepEqual({ ...got, text: got.text.join("") }, {
        error: null,
        names: ["reasoning_item_created", "tool_called", "tool_output", "message_output_created"],
        text: "It is sunny.",
        finalOutput: "It is sunny.",
        tokens: 30,
        instructions: ["Be brief.", "Be brief."],
        asked: [1, 4],
        told: "sunny in Oslo",
      });
    });

    test("a run past its script fails with the script's error as the cause, and one that ends early is noticed", async () => {
      const got = await page.evaluate(async () => {
        const { Agent, run } = window.runstream;
        const { ScriptedModel, UnconsumedModelStepsError, assistantMessage, functionCall } = await window.loadTesting();
        const past = new ScriptedModel();
        const failed = await run(new Agent({ name: "A", model: past }), "Hi").then(() => undefined, (error: Error) => error);
        const early = new ScriptedModel([[assistantMessage("Hello.")], [functionCall("never", {}, { callId: "call_1" })]]);
        await run(new Agent({ name: "A", model: early }), "Hi");
        let noticed: unknown;
        try {
          early.assertComplete();
        } catch (error) {
          noticed = error;
        }
        return { cause: (failed?.cause as Error | undefined)?.name, message: failed?.message, noticed: noticed instanceof UnconsumedModelStepsError };
      });
      assert.equal(got.noticed, true);
      assert.match(got.message!, /the script is over: request 1/i);
      assert.equal(got.cause, "UnexpectedModelCallError");
    });

    test("an answer that hangs is let go of by the run, and one that breaks off ends it after what came", async () => {
      const got = await page.evaluate(async () => {
        const { Agent, runStreamed } = window.runstream;
        const { ScriptedModel, assistantMessage, modelError, modelHang } = await window.loadTesting();
        const model = new ScriptedModel([modelHang(assistantMessage("Wait for it")), modelError(new TypeError("cut off"), assistantMessage("Half"))]);
        const agent = new Agent({ name: "A", model });
        let seen = 0;
        for await (const event of runStreamed(agent, "Hi")) {
          if (event.type === "raw_response_event" && event.data.type === "response.output_text.delta" && ++seen === 3) break;
        }
        const { signal } = model.calls[0]!.request;
        if (!signal.aborted) await new Promise((resolve) => signal.addEventListener("abort", resolve));
        const { error, events } = await window.read(runStreamed(agent, "Hi"));
        return { seen, error: error?.message, text: events.some((event) => event.type === "raw_response_event" && event.data["delta"] === "Half") };
      });
      assert.equal(got.seen, 3);
      assert.match(got.error!, /cut off/);
      assert.equal(got.text, true);
    });

    test("a recorded run plays to the same events, and another run is told where it differs", async () => {
      const got = await page.evaluate(async () => {
        const { Agent, runStreamed, tool } = window.runstream;
        const { ScriptedModel, assistantMessage, functionCall, play, record } = await window.loadTesting();
        const agent = (sky: string) =>
          new Agent({ name: "A", tools: [tool({ name: "look", description: "Looks.", execute: () => sky })] });
        const recorder = record(new ScriptedModel([[functionCall("look", {}, { callId: "call_1" })], [assistantMessage("It is blue.")]]));
        const recorded = await window.read(runStreamed(agent("blue"), "Look up", { model: recorder }));
        const cassette = JSON.stringify(recorder);

        const player = play(cassette);
        const played = await window.read(runStreamed(agent("blue"), "Look up", { model: player }));
        player.assertComplete();

        const other = play(cassette);
        const failed = runStreamed(agent("grey"), "Look up", { model: other });
        const { error } = await window.read(failed);
        const cause = (failed.error as Error).cause;
        return { error: recorded.error, same: JSON.stringify(recorded) === JSON.stringify(played), events: recorded.events.length, differs: error?.message, cause: (cause as Error).name };
      });
      assert.equal(got.error, null);
      assert.equal(got.same, true);
      assert(got.events > 10);
      assert.match(got.differs!, /Request 2 is not the recorded one: request\.input\[2\]\.output was "blue" and is "grey"/);
      assert.equal(got.cause, "CassetteError");
    });
  });
}
