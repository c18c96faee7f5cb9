// Models of the page that go wrong: what they throw, what they yield, and that they never end.
import assert from "node:assert/strict";
import { after, afterEach, before, describe, test } from "node:test";
import type { Page } from "puppeteer-core";
import { assertNoMishaps, openTestPage } from "./browser.js";
import { beginning, message, response } from "./sse.js";
import { browser, server } from "./stage.js";

const whole = response(message("Once", " upon."));

/** What a model does, and the error that it must come to. Deltas that came before are read first. */
const models: { readonly [what: string]: readonly [name: string, says: RegExp, deltas: number] } = {
  "throws when it is asked": ["UserError", /the model failed: no weights/, 0],
  "gives nothing to iterate": ["UserError", /the model failed/, 0],
  "gives what is no iterator": ["UserError", /the model failed/, 0],
  "throws before the first event": ["UserError", /the model failed: no weights/, 0],
  "throws nothing": ["UserError", /the model failed: undefined/, 0],
  "throws what cannot be read": ["UserError", /the model failed: what was thrown cannot be read/, 0],
  "throws in the middle": ["UserError", /the model failed: no weights/, 1],
  "yields what is no result": ["UserError", /the model failed/, 0],
  "yields a text": ["ModelBehaviorError", /./, 1],
  "yields a number": ["ModelBehaviorError", /./, 1],
  "yields null": ["ModelBehaviorError", /./, 1],
  "yields nothing": ["ModelBehaviorError", /./, 1],
  "yields a list": ["ModelBehaviorError", /./, 1],
  "yields an object without a type": ["ModelBehaviorError", /./, 1],
  "yields a type that is no text": ["ModelBehaviorError", /./, 1],
  "yields a circle": ["UserError", /the model failed/, 1],
  "yields what cannot be read": ["UserError", /the model failed/, 1],
  "ends at once": ["ModelBehaviorError", /./, 0],
  "ends in the middle": ["ModelBehaviorError", /./, 1],
};

