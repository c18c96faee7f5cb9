// Holds the guides to the files they show: a block below `<!-- path -->` must be in that file, word for word.
import { readFileSync, readdirSync } from "node:fs";

const root = new URL("../../", import.meta.url);
let failed = false;
for (const name of readdirSync(new URL("docs/", root)).filter((name) => name.endsWith(".md"))) {
  const text = readFileSync(new URL(`docs/${name}`, root), "utf8");
  const blocks = [...text.matchAll(/^<!-- (\S+) -->\n```\w*\n(.*?)\n```$/gms)];
  for (const [, path, code] of blocks) {
    if (readFileSync(new URL(path, root), "utf8").includes(code)) continue;
    console.error(`docs/${name} shows what is not in ${path}:\n${code}`);
    failed = true;
  }
  if (blocks.length > 0) console.log(`docs/${name}: ${blocks.length} block(s) are in the files they are taken from`);
}
process.exit(failed ? 1 : 0);
