import { Agent, tool } from "runstream";
import { measure } from "./weather.js";
import type { Workspace } from "./workspace.js";

const CITY = {
  type: "object",
  properties: { city: { type: "string" } },
  required: ["city"],
  additionalProperties: false,
} as const;

const PATH = {
  type: "object",
  properties: { path: { type: "string" } },
  required: ["path"],
  additionalProperties: false,
} as const;

/** The agent that every conversation begins with. `model` is the model's name; the engine's default if undefined. */
export function createTriage(workspace: Workspace, model: string | undefined): Agent {
  const getWeather = tool({
    name: "get_weather",
    description: "Measures the weather of a city, now.",
    parameters: CITY,
    execute: async ({ city }, { signal }) => {
      await sleep(600, signal);
      return measure(city);
    },
  });

  const listFiles = tool({
    name: "list_files",
    description: "Lists the files of the workspace.",
    execute: () => workspace.files(),
  });

  const deleteFile = tool({
    name: "delete_file",
    description: "Deletes one file of the workspace, for good.",
    parameters: PATH,
    needsApproval: true,
    execute: ({ path }) => {
      workspace.delete(path);
      return { deleted: path };
    },
  });

  const forecaster = new Agent({
    name: "Forecaster",
    handoffDescription: "Knows the weather of every city.",
    instructions: "You tell the weather. Ask the tool for every city that is named, all at once. Be brief, in plain text.",
    tools: [getWeather],
    model,
  });

  const janitor = new Agent({
    name: "Janitor",
    handoffDescription: "Looks after the files of the workspace: lists and deletes files.",
    instructions:
      "You look after the files of the workspace. Before you delete, look which files there are. The user is asked for " +
      "every single deletion by the page: do not ask yourself, and accept a no. Be brief, in plain text.",
    tools: [listFiles, deleteFile],
    model,
  });

  return new Agent({
    name: "Triage",
    instructions:
      "You welcome the user. Hand questions about the weather and everything about files to the specialist; answer the " +
      "rest yourself, briefly, in plain text.",
    handoffs: [forecaster, janitor],
    model,
  });
}

function sleep(milliseconds: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(resolve, milliseconds);
    signal.addEventListener("abort", () => {
      clearTimeout(timer);
      reject(signal.reason as Error);
    });
  });
}
