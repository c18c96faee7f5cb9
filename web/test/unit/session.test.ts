import assert from "node:assert/strict";
import { test } from "node:test";
import { MemorySession } from "../../src/session.js";

test("each MemorySession has a name of its own, also on a page that plain http serves", (t) => {
  t.mock.method(crypto, "randomUUID", () => assert.fail("only secure contexts have it"));
  const ids = Array.from({ length: 100 }, () => new MemorySession().getSessionId());
  assert.equal(new Set(ids).size, 100);
  assert.equal(new MemorySession({ sessionId: "one" }).getSessionId(), "one");
});
