import { element } from "./dom.js";

// What a reader cannot see or what turns text around: control and format characters (zero-width ones and direction marks
// among them), unusual spaces and line ends, fillers, variation selectors, private use, halves of surrogate pairs.
const INVISIBLE = "\\p{Cc}\\p{Cf}\\p{Co}\\p{Cs}\\p{Zl}\\p{Zp}\u00a0\u1680\u2000-\u200a\u202f\u205f\u2800\u3000\\p{Default_Ignorable_Code_Point}";

const HIDDEN_IN_DATA = new RegExp(`[${INVISIBLE}]`, "gu");
const HIDDEN_IN_PROSE = /[\p{Cc}\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]/gu;

/** Text that somebody decides on: every character that hides is written out, as "U+202E". A line feed stays one. */
export function data(text: string): (Node | string)[] {
  return marked(text, HIDDEN_IN_DATA);
}

/** Text to read: what could disguise it is written out, and what emoji and scripts are made with is left alone. */
export function prose(text: string): (Node | string)[] {
  return marked(text, HIDDEN_IN_PROSE);
}

function marked(text: string, hidden: RegExp): (Node | string)[] {
  const parts: (Node | string)[] = [];
  let end = 0;
  for (const { 0: character, index } of text.matchAll(hidden)) {
    if (character === "\n") continue;
    const code = `U+${character.codePointAt(0)!.toString(16).toUpperCase().padStart(4, "0")}`;
    if (index > end) parts.push(text.slice(end, index));
    parts.push(element("mark", { title: `the invisible character ${code}` }, code));
    end = index + character.length;
  }
  if (end < text.length) parts.push(text.slice(end));
  return parts;
}

/** JSON text with line breaks and indentation where it is long, and not another character changed: what is shown is what
 * runs. Text that is not JSON comes out readable too. */
export function indent(json: string): string {
  if (json.length <= 60) return json;
  let depth = 0;
  let inString = false;
  let out = "";
  for (let i = 0; i < json.length; i++) {
    const character = json.charAt(i);
    if (inString) {
      out += character;
      if (character === "\\") out += json.charAt(++i);
      else if (character === '"') inString = false;
    } else if (character === '"') {
      inString = true;
      out += character;
    } else if (character === "{" || character === "[") {
      out += character + newLine(++depth);
    } else if (character === "}" || character === "]") {
      out += newLine(--depth) + character;
    } else if (character === ",") {
      out += character + newLine(depth);
    } else {
      out += character;
    }
  }
  return out;
}

const newLine = (depth: number): string => `\n${"  ".repeat(Math.min(Math.max(depth, 0), 20))}`;
