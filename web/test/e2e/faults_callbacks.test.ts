// A callback of the page goes wrong, for each that there is: hooks, guardrails, filters, handlers, and the functions of
// tools, handoffs and outputs. faulty.js has the runs.
import assert from "node:assert/strict";
import { after, afterEach, before, describe, test } from "node:test";
import type { Page } from "puppeteer-core";
import { assertNoMishaps, openTestPage, type Outcome } from "./browser.js";
import type { ModelRequest, Reply } from "./server.js";
import { call, item, message, response } from "./sse.js";
import { browser, server } from "./stage.js";

/** What a run came to: the name of the one error, or that it went on to its end, or waits for a decision. */
type Ending = "UserError" | "ModelBehaviorError" | "MaxTurnsExceeded" | "ModelRefusalError" | "goes on" | "has no output" | "waits";

/** `fails` is what comes of a callback that throws or rejects; the rest of one that gives what it must not. */
interface Endings {
  readonly fails: Ending;
  readonly gives: Ending;
  readonly but?: { readonly [way: string]: Ending };
}

/** What it gives is dropped. */
const action: Endings = { fails: "UserError", gives: "goes on" };
const answer: Endings = { fails: "UserError", gives: "UserError" };
/** The model is told, and the run goes on. */
const told: Endings = { fails: "goes on", gives: "goes on" };
const gate: Endings = { fails: "waits", gives: "waits" };

/** A callback in faulty.js, and what comes of its faults. */
const places: { readonly [place: string]: Endings } = {
  "onAgentStart of the run": action,
  "onAgentStart of the agent": action,
  "onAgentEnd of the run": action,
  "onAgentEnd of the agent": action,
  "onHandoff of the run": action,
  "onHandoff of the agent": action,
  "onModelStart of the run": action,
  "onModelStart of the agent": action,
  "onModelEnd of the run": action,
  "onModelEnd of the agent": action,
  "onToolStart of the run": action,
  "onToolStart of the agent": action,
  "onToolEnd of the run": action,
  "onToolEnd of the agent": action,
  "an input guardrail": answer,
  "a blocking input guardrail": answer,
  "an output guardrail": answer,
  "an input guardrail of a tool": answer,
  "an output guardrail of a tool": answer,
  "customDataExtractor": { ...action, but: { "gives a circle": "UserError" } },
  "isEnabled of a handoff": answer,
  "onHandoff of a handoff": action,
  "inputFilter": answer,
  "handoffInputFilter": answer,
  "toolUseBehavior": { ...answer, but: { "gives null": "goes on", "gives an object": "goes on" } },
  "callModelInputFilter": answer,
  "sessionInputCallback": answer,
  "popItem in compact": action,
  "compact": action,
  "toolErrorFormatter": told,
  "errorHandlers.maxTurns": { fails: "MaxTurnsExceeded", gives: "MaxTurnsExceeded" },
  "errorHandlers.modelRefusal": { fails: "ModelRefusalError", gives: "ModelRefusalError" },
  "errorHandlers.invalidFinalOutput": { fails: "ModelBehaviorError", gives: "ModelBehaviorError" },
  "validate of an output": {
    fails: "ModelBehaviorError", gives: "has no output", but: { "gives nothing": "ModelBehaviorError", "gives null": "ModelBehaviorError" },
  },
  "validate of arguments": told,
  "isEnabled of an agent tool": answer,
  "needsApproval of an agent tool": gate,
  "inputBuilder": told,
  "customOutputExtractor": told,
  "onStream": told,
  "errorFunction of an agent tool": { ...answer, but: { "gives nothing": "goes on" } },
  "a hook of an agent tool": told,
  "getItems of an agent tool": told,
  "onApproval of hosted MCP": { ...answer, but: { "gives nothing": "waits", "gives null": "waits" } },
  "execute of a custom tool": told,
  "needsApproval of a custom tool": gate,
  "onApproval of a custom tool": { ...answer, but: { "gives nothing": "waits", "gives null": "waits" } },
  "execute of a shell": told,
  "execute of apply_patch": told,
  "execute of a computer": action,
  "screenshot of a computer": { ...answer, but: { "gives nothing": "goes on" } },
  "onSafetyCheck of a computer": answer,
  "getSessionId": answer,
};

