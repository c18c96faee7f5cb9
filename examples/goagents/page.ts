// A page that runs agents of the engine's by their names, and adds one of its own.
import { Agent, configure, engineAgent, init, type RunResultStreaming, runStreamed, type RunToolApprovalItem, tool } from "runstream";

configure({ baseURL: "/v1" });
init({ wasm: new URL("/web/dist/goagents.wasm", location.href) }).catch(() => {}); // a run would say why

const notes = new Set(["shopping.txt", "debug.log"]);
const deleteFile = tool({
  name: "delete_file",
  description: "Deletes one note, for good.",
  parameters: { type: "object", properties: { path: { type: "string" } }, required: ["path"], additionalProperties: false } as const,
  needsApproval: true,
  execute: ({ path }) => ({ deleted: notes.delete(path) ? path : null }),
});
const listFiles = tool({ name: "list_files", description: "Lists the notes.", execute: () => [...notes] });
const janitor = new Agent({
  name: "Janitor",
  handoffDescription: "Looks after the files: lists and deletes them.",
  instructions: "You look after the user's notes.",
  model: "gpt-5",
  tools: [listFiles, deleteFile],
});

// Triage is written in Go, with its instructions, its model and the colleagues that it has there.
const triage = engineAgent("Triage", { handoffs: [janitor] });

const events = document.querySelector("ol")!;
const answer = document.querySelector("output")!;
const decision = document.querySelector<HTMLElement>("[role=group]")!;

document.querySelector("form")!.addEventListener("submit", (event) => {
  event.preventDefault();
  events.replaceChildren();
  void follow(runStreamed(triage, document.querySelector("input")!.value));
});

document.querySelector<HTMLButtonElement>("form button")!.disabled = false;

async function follow(result: RunResultStreaming): Promise<void> {
  answer.value = "";
  try {
    for await (const event of result) {
      if (event.type === "agent_updated_stream_event") note(`${event.newAgent.name} is at work`);
      if (event.type === "run_item_stream_event") note(event.name);
      if (event.type === "raw_response_event" && event.data.type === "response.output_text.delta") answer.value += event.data.delta;
    }
    const [call] = result.interruptions;
    if (call) ask(call, result);
  } catch (error) {
    answer.value = String(error);
  }
}

function ask(call: RunToolApprovalItem, result: RunResultStreaming): void {
  const state = result.toState();
  decision.hidden = false;
  decision.querySelector("span")!.textContent = `${call.name} ${call.arguments}`; // what a model wrote: text, never markup
  for (const button of decision.querySelectorAll("button")) {
    button.onclick = () => {
      decision.hidden = true;
      if (button.value === "approve") state.approve(call);
      else state.reject(call);
      void follow(runStreamed(triage, state));
    };
  }
}

function note(text: string): void {
  events.append(Object.assign(document.createElement("li"), { textContent: text }));
}
