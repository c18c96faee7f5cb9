// Holds the guides to the files they show: a block below `<!-- path -->` must be in that file, word for word. Every block of
// TypeScript is from a file that the tests compile and run, and is whole: it starts with a statement and ends with one.
import { readFileSync, readdirSync } from "node:fs";

const root = new URL("../../", import.meta.url);
let failed = false;
for (const name of readdirSync(new URL("docs/", root)).filter((name) => name.endsWith(".md"))) {
  const text = readFileSync(new URL(`docs/${name}`, root), "utf8");
  const blocks = [...text.matchAll(/^<!-- (\S+) -->\n```(\w*)\n(.*?)\n```$/gms)];
  for (const [, path, language, code] of blocks) {
    const file = readFileSync(new URL(path, root), "utf8");
    if (language === "ts" ? isWhole(code, file) : file.includes(code)) continue;
    console.error(`docs/${name} shows what is not in ${path}:\n${code}`);
    failed = true;
  }
  for (const [, code] of text.matchAll(/(?<!^<!-- \S+ -->\n)^```ts\n(.*?)\n```$/gms)) {
    console.error(`docs/${name} does not say which file this is from:\n${code}`);
    failed = true;
  }
  if (blocks.length > 0) console.log(`docs/${name}: ${blocks.length} block(s) are in the files they are taken from`);
}
process.exit(failed ? 1 : 0);

function isWhole(code, file) {
  return `\n\n${file}\n`.split(`\n\n${code}\n\n`).slice(1).some((rest) => /^(\S|$)/.test(rest));
}
