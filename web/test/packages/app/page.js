// Runs on a page, which shows the outcome.
import { run } from "./run.js";

export async function show(output) {
  output.textContent = await run(new URLSearchParams(location.search)).then(JSON.stringify, String);
}
