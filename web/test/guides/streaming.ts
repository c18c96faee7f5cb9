import { Agent, AgentsError, configure, runStreamed, tool } from "runstream";

configure({ baseURL: "/v1" }); // your own server, which adds the key

const weather = tool({
  name: "weather",
  description: "Tells the weather of a city.",
  parameters: { type: "object", properties: { city: { type: "string" } }, required: ["city"] },
  execute: ({ city }) => `Sunny in ${city}.`,
});
const agent = new Agent({ name: "Guide", instructions: "Be brief.", model: "gpt-5", tools: [weather] });

export async function ask(question: string, output: HTMLElement): Promise<void> {
  for await (const event of runStreamed(agent, question)) {
    if (event.type === "raw_response_event" && event.data.type === "response.output_text.delta") output.append(event.data.delta);
  }
}

export async function narrate(question: string): Promise<void> {
  for await (const event of runStreamed(agent, question)) {
    switch (event.type) {
      case "agent_updated_stream_event":
        console.log(`${event.newAgent.name} is at work`);
        break;
      case "run_item_stream_event":
        if (event.name === "tool_called") console.log(`calls ${event.item.toolName} ${event.item.rawItem.arguments}`);
        if (event.name === "tool_output") console.log(`got ${event.item.output}`);
        if (event.name === "message_output_created") console.log("wrote a message");
        break;
      case "raw_response_event":
        if (event.data.type === "response.output_text.delta") console.log(`text: ${event.data.delta}`);
    }
  }
}

export async function account(question: string): Promise<void> {
  const result = runStreamed(agent, question);
  for await (const _ of result);
  console.log(result.finalOutput);
  console.log(`${result.currentTurn} model calls, ${result.usage.totalTokens} tokens`);
  console.log(result.newItems.map((item) => item.type).join(", "));
}

export async function converse(questions: readonly string[]): Promise<void> {
  let conversation: object[] = [];
  for (const question of questions) {
    const result = runStreamed(agent, [...conversation, { role: "user", content: question }]);
    for await (const _ of result);
    console.log(result.finalOutput);
    conversation = result.toInputList();
  }
}

export async function askUntilStopped(question: string, stop: HTMLButtonElement): Promise<void> {
  const result = runStreamed(agent, question);
  stop.addEventListener("click", () => result.cancel());
  for await (const event of result) console.log(event.type);
  if (result.finalOutput === undefined) console.log("stopped");
}

export async function askWhileShown(question: string, signal: AbortSignal): Promise<void> {
  try {
    for await (const event of runStreamed(agent, question, { signal })) console.log(event.type);
  } catch (error) {
    if (error !== signal.reason) throw error;
    console.log(`stopped: ${signal.reason}`);
  }
}

export async function askCarefully(question: string): Promise<void> {
  const result = runStreamed(agent, question, { maxTurns: 1 });
  try {
    for await (const _ of result);
  } catch (error) {
    if (!(error instanceof AgentsError)) throw error;
    console.log(`${error.name} (${error.code})`);
    console.log(`before it: ${result.newItems.map((item) => item.type).join(", ")}`);
  }
}
