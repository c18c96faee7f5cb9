import { Agent, RunState, runStreamed, tool } from "runstream";

const parameters = { type: "object", properties: { path: { type: "string" } }, required: ["path"] } as const;
const deleteFile = tool({
  name: "delete_file", description: "Deletes a file.", parameters, needsApproval: true,
  execute: async ({ path }, { signal }) => (await fetch(`/files/${path}`, { method: "DELETE", signal })).statusText,
});
const agent = new Agent({ name: "Janitor", instructions: "Tidy up.", model: "gpt-5", tools: [deleteFile] });

export async function pause(): Promise<void> {
  const result = runStreamed(agent, "Remove the logs");
  for await (const event of result) console.log(event.type);
  if (result.interruptions.length > 0) localStorage.setItem("paused", result.toState().toString());
}

/** In another tab, or after a reload. */
export async function goOn(): Promise<void> {
  const paused = localStorage.getItem("paused");
  const state = await RunState.fromString(agent, paused);
  for (const call of state.interruptions) {
    if (confirm(`${call.name} ${call.arguments}`)) state.approve(call);
    else state.reject(call, { message: "Not on a Friday." });
  }
  if (localStorage.getItem("paused") !== paused) return; // another tab was quicker
  localStorage.removeItem("paused"); // nor does a reload run it again
  for await (const event of runStreamed(agent, state)) console.log(event.type);
}
