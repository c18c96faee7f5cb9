import { Agent, run, RunState, runStreamed, tool } from "runstream";
import type { RunToolApprovalItem } from "runstream";

const path = { type: "object", properties: { path: { type: "string" } }, required: ["path"] } as const;

const deleteFile = tool({
  name: "delete_file",
  description: "Deletes a file.",
  parameters: path,
  needsApproval: true,
  execute: ({ path }) => `${path} is gone`,
});

const writeFile = tool({
  name: "write_file",
  description: "Writes a file.",
  parameters: path,
  needsApproval: (_, { path }) => !path.startsWith("/drafts/"),
  execute: ({ path }) => `${path} is written`,
});

const agent = new Agent({ name: "Janitor", instructions: "Tidy up.", model: "gpt-5", tools: [deleteFile, writeFile] });

export async function work(task: string, approves: (call: RunToolApprovalItem) => Promise<boolean>): Promise<void> {
  let result = runStreamed(agent, task);
  for (;;) {
    for await (const event of result) {
      if (event.type === "run_item_stream_event" && event.name === "tool_output") console.log(event.item.output);
    }
    if (result.interruptions.length === 0) break;

    const state = result.toState();
    for (const call of state.interruptions) {
      console.log(`${call.agent.name} wants ${call.name} ${call.arguments}`);
      if (await approves(call)) state.approve(call);
      else state.reject(call, { message: "The user wants to keep it." });
    }
    result = runStreamed(agent, state);
  }
  console.log(result.finalOutput);
}

export function askOnPage(call: RunToolApprovalItem): Promise<boolean> {
  const card = document.createElement("form");
  const what = document.createElement("pre");
  const name = call.namespace ? `${call.namespace}.${call.name}` : call.name;
  what.textContent = visible(`${name} ${call.arguments}`);
  card.append(what, button("approve"), button("reject"));
  document.body.append(card);
  return new Promise((resolve) => {
    card.addEventListener("submit", (event) => {
      event.preventDefault();
      card.remove();
      resolve((event.submitter as HTMLButtonElement).value === "approve");
    });
  });
}

function button(value: string): HTMLButtonElement {
  return Object.assign(document.createElement("button"), { value, textContent: value });
}

/** Writes out what a reader cannot see, or what turns text around. */
function visible(text: string): string {
  return text.replace(/[\p{C}\p{Z}\p{Default_Ignorable_Code_Point}\u2800]/gu, (character) => {
    if (character === " ") return character;
    return `⟨U+${character.codePointAt(0)!.toString(16).toUpperCase().padStart(4, "0")}⟩`;
  });
}

export async function approveAll(task: string): Promise<void> {
  const state = (await run(agent, task)).toState();
  for (const call of state.interruptions) state.approve(call, { alwaysApprove: true });
  console.log((await run(agent, state)).finalOutput);
}

export async function sayInstead(task: string, words: string): Promise<void> {
  const state = (await run(agent, task)).toState();
  for (const call of state.interruptions) state.reject(call);
  state.addInput(words);
  console.log((await run(agent, state)).finalOutput);
}

export function keepWhenLeft(state: RunState): void {
  addEventListener("pagehide", () => localStorage.setItem("paused", state.toString()));
}

export async function goOnAfterReload(): Promise<void> {
  const kept = localStorage.getItem("paused");
  if (kept === null) return;
  localStorage.removeItem("paused"); // so that no other tab runs it too
  const state = await RunState.fromString(agent, kept);
  for (const call of state.interruptions) console.log(`still open: ${call.name} ${call.arguments}`);
}
