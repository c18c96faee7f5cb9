// Writes the TypeScript blocks of the README to web/dist/readme, where the type check finds them.
import { mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";

const root = new URL("../../", import.meta.url);
const folder = new URL("web/dist/readme/", root);
rmSync(folder, { recursive: true, force: true });
mkdirSync(folder, { recursive: true });

const text = readFileSync(new URL("README.md", root), "utf8");
const blocks = [...text.matchAll(/^```ts\n(.*?)^```$/gms)].map(([, code]) => code);
if (blocks.length === 0) throw new Error("README.md has no ```ts block: its example is what the types are checked against");
blocks.forEach((code, i) => writeFileSync(new URL(`readme-${i + 1}.ts`, folder), code));
console.log(`README.md: ${blocks.length} block(s) of TypeScript to check`);
