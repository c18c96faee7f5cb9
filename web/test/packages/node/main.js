import { run } from "../app/run.js";

console.log(JSON.stringify(await run(new URLSearchParams(process.argv[2]))));