/** Those that a tool must not run without. */
const gates = /blocking input guardrail|an input guardrail of a tool|needsApproval|onApproval|onSafetyCheck|onToolStart/;

const firstCalls: { readonly [model: string]: ReturnType<typeof item> } = {
  act: call("act", "call_1", { input: "x" }),
  custom: item({ type: "custom_tool_call", call_id: "call_1", name: "act", input: "x" }),
  shell: item({ type: "shell_call", call_id: "call_1", status: "completed", action: { commands: ["ls"], timeout_ms: null, max_output_length: null } }),
  apply_patch: item({ type: "apply_patch_call", call_id: "call_1", status: "completed", operation: { type: "delete_file", path: "a" } }),
  computer: item({ type: "computer_call", call_id: "call_1", status: "completed", action: { type: "wait" }, pending_safety_checks: [] }),
  "checked computer": item({
    type: "computer_call", call_id: "call_1", status: "completed", action: { type: "wait" },
    pending_safety_checks: [{ id: "check_1", code: "c", message: "m" }],
  }),
  "hosted MCP": item({ type: "mcp_approval_request", server_label: "files", name: "act", arguments: "{}" }),
  refusal: item({ type: "message", status: "completed", role: "assistant", content: [{ type: "refusal", refusal: "No." }] }),
};

/** Calls the tool, then hands off where that is offered, and is done. */
function reply({ body }: ModelRequest): Reply {
  const input = JSON.stringify(body.input);
  const tools = (body["tools"] ?? []) as { name?: string }[];
  if (tools.length > 0 && !input.includes("_call_output")) return response(firstCalls[body["model"] as string]!);
  if (tools.some(({ name }) => name === "pass")) return response(call("pass", "call_2"));
  return response(message(body["model"] === "braces" ? "{}" : "Done."));
}

for (const where of ["worker", "page"] as const) {
  describe(where === "page" ? "engine on the page" : "engine in a worker", () => {
    let page: Page;
    before(async () => {
      page = await openTestPage(browser, server.url, where);
    });
    afterEach(() => assertNoMishaps(page));
    after(() => page.close());

    for (const [place, { fails, gives, but = {} }] of Object.entries(places)) {
      test(`${place} goes wrong`, async () => {
        const outcomes = await page.evaluate(
          async (place, baseURL) => (await window.faulty()).runs(place, baseURL), place, server.answering(reply).baseURL,
        );
        const expected = Object.keys(outcomes).map((way) => {
          // What cannot be read cannot be waited for either, and so is thrown.
          const failed = /^(throws|rejects)|cannot be read/.test(way);
          return [way, failed ? fails : (but[way] ?? gives)];
        });
        assert.deepEqual(Object.entries(outcomes).map(([way, outcome]) => [way, ending(outcome)]), expected);
        for (const [way, { called, executed, ...outcome }] of Object.entries(outcomes)) {
          assert.ok(called > 0, `${way}: it was called`);
          assert.deepEqual([outcome.same, outcome.isComplete], [true, true], way);
          if (ending(outcome) !== "goes on" && gates.test(place)) assert.equal(executed, 0, `${way}: the tool did not run`);
        }
      });

      test(`${place} never returns: cancel() ends the run`, async () => {
        const outcome = await page.evaluate(
          async (place, baseURL) => (await window.faulty()).cancelled(place, baseURL), place, server.answering(reply).baseURL,
        );
        assert.deepEqual([outcome.thrown, outcome.same, outcome.isComplete, outcome.finalOutput], [[], true, true, null]);
        assert.ok(outcome.called > 0);
      });
    }
  });
}

function ending(outcome: Outcome & { readonly waits: number }): Ending | string {
  if (outcome.thrown.length > 1) return `throws ${outcome.thrown.length} times`;
  const [error] = outcome.thrown;
  if (error) return error.isError && error.code ? error.name : `an error without a type: ${error.name}`;
  if (outcome.waits > 0) return "waits";
  return outcome.finalOutput === null ? "has no output" : "goes on";
}
