import assert from "node:assert/strict";
import { test } from "node:test";
import { UserError } from "../../src/errors.js";
import { MemorySession } from "../../src/session.js";

test("each MemorySession has a name of its own, also on a page that plain http serves", (t) => {
  t.mock.method(crypto, "randomUUID", () => assert.fail("only secure contexts have it"));
  const ids = Array.from({ length: 100 }, () => new MemorySession().getSessionId());
  assert.equal(new Set(ids).size, 100);
  assert.equal(new MemorySession({ sessionId: "one" }).getSessionId(), "one");
});

test("a MemorySession keeps copies of items, and nothing that is none", () => {
  const item = { role: "user", content: ["hi"] };
  const session = new MemorySession({ items: [item] });
  session.addItems([item]);
  item.content.push("changed later");
  for (const items of [[null], ["a"], [1n], [undefined], [[]], [{}, 1], 5, undefined] as unknown as object[][]) {
    assert.throws(() => session.addItems(items as []), UserError);
  }
  assert.deepEqual(session.getItems(), Array(2).fill({ role: "user", content: ["hi"] }));
  session.addItems(Array(200_000).fill(item));
  assert.equal(session.getItems().length, 200_002);
});
