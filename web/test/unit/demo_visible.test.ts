// What the demo shows for approval is what the model wrote.
import assert from "node:assert/strict";
import { test } from "node:test";
import { indent } from "../../demo/visible.js";

const long = { path: "a".repeat(50), nested: { list: [1, "two", null, { '"quoted"': "{not, [a] bracket}" }], empty: {} } };

test("long JSON gets line breaks and keeps its value", () => {
  const text = JSON.stringify(long);
  assert.match(indent(text), /\n {2}"nested":/);
  assert.deepEqual(JSON.parse(indent(text)), long);
});

test("indenting adds nothing but space, whatever the text is", () => {
  const pad = "x".repeat(60);
  for (const text of [
    `{"path":"a","path":"b","${pad}":12345678901234567890}`,
    `}}]]${pad}{"never closed`,
    `${pad}"ends in a backslash\\`,
    `{"a":"\u202e\u200b","b":"\\u202e${pad}"}`,
  ]) {
    assert.equal(indent(text).replace(/\n */g, ""), text);
  }
});

test("short text stays as it is", () => {
  assert.equal(indent('{"path":"a.log"}'), '{"path":"a.log"}');
});
