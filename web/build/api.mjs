// Writes docs/api from the types that the package ships (npx tsc --project tsconfig.types.json). With --check it writes
// nothing and fails where docs/api is not what the types say.
import { mkdirSync, readFileSync, readdirSync, rmSync, writeFileSync } from "node:fs";

const pages = [
  { file: "agents.md", title: "Agents", modules: ["agent", "agent_tool", "context"] },
  { file: "handoffs.md", title: "Handoffs, guardrails and hooks", modules: ["handoff", "guardrails", "hooks"] },
  { file: "tools.md", title: "Function tools and schemas", modules: ["tool", "schema", "schema_types"] },
  { file: "more-tools.md", title: "Tools of other kinds", modules: ["tools"] },
  { file: "runs.md", title: "Runs", modules: ["runner", "options", "result", "view"] },
  { file: "events.md", title: "Events and items", modules: ["events", "items", "item_helpers"] },
  { file: "wire.md", title: "What a model's server sends", modules: ["responses"] },
  { file: "states.md", title: "States and sessions", modules: ["state", "session", "indexeddb_session"] },
  { file: "engine.md", title: "Models and the engine", modules: ["config", "model", "init", "engine_parts", "version", "protocol"] },
  { file: "errors.md", title: "Errors", modules: ["errors"] },
  { file: "testing.md", title: "runstream/testing", entry: "testing", modules: ["testing_model", "testing_response", "testing_cassette"] },
];

const web = new URL("../", import.meta.url);
const folder = new URL("../docs/api/", web);
const faults = [];
const published = { index: exportsOf("index"), testing: exportsOf("testing") };

/** Names that an entry point exports, by module; undefined stands for all of a module's. */
function exportsOf(entry) {
  const found = new Map();
  for (const [, names, module] of read(`src/${entry}.ts`).matchAll(/^export (?:type )?(\*|\{[^}]*\}) from "\.\/(\w+)\.js";$/gms)) {
    const listed = names === "*" ? undefined : names.match(/\w+/g);
    found.set(module, found.has(module) ? [...found.get(module), ...listed] : listed);
  }
  return found;
}

function read(path) {
  return readFileSync(new URL(path, web), "utf8");
}

/** The declarations of a module in their order, with their doc comments. Errors are read from their source, which has the
 * names and codes. */
