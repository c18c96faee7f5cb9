// Gives the tests the package as a page has it, and what they would otherwise repeat.
import * as runstream from "/web/dist/index.js";

window.mishaps = [];
addEventListener("unhandledrejection", ({ reason }) => window.mishaps.push(`unhandled rejection: ${reason?.stack ?? reason}`));
addEventListener("error", ({ message }) => window.mishaps.push(`error: ${message}`));
document.addEventListener("securitypolicyviolation", ({ violatedDirective, blockedURI }) =>
  window.mishaps.push(`policy violation: ${violatedDirective} ${blockedURI}`),
);

// An agent with a gated tool. The tool counts its executions for all tabs of the browser.
window.janitor = () =>
  new runstream.Agent({
    name: "Janitor",
    instructions: "Clean.",
    tools: [
      runstream.tool({
        name: "delete_file",
        description: "Deletes a file.",
        parameters: {
          type: "object",
          properties: { path: { type: "string" } },
          required: ["path"],
          additionalProperties: false,
        },
        needsApproval: true,
        execute: async ({ path }) => {
          localStorage.setItem("executions", String(window.executions() + 1));
          return `deleted ${path}`;
        },
      }),
    ],
  });
window.executions = () => Number(localStorage.getItem("executions") ?? 0);

// Reads a run to its end, whatever that is, into plain data.
window.read = async (result) => {
  const events = [];
  let error = null;
  try {
    for await (const event of result) events.push(plain(event));
  } catch (thrown) {
    error = describe(thrown);
  }
  const completed = await result.completed.then(() => null, describe);
  return { events, error, completed };
};

window.outcome = async (result) => {
  const events = result.streamEvents();
  const errors = [];
  const deltas = [];
  for (let asked = 0; asked < 3; asked++) {
    try {
      for (;;) {
        const { done, value } = await events.next();
        if (done) break;
        if (value.type === "raw_response_event" && value.data.type === "response.output_text.delta") deltas.push(value.data.delta);
      }
    } catch (error) {
      errors.push(error);
    }
  }
  const completed = await result.completed.then(() => undefined, (error) => error);
  const [error] = errors;
  return {
    thrown: errors.map(describe),
    same: completed === error && result.error === error && (!(error instanceof runstream.AgentsError) || error.runData === result),
    isComplete: result.isComplete,
    finalOutput: result.finalOutput ?? null,
    deltas,
  };
};

window.breakFetch = async (way) => (await import("/web/test/e2e/broken_fetch.js")).breakFetch(way);

window.counting = () => import("/web/test/e2e/counting.js");

window.faulty = () => import("/web/test/e2e/faulty.js");

// The test engine, /web/dist/test/engine.wasm, crashes and counts on request.
const testEngine = new BroadcastChannel("test engine");
let asked = 0;
window.askEngine = (command) => {
  const id = `${performance.timeOrigin} ${++asked}`;
  const answer = new Promise((resolve) => {
    const listen = ({ data }) => {
      if (data.id !== id || data.command) return;
      testEngine.removeEventListener("message", listen);
      resolve(data);
    };
    if (command === "count") testEngine.addEventListener("message", listen);
    else resolve();
  });
  testEngine.postMessage({ id, command });
  return answer;
};

function plain(event) {
  switch (event.type) {
    case "raw_response_event":
      return { type: event.type, data: event.data };
    case "agent_updated_stream_event":
      return { type: event.type, agent: event.newAgent.name };
    case "run_item_stream_event": {
      const { type, rawItem, agent, output } = event.item;
      return { type: event.type, name: event.name, item: { type, rawItem, agent: agent.name, ...(output !== undefined && { output }) } };
    }
    default:
      return { type: event.type };
  }
}

function describe(error) {
  const { name, message, code, status } = error;
  return { isError: error instanceof Error, name, message, code, status };
}
window.plainError = describe;

// Examples of the guides configure their own server when they are loaded; the test's takes its place.
const examples = {};
const ran = new Set();
window.guide = async (name, baseURL) => {
  examples[name] = await import(`/web/dist/test/guides/${name}.js`);
  runstream.configure({ baseURL });
  return new Proxy({ ...examples[name] }, { get: (guide, example) => (ran.add(`${name} ${example}`), guide[example]) });
};
window.idleExamples = (name) => Object.keys(examples[name]).filter((example) => !ran.has(`${name} ${example}`));

window.printed = async (action) => {
  const lines = [];
  const { log } = console;
  console.log = (...parts) => lines.push(parts.join(" "));
  await action().finally(() => (console.log = log));
  return lines.join("\n");
};

window.load = (address) => import(`${address}/index.js`);
window.loadTesting = () => import("/web/dist/testing.js");

window.runstream = runstream;