for (const place of ["worker", "page"] as const) {
  describe(place === "page" ? "engine on the page" : "engine in a worker", () => {
    let page: Page;
    before(async () => {
      page = await openTestPage(browser, server.url, place);
    });
    after(() => page.close());
    afterEach(async () => {
      const next = await page.evaluate(async (whole) => {
        const { Agent, runStreamed } = window.runstream;
        const model = { getStreamedResponse: async function* () { yield* whole as object[]; } };
        return window.outcome(runStreamed(new Agent({ name: "Anyone", model }), "Hi"));
      }, whole);
      assert.deepEqual([next.thrown, next.finalOutput], [[], "Once upon."]);
      await assertNoMishaps(page);
    });

    for (const [what, [name, says, deltas]] of Object.entries(models)) {
      test(`a model that ${what} ends the run`, async () => {
        const outcome = await page.evaluate(
          async (what, begun) => {
            const { Agent, runStreamed } = window.runstream;
            const fail = (): never => {
              throw new TypeError("no weights");
            };
            const revoked = (): object => {
              const { proxy, revoke } = Proxy.revocable({}, {});
              revoke();
              return proxy;
            };
            const circle: { self?: object } = {};
            circle.self = circle;
            /** Yields the first events, and then this. */
            const then = (odd: unknown) => async function* () {
              yield* begun;
              yield odd;
            };
            const ways: { readonly [what: string]: () => unknown } = {
              "throws when it is asked": fail,
              "gives nothing to iterate": () => undefined,
              "gives what is no iterator": () => ({ [Symbol.asyncIterator]: () => 7 }),
              "throws before the first event": async function* () {
                fail();
              },
              "throws nothing": async function* () {
                throw undefined;
              },
              "throws what cannot be read": async function* () {
                throw revoked();
              },
              "throws in the middle": async function* () {
                yield* begun;
                fail();
              },
              "yields what is no result": () => ({ [Symbol.asyncIterator]: () => ({ next: () => undefined }) }),
              "yields a text": then("text"),
              "yields a number": then(7),
              "yields null": then(null),
              "yields nothing": then(undefined),
              "yields a list": then([{ type: "response.completed" }]),
              "yields an object without a type": then({ response: {} }),
              "yields a type that is no text": then({ type: 7 }),
              "yields a circle": then({ type: "response.completed", circle }),
              "yields what cannot be read": then({ type: "response.completed", odd: revoked() }),
              "ends at once": async function* () {},
              "ends in the middle": async function* () {
                yield* begun;
              },
            };
            const model = { getStreamedResponse: ways[what]! as () => AsyncIterable<object> };
            return window.outcome(runStreamed(new Agent({ name: "Anyone", model }), "Hi"));
          },
          what,
          beginning(),
        );
        assert.deepEqual(outcome.thrown.map((error) => [error.isError, error.name]), [[true, name]], JSON.stringify(outcome));
        assert.match(outcome.thrown[0]!.message, says);
        assert.ok(outcome.thrown[0]!.code);
        assert.deepEqual([outcome.same, outcome.isComplete, outcome.finalOutput, outcome.deltas.length], [true, true, null, deltas]);
      });
    }

    for (const how of ["never yields", "stops in the middle", "yields for ever", "yields for ever without a pause", "throws when it is ended"] as const) {
      for (const stop of ["cancel()", "an aborted signal", "leaving the loop"] as const) {
        test(`a model that ${how} and ignores its signal: ${stop} ends the run`, async () => {
          const got = await page.evaluate(
            async (how, stop, begun) => {
              const { Agent, runStreamed } = window.runstream;
              let signal: AbortSignal | undefined;
              let asked!: () => void;
              const begins = new Promise<void>((resolve) => (asked = resolve));
              let yielded = 0;
              const tick = () => new Promise<void>((resolve) => {
                const { port1, port2 } = new MessageChannel();
                port1.onmessage = () => (port1.close(), resolve());
                port2.postMessage(null);
              });
              const next = async (): Promise<IteratorResult<object>> => {
                const value = begun[yielded++];
                if (how === "never yields") return new Promise(() => {});
                if (value) return { value, done: false };
                if (how === "stops in the middle" || how === "throws when it is ended") return new Promise(() => {});
                if (how === "yields for ever") await tick();
                return { value: { type: "response.in_progress" }, done: false };
              };
              const iterator = {
                next,
                return: () => {
                  if (how === "throws when it is ended") throw new TypeError("it goes on");
                  return new Promise<never>(() => {});
                },
              };
              const model = {
                getStreamedResponse: (request: { signal: AbortSignal }) => {
                  signal = request.signal;
                  asked();
                  return { [Symbol.asyncIterator]: () => iterator };
                },
              };
              const controller = new AbortController();
              const result = runStreamed(new Agent({ name: "Anyone", model }), "Hi", { signal: controller.signal });
              const events = result.streamEvents();
              const reading = (async () => {
                while (!(await events.next()).done) continue;
              })().then(() => null, (error: Error) => error.name);
              await begins;
              if (how !== "never yields") while (yielded < begun.length) await tick();
              if (stop === "cancel()") result.cancel();
              else if (stop === "an aborted signal") controller.abort();
              else await events.return?.();
              const error = await reading;
              const completed = await result.completed.then(() => null, (error: Error) => error.name);
              if (!signal!.aborted) await new Promise((resolve) => signal!.addEventListener("abort", resolve));
              const before = yielded;
              for (let i = 0; i < 10; i++) await tick();
              return { error, completed, more: yielded - before, yielded };
            },
            how,
            stop,
            beginning(),
          );
          const error = stop === "an aborted signal" ? "AbortError" : null;
          assert.deepEqual([got.error, got.completed], [error, error]);
          assert.ok(got.more <= 1, `it was asked for ${got.more} events more`);
        });
      }
    }
  });
}