function declarations(module) {
  const found = [];
  let comment = "";
  let inComment = false;
  for (const line of read(module === "errors" ? "src/errors.ts" : `dist/types/${module}.d.ts`).split("\n")) {
    if (inComment || line.startsWith("/**")) {
      comment = inComment ? `${comment}\n${line}` : line;
      inComment = !line.endsWith("*/");
    } else if (/^[\s{}|]/.test(line) && found.length > 0) {
      if (comment) found.at(-1).lines.push(comment); // of a part of a union
      found.at(-1).lines.push(line);
      comment = "";
    } else if (line !== "" && !/^(import|export \{)/.test(line)) {
      const name = /^(?:export )?(?:declare )?(?:abstract )?(?:class|interface|type|const|function) (\w+)/.exec(line)?.[1];
      if (!name) throw new Error(`${module}: what is declared by "${line}"?`);
      found.push({ name, module, exported: line.startsWith("export "), comment, lines: [line.replace(/^(export )?(declare )?/, "")] });
      comment = "";
    }
  }
  return found;
}

function prose(comment) {
  return comment.replace(/^\/\*\*\s?|\s*\*\/$/g, "").replace(/^ \* ?/gm, "").trim();
}

function code({ lines }) {
  return lines
    .filter((line) => !/^\s+#private;$/.test(line))
    .map((line) => line.replace(/^( {4})+/, (spaces) => spaces.slice(spaces.length / 2)).replace(/\{@link ([\w.]+)\}/g, "`$1`"))
    .join("\n")
    .trimEnd();
}

for (const page of pages) {
  const entry = published[page.entry ?? "index"];
  page.entries = [];
  page.helpers = [];
  for (const module of page.modules) {
    if (!entry.has(module)) faults.push(`web/build/api.mjs: ${module} exports nothing; take it out of ${page.file}`);
    for (const declaration of declarations(module)) {
      const names = entry.get(module);
      const isPublic = declaration.exported && (names === undefined || names.includes(declaration.name));
      (isPublic ? page.entries : page.helpers).push(declaration);
    }
  }
}
for (const [name, entry] of Object.entries(published)) {
  const shown = pages.filter((page) => (page.entry ?? "index") === name).flatMap((page) => page.modules);
  for (const module of entry.keys()) {
    if (!shown.includes(module) && !(name === "testing" && module === "model")) {
      faults.push(`web/build/api.mjs: say which page ${module} of ${name}.ts belongs to`);
    }
  }
}

// Headings that differ in case only get numbers.
const addresses = new Map();
for (const { file, entries } of pages) {
  const anchors = [];
  for (const { name } of entries) {
    const anchor = name.toLowerCase();
    const same = anchors.filter((other) => other === anchor).length;
    anchors.push(anchor);
    addresses.set(name, `${file}#${anchor}${same > 0 ? `-${same}` : ""}`);
  }
}
const link = (name) => `[${name}](${addresses.get(name)})`;

/** The types that a declaration names, in order. Words of its comments and texts do not count. */
function named(text) {
  return [...new Set(text.replace(/\/\*\*.*?\*\/|"[^"]*"/gs, "").match(/\b[A-Z]\w*\b/g))];
}

function section(declaration, helpers) {
  const { name, module, comment } = declaration;
  if (comment === "") faults.push(`web/src/${module}.ts: ${name} is public and has no doc comment`);
  let text = code(declaration);
  for (let i = 0; i < helpers.length; i++) {
    const helper = helpers[i];
    if (helper.module !== module || !named(text).includes(helper.name)) continue;
    text += `\n\n${helper.comment ? `${helper.comment}\n` : ""}${code(helper)}`;
    helpers.splice(i, 1); // shown once
    i = -1;
  }
  const uses = named(text).filter((word) => word !== name && addresses.has(word));
  return [
    `## ${name}`,
    prose(comment).replace(/\{@link (\w+)([.\w]*)\}/g, (_, target, member) => (addresses.has(target) ? `[${target}${member}](${addresses.get(target)})` : target)),
    `\`\`\`ts\n${text}\n\`\`\``,
    ...(uses.length > 0 ? [`Uses ${uses.map(link).join(", ")}.`] : []),
  ].join("\n\n");
}

const generated = "<!-- Written by `make api` from the types in web/src. -->";
const files = new Map(
  pages.map(({ file, title, entries, helpers }) => [
    file,
    `${generated}\n\n# ${title}\n\n[All names](README.md)\n\n${entries.map((entry) => section(entry, helpers)).join("\n\n")}\n`,
  ]),
);
const index = pages.map(({ file, title, entries }) => `## [${title}](${file})\n\n${entries.map(({ name }) => link(name)).join(" · ")}`);
files.set("README.md", `${generated}\n\n# Everything that the package exports\n\n${index.join("\n\n")}\n`);

if (faults.length === 0 && !process.argv.includes("--check")) {
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  for (const [file, text] of files) writeFileSync(new URL(file, folder), text);
}
for (const file of new Set([...files.keys(), ...(faults.length === 0 ? readdirSync(folder) : [])])) {
  if (faults.length === 0 && existing(file) !== files.get(file)) faults.push(`docs/api/${file} is not what the types say: run make api`);
}
function existing(file) {
  try {
    return readFileSync(new URL(file, folder), "utf8");
  } catch {
    return undefined;
  }
}
for (const fault of faults) console.error(fault);
if (faults.length === 0) console.log(`docs/api: ${addresses.size} exports, each with a doc comment`);
process.exit(faults.length > 0 ? 1 : 0);
