// Runs of which one callback goes wrong. `place` names the callback, `way` how it goes wrong.
const { Agent, MemorySession, applyPatchTool, computerTool, configure, customTool, handoff, hostedMcpTool, runStreamed, shellTool, tool } = window.runstream;

const say = (words) => {
  throw new TypeError(words);
};

/** How a function can fail, in these words where it has any. */
export const failing = (words) => ({
  "throws": () => say(words),
  "rejects": () => Promise.reject(new TypeError(words)),
  "throws nothing": () => {
    throw undefined;
  },
  "throws what cannot be read": () => {
    throw revoked();
  },
});

/** What a callback may do that it must not. */
const ways = {
  ...failing("the callback's own words"),
  "gives a circle": () => {
    const circle = {};
    return (circle.self = circle);
  },
  "gives what cannot be read": () => revoked(),
  "gives nothing": () => {},
  "gives null": () => null,
  "gives an object": () => ({ not: "this" }),
  "gives a number": () => 7,
  "gives a list": () => [[7]],
};

function revoked() {
  const { proxy, revoke } = Proxy.revocable({}, {});
  revoke();
  return proxy;
}

const hook = (name) => ({
  [`${name} of the run`]: (callback) => ({ options: { hooks: { [name]: callback } } }),
  [`${name} of the agent`]: (callback) => ({ agent: { hooks: { [name]: callback } }, next: { hooks: { [name]: callback } } }),
});

const asTool = (name) => (callback) => ({
  tools: [new Agent({ name: "Inner" }).asTool({ toolName: "act", toolDescription: "Acts.", [name]: callback })],
});

/** Where callbacks are: what a run is made of that has one. The model calls `act` or what `calls` names, hands off to the next
 * agent, and is done. */
