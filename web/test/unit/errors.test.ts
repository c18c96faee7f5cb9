import assert from "node:assert/strict";
import { test } from "node:test";
import { errorFromData, errorToData } from "../../src/error_data.js";
import * as errors from "../../src/errors.js";

test("every class has the name it is exported under, a code, and is rebuilt by its name", () => {
  for (const [name, Class] of Object.entries(errors)) {
    const error = new Class("what happened");
    assert.equal(error.name, name);
    assert.match(error.code, /^[a-z]+(_[a-z]+)*$/);
    const rebuilt = errorFromData({ name, message: "what happened" });
    assert(rebuilt instanceof Class && rebuilt instanceof errors.AgentsError && rebuilt instanceof Error);
    assert.deepEqual([rebuilt.name, rebuilt.code, rebuilt.message], [name, error.code, "what happened"]);
  }
  const codes = Object.values(errors).map((Class) => new Class("").code);
  assert.equal(new Set(codes).size, codes.length);
});

test("an error keeps status, code and cause", () => {
  const error = errorFromData({ name: "NotFoundError", message: "m", code: "model_not_found", status: 404, cause: { name: "Odd", message: "c" } });
  assert(error instanceof errors.NotFoundError && error instanceof errors.APIError);
  assert.deepEqual([error.status, error.code], [404, "model_not_found"]);
  assert(error.cause instanceof errors.AgentsError);
  assert.equal(error.cause.name, "Odd");
});

test("an error of an unknown name keeps it, and is an APIError where a server answered", () => {
  const odd = errorFromData({ name: "BrandNewError", message: "m" });
  assert.equal(odd.constructor, errors.AgentsError);
  assert.equal(odd.name, "BrandNewError");
  const answered = errorFromData({ name: "APIStatusError", message: "m", status: 418 });
  assert(answered instanceof errors.APIError);
  assert.equal(answered.status, 418);
});

test("causes cross to a depth, also where they go round", () => {
  const error = new Error("round");
  error.cause = error;
  assert.equal(JSON.stringify(errorToData(error)).match(/round/g)?.length, 4);
});
