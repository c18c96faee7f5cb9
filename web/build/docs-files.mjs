// Holds the guides to the files they show: a block below `<!-- path -->` must be in that file, word for word. Every block of
// TypeScript is from a file that the tests compile and run, and is whole: it starts with a statement and ends with one.
// Links lead to a file, and to a heading where they name one.
import { existsSync, readFileSync, readdirSync } from "node:fs";

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

const pages = ["README.md", ...readdirSync(new URL("docs/", root), { recursive: true }).map((name) => `docs/${name}`)];
for (const page of pages.filter((name) => name.endsWith(".md"))) {
  const address = new URL(page, root);
  for (const [, target] of readFileSync(address, "utf8").replace(/^```.*?^```$/gms, "").matchAll(/\]\(([^)\s]+)\)/g)) {
    const { protocol, hash, href } = new URL(target, address);
    if (protocol !== "file:" || leads(href.replace(hash, ""), hash.slice(1))) continue;
    console.error(`${page} links to ${target}, which is not there`);
    failed = true;
  }
}
process.exit(failed ? 1 : 0);

function leads(file, heading) {
  if (!existsSync(new URL(file))) return false;
  return heading === "" || headings(new URL(file)).has(heading);
}

/** The anchors of a page, as GitHub makes them. */
function headings(file) {
  const found = new Set();
  for (const [, title] of readFileSync(file, "utf8").replace(/^```.*?^```$/gms, "").matchAll(/^#+ (.*)$/gm)) {
    const anchor = title.replace(/\[([^\]]*)\]\([^)]*\)/g, "$1").toLowerCase().replace(/[^\p{L}\p{N}_ -]/gu, "").replaceAll(" ", "-");
    let name = anchor;
    for (let i = 1; found.has(name); i++) name = `${anchor}-${i}`;
    found.add(name);
  }
  return found;
}

function isWhole(code, file) {
  return `\n\n${file}\n`.split(`\n\n${code}\n\n`).slice(1).some((rest) => /^(\S|$)/.test(rest));
}