const places = {
  ...hook("onAgentStart"),
  ...hook("onAgentEnd"),
  ...hook("onHandoff"),
  ...hook("onModelStart"),
  ...hook("onModelEnd"),
  ...hook("onToolStart"),
  ...hook("onToolEnd"),
  "an input guardrail": (execute) => ({ agent: { inputGuardrails: [{ name: "watch", execute }] } }),
  "a blocking input guardrail": (execute) => ({ agent: { inputGuardrails: [{ name: "watch", runInParallel: false, execute }] } }),
  "an output guardrail": (execute) => ({ next: { outputGuardrails: [{ name: "watch", execute }] } }),
  "an input guardrail of a tool": (execute) => ({ act: { inputGuardrails: [{ name: "watch", execute }] } }),
  "an output guardrail of a tool": (execute) => ({ act: { outputGuardrails: [{ name: "watch", execute }] } }),
  "customDataExtractor": (customDataExtractor) => ({ act: { customDataExtractor } }),
  "isEnabled of a handoff": (isEnabled) => ({ handoff: { isEnabled } }),
  "onHandoff of a handoff": (onHandoff) => ({ handoff: { onHandoff } }),
  "inputFilter": (inputFilter) => ({ handoff: { inputFilter } }),
  "handoffInputFilter": (handoffInputFilter) => ({ options: { handoffInputFilter } }),
  "toolUseBehavior": (toolUseBehavior) => ({ agent: { toolUseBehavior } }),
  "callModelInputFilter": (callModelInputFilter) => ({ options: { callModelInputFilter } }),
  "sessionInputCallback": (sessionInputCallback) => ({ options: { session: new MemorySession(), sessionInputCallback } }),
  "popItem in compact": (popItem) => ({
    options: { session: Object.assign(new MemorySession(), { popItem }), compact: async (session) => void (await session.popItem()) },
  }),
  "compact": (compact) => ({ options: { session: new MemorySession(), compact } }),
  "toolErrorFormatter": (toolErrorFormatter) => ({ act: { execute: () => say("the tool fails") }, options: { toolErrorFormatter } }),
  "errorHandlers.maxTurns": (maxTurns) => ({ options: { maxTurns: 1, errorHandlers: { maxTurns } } }),
  "errorHandlers.invalidFinalOutput": (invalidFinalOutput) => ({
    next: { outputType: { schema: { type: "object", properties: {} } } },
    options: { errorHandlers: { invalidFinalOutput } },
  }),
  "errorHandlers.modelRefusal": (modelRefusal) => ({ calls: "refusal", options: { errorHandlers: { modelRefusal } } }),
  "validate of an output": (validate) => ({
    next: { model: "braces", outputType: { "~standard": { version: 1, vendor: "by hand", validate, jsonSchema: { input: () => ({ type: "object", properties: {} }) } } } },
  }),
  "validate of arguments": (validate) => ({
    act: { parameters: { "~standard": { version: 1, vendor: "by hand", validate, jsonSchema: { input: () => ({ type: "object", properties: {} }) } } } },
  }),
  "isEnabled of an agent tool": asTool("isEnabled"),
  "needsApproval of an agent tool": asTool("needsApproval"),
  "inputBuilder": asTool("inputBuilder"),
  "customOutputExtractor": asTool("customOutputExtractor"),
  "onStream": asTool("onStream"),
  "errorFunction of an agent tool": (errorFunction) => ({
    tools: [new Agent({ name: "Inner", instructions: () => say("no words") }).asTool({ toolName: "act", toolDescription: "Acts.", errorFunction })],
  }),
  "a hook of an agent tool": (onModelEnd) => ({
    tools: [new Agent({ name: "Inner" }).asTool({ toolName: "act", toolDescription: "Acts.", hooks: { onModelEnd } })],
  }),
  "getItems of an agent tool": (getItems) => ({
    tools: [new Agent({ name: "Inner" }).asTool({ toolName: "act", toolDescription: "Acts.", session: Object.assign(new MemorySession(), { getItems }) })],
  }),
  "onApproval of hosted MCP": (onApproval) => ({
    calls: "hosted MCP",
    tools: [hostedMcpTool({ serverLabel: "files", serverUrl: "https://files.example/mcp", requireApproval: "always", onApproval })],
  }),
  "execute of a custom tool": (execute) => ({ calls: "custom", tools: [customTool({ name: "act", description: "Acts.", execute })] }),
  "needsApproval of a custom tool": (needsApproval) => ({
    calls: "custom",
    tools: [customTool({ name: "act", description: "Acts.", needsApproval, execute: () => executed.push("act") })],
  }),
  "onApproval of a custom tool": (onApproval) => ({
    calls: "custom",
    tools: [customTool({ name: "act", description: "Acts.", needsApproval: true, onApproval, execute: () => executed.push("act") })],
  }),
  "execute of a shell": (execute) => ({ calls: "shell", tools: [shellTool({ execute })] }),
  "execute of apply_patch": (execute) => ({ calls: "apply_patch", tools: [applyPatchTool({ execute })] }),
  "execute of a computer": (execute) => ({ calls: "computer", tools: [computerTool({ execute, screenshot: () => "" })] }),
  "screenshot of a computer": (screenshot) => ({ calls: "computer", tools: [computerTool({ execute: () => {}, screenshot })] }),
  "onSafetyCheck of a computer": (onSafetyCheck) => ({
    calls: "checked computer",
    tools: [computerTool({ execute: () => executed.push("act"), screenshot: () => "", onSafetyCheck })],
  }),
  "getSessionId": (getSessionId) => ({ options: { session: Object.assign(new MemorySession(), { getSessionId }) } }),
};

let executed = [];

function start(place, callback, baseURL) {
  executed = [];
  const { agent, next, act, handoff: how, options, tools, calls = "act" } = places[place](callback);
  configure({ baseURL });
  const execute = () => {
    executed.push("act");
    return "acted";
  };
  const b = new Agent({ name: "Next", ...next });
  const ours = tools ?? [tool({ name: "act", description: "Acts.", execute, ...act })];
  return runStreamed(new Agent({ name: "First", model: calls, tools: ours, handoffs: [handoff(b, { toolName: "pass", ...how })], ...agent }), "Hi", options);
}

/** Runs with a callback that goes wrong, in each way. */
export async function runs(place, baseURL) {
  const outcomes = {};
  for (const [way, fault] of Object.entries(ways)) {
    let called = 0;
    const result = start(place, () => (called++, fault()), baseURL);
    const outcome = await window.outcome(result);
    outcomes[way] = { ...outcome, called, waits: result.interruptions.length, executed: executed.length };
  }
  return outcomes;
}

/** Runs with a callback that never returns, and cancels the run once it is called. */
export async function cancelled(place, baseURL) {
  let called = 0;
  const result = start(place, () => (called++, queueMicrotask(() => result.cancel()), new Promise(() => {})), baseURL);
  return { ...(await window.outcome(result)), called };
}
