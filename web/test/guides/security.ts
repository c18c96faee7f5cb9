import { Agent, configure, run, RunState, tool, UserError } from "runstream";
import { z } from "zod";

z.config({ jitless: true });

export function signIn(baseURL: string): void {
  configure({
    baseURL,
    getToken: async () => (await fetch("/token", { method: "POST" })).text(),
  });
}

function showAnswer(text: string, output: HTMLElement): void {
  for (const part of text.split(/(https?:\/\/[^\s<>"]+)/)) {
    output.append(/^https?:/.test(part) ? link(part) : part);
  }
}

function link(address: string): HTMLElement {
  return Object.assign(document.createElement("a"), { href: address, textContent: address, rel: "noreferrer", target: "_blank" });
}

const readNote = tool({
  name: "read_note",
  description: "Reads one of the user's notes.",
  parameters: { type: "object", properties: { name: { type: "string" } }, required: ["name"] },
  execute: async ({ name }, { signal }) => {
    const response = await fetch(`/notes/${encodeURIComponent(name)}`, { signal });
    return response.ok ? response.text() : "There is no such note.";
  },
});

const sendMail = tool({
  name: "send_mail",
  description: "Sends an e-mail.",
  parameters: z.object({ to: z.email(), text: z.string().max(10_000) }),
  needsApproval: true,
  execute: async (mail) => (await fetch("/mail", { method: "POST", body: JSON.stringify(mail) })).statusText,
});

const agent = new Agent({ name: "Secretary", model: "gpt-5", tools: [readNote, sendMail] });

export async function work(task: string, output: HTMLElement): Promise<void> {
  const result = await run(agent, task);
  showAnswer(result.finalOutput ?? "", output);
}

export async function load(text: string): Promise<RunState | undefined> {
  try {
    return await RunState.fromString(agent, text);
  } catch (error) {
    if (!(error instanceof UserError)) throw error;
    console.log("The saved run cannot go on.");
    return undefined;
  }
}
