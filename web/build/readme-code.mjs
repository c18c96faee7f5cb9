// Writes the TypeScript blocks of the README and the guides to web/dist/readme, where the type check finds them. Those that
// are taken from a file (docs-files.mjs) are checked there.
import { mkdirSync, readFileSync, readdirSync, rmSync, writeFileSync } from "node:fs";

const root = new URL("../../", import.meta.url);
const guides = readdirSync(new URL("docs/", root)).filter((name) => name.endsWith(".md"));
const folder = new URL("web/dist/readme/", root);
rmSync(folder, { recursive: true, force: true });
mkdirSync(folder, { recursive: true });

for (const page of ["README.md", ...guides.map((name) => `docs/${name}`)]) {
  const text = readFileSync(new URL(page, root), "utf8");
  const blocks = [...text.matchAll(/(?<!^<!-- \S+ -->\n)^```ts\n(.*?)^```$/gms)].map(([, code]) => code);
  if (page === "README.md" && blocks.length === 0) {
    throw new Error("README.md has no ```ts block: its example is what the types are checked against");
  }
  const name = page.replace("docs/", "").replace(".md", "").toLowerCase();
  blocks.forEach((code, i) => writeFileSync(new URL(`${name}-${i + 1}.ts`, folder), code));
  if (blocks.length > 0) console.log(`${page}: ${blocks.length} block(s) of TypeScript to check`);
}
