// What every app does: one run with one tool and, in browsers, a session. `where` says where the model is, and where the engine shall be.
import { Agent, IndexedDBSession, MemorySession, configure, init, runStreamed, tool } from "runstream";

export async function run(where) {
  configure({ baseURL: where.get("baseURL") ?? "/v1" });
  if (where.has("worker")) await init({ worker: where.get("worker") === "true" });
  const getWeather = tool({
    name: "get_weather",
    description: "The weather of a city.",
    parameters: { type: "object", properties: { city: { type: "string" } }, required: ["city"] },
    execute: ({ city }) => `It rains in ${city}.`,
  });
  const agent = new Agent({ name: "Weather", instructions: "Be brief.", model: "gpt-5", tools: [getWeather] });
  const session = "indexedDB" in globalThis ? new IndexedDBSession({ sessionId: "weather" }) : new MemorySession();
  await session.clearSession();

  const result = runStreamed(agent, "How is the weather in Oslo?", { session });
  let text = "";
  const names = [];
  for await (const event of result) {
    if (event.type === "run_item_stream_event") names.push(event.name);
    if (event.type === "raw_response_event" && event.data.type === "response.output_text.delta") text += event.data.delta;
  }
  const kept = await session.getItems();
  return { text, names, finalOutput: result.finalOutput, kept: kept.map(({ type, role }) => role ?? type) };
}
