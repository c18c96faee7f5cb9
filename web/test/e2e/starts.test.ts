// Ways to start the engine: each ends in a run that works, or in one typed error that says what was found instead.
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import type { Page } from "puppeteer-core";
import { version } from "../../src/version.js";
import { assertNoMishaps, openTestPage, soon, type PlainError } from "./browser.js";
import { policy, type Answer } from "./server.js";
import { beginning, message, response } from "./sse.js";
import { browser, server } from "./stage.js";

/** Where the engine runs: in the package's worker, in one that the page gives, on the page. */
const places = ["worker", "given", "page"] as const;
type Place = (typeof places)[number];

/** What the page gives as the engine's code. */
type Source = "a string" | "a URL" | "a Response" | "bytes" | "a view of bytes" | "a module";

const html = "<!doctype html><title>Nothing here</title>";

/** What a server answers when asked for the engine, and what an attempt to start it must come to. */
const answers: { readonly [what: string]: { readonly answer: (bytes: Uint8Array) => Answer; readonly says?: RegExp } } = {
  "as application/wasm": { answer: () => ({ type: "application/wasm" }) },
  "as application/wasm; charset=utf-8": { answer: () => ({ type: "application/wasm; charset=utf-8" }) },
  "as application/octet-stream": { answer: () => ({ type: "application/octet-stream" }) },
  "as text/html": { answer: () => ({ type: "text/html" }) },
  "a page for every address": {
    answer: () => ({ type: "text/html; charset=utf-8", body: html }),
    says: /runstream\.wasm is not WebAssembly: it begins with "<!do" and is sent as text\/html/,
  },
  "a page sent as application/wasm": { answer: () => ({ type: "application/wasm", body: html }), says: /runstream\.wasm could not be compiled/ },
  "404 with a page": { answer: () => ({ status: 404, type: "text/html", body: html }), says: /runstream\.wasm was not found.*404 Not Found \(text\/html\)/ },
  "half of the file": {
    answer: (bytes) => ({ type: "application/wasm", body: bytes.subarray(0, bytes.length / 2) }),
    says: /runstream\.wasm could not be compiled.*whole/,
  },
};

interface Attempt {
  readonly place: Place;
  readonly source: Source;
  /** The folder of the package that is asked for the engine. */
  readonly from: string;
}

/** Starts the engine and runs an agent; then ends the engine. */
async function attempt(page: Page, { place, source, from }: Attempt): Promise<PlainError | string> {
  const script = server.script(response(message("It runs.")));
  return page.evaluate(
    async (baseURL, place, source, address) => {
      const { Agent, configure, dispose, init, run } = window.runstream;
      configure({ baseURL });
      const bytes = () => fetch(address).then((response) => response.arrayBuffer());
      const inside = (buffer: ArrayBuffer) => {
        const view = new Uint8Array(buffer.byteLength + 2);
        view.set(new Uint8Array(buffer), 1);
        return view.subarray(1, -1);
      };
      try {
        const wasm =
          source === "a string" ? address
          : source === "a URL" ? new URL(address)
          : source === "a Response" ? await fetch(address)
          : source === "bytes" ? await bytes()
          : source === "a view of bytes" ? inside(await bytes())
          : await WebAssembly.compile(await bytes());
        const worker = place === "given" ? new Worker("/web/dist/worker.js", { type: "module" }) : place === "worker";
        await init({ wasm, worker });
        return (await run(new Agent({ name: "Anyone" }), "Hi")).finalOutput ?? "no output";
      } catch (error) {
        return window.plainError(error);
      } finally {
        dispose();
      }
    },
    script.baseURL,
    place,
    source,
    `${from}/runstream.wasm`,
  );
}

function assertStartError(got: PlainError | string | null, says: RegExp): void {
  assert.ok(got && typeof got === "object", `an error, not ${got}`);
  assert.deepEqual([got.name, got.code], ["EngineStartError", "engine_start"]);
  assert.match(got.message, says);
}

/** The package with another answer for its engine. */
function withEngine(answer: (bytes: Uint8Array) => Answer | undefined): string {
  return server.copy((file, bytes) => (file === "runstream.wasm" ? answer(bytes) : undefined));
}

/** The same bytes with one text in place of another of the same length. */
function reworded(bytes: Uint8Array, from: string, to: string): Uint8Array {
  return Buffer.from(Buffer.from(bytes).toString("latin1").replaceAll(from, to), "latin1");
}

for (const place of places) {
  describe({ worker: "in the package's worker", given: "in a worker of the page's", page: "on the page" }[place], () => {
    let page: Page;
    before(async () => {
      page = await openTestPage(browser, server.url);
    });
    after(async () => {
      await assertNoMishaps(page);
      await page.close();
    });

    for (const source of ["a string", "a URL", "a Response"] as const) {
      for (const [what, { answer, says }] of Object.entries(answers)) {
        test(`${source}, and the server gives ${what}`, async () => {
          const got = await attempt(page, { place, source, from: withEngine(answer) });
          if (says) assertStartError(got, says);
          else assert.equal(got, "It runs.");
        });
      }
    }

    for (const source of ["bytes", "a view of bytes", "a module"] as const) {
      test(`${source}`, async () => {
        assert.equal(await attempt(page, { place, source, from: server.copy() }), "It runs.");
      });
    }

    test("bytes that are a page", async () => {
      const got = await attempt(page, { place, source: "bytes", from: withEngine(() => ({ body: html })) });
      assertStartError(got, /given as wasm is not WebAssembly: it begins with "<!do"/);
    });

    test("a module that is another program", async () => {
      const empty = new Uint8Array([0, 97, 115, 109, 1, 0, 0, 0]);
      const got = await attempt(page, { place, source: "a module", from: withEngine(() => ({ body: empty })) });
      assertStartError(got, /is not runstream's engine.*same release/);
    });

    test("an address that cannot be fetched", async () => {
      const got = await attempt(page, { place, source: "a string", from: withEngine(() => ({ broken: true })) });
      assertStartError(got, /runstream\.wasm could not be fetched/);
    });

    test("an engine of another version names both", async () => {
      const from = withEngine((bytes) => ({ body: reworded(bytes, version, "9.9.9") }));
      const got = await attempt(page, { place, source: "a string", from });
      assertStartError(got, new RegExp(`This page has runstream ${version}, its engine is 9\\.9\\.9`));
    });

    test("a first start that fails, and a second one that is asked for", async () => {
      let asked = 0;
      const from = withEngine(() => (++asked === 1 ? { status: 503, type: "text/plain", body: "busy" } : undefined));
      assertStartError(await attempt(page, { place, source: "a URL", from }), /503 Service Unavailable/);
      assert.equal(await attempt(page, { place, source: "a URL", from }), "It runs.");
      assert.equal(asked, 2);
    });
  });
}

for (const place of ["worker", "page"] as const) {
  describe(place === "page" ? "the package's own engine, on the page" : "the package's own engine, in its worker", () => {
    let page: Page;
    before(async () => {
      page = await openTestPage(browser, server.url);
    });
    after(async () => {
      await assertNoMishaps(page);
      await page.close();
    });

    test("many calls of init and run at once start one engine; other options are refused", async () => {
      let asked = 0;
      const from = withEngine(() => void asked++);
      const script = server.script(response(message("One.")), response(message("Two.")));
      const got = await page.evaluate(
        async (address, baseURL, worker) => {
          const { Agent, configure, init, run, dispose } = await window.load(address);
          configure({ baseURL });
          await Promise.all([init({ worker }), init(), init({ worker }), run(new Agent({ name: "Anyone" }), "Hi")]);
          await init({ worker, wasm: undefined });
          const refused = await init({ worker, wasm: "/other.wasm" }).catch(window.plainError);
          const { finalOutput } = await run(new Agent({ name: "Anyone" }), "Hi");
          dispose();
          return { refused: refused?.name, finalOutput };
        },
        from,
        script.baseURL,
        place === "worker",
      );
      assert.deepEqual(got, { refused: "UserError", finalOutput: "Two." });
      assert.equal(asked, 1);
    });

    test("runs that wait for a start that fails each get an error; the next run starts it again", async () => {
      let asked = 0;
      const from = withEngine(() => (++asked === 1 ? { status: 404, type: "text/html", body: html } : undefined));
      const script = server.script(response(message("It runs.")));
      const got = await page.evaluate(
        async (address, baseURL, worker) => {
          const { Agent, configure, init, runStreamed, run, dispose } = await window.load(address);
          configure({ baseURL });
          const agent = new Agent({ name: "Anyone" });
          const started = init({ worker }).catch(window.plainError);
          const results = [runStreamed(agent, "Hi"), runStreamed(agent, "Hi")];
          const errors = await Promise.all(results.map((result) => result.completed.catch((error: unknown) => error)));
          const own = errors.every((error, index) => (error as { runData?: unknown }).runData === results[index]);
          const next = await run(agent, "Hi");
          dispose();
          return { started: await started, errors: errors.map(window.plainError), own, finalOutput: next.finalOutput };
        },
        from,
        script.baseURL,
        place === "worker",
      );
      for (const error of [got.started, ...got.errors]) assertStartError(error ?? null, /404 Not Found/);
      assert.deepEqual([got.own, got.finalOutput, asked], [true, "It runs.", 2]);
    });

    test("dispose() ends runs that go on, and the next run gets a fresh engine", async () => {
      const script = server.script({ hangAfter: beginning() }, response(message("Fresh.")));
      const got = await page.evaluate(
        async (address, baseURL, worker) => {
          const { Agent, configure, dispose, init, run, runStreamed } = await window.load(address);
          configure({ baseURL });
          dispose();
          await init({ worker });
          const result = runStreamed(new Agent({ name: "Anyone" }), "Hi");
          const thrown: unknown[] = [];
          const events = result.streamEvents();
          for (let delta = false; !delta; ) {
            const { value } = await events.next();
            delta = value?.type === "raw_response_event" && value.data.type === "response.output_text.delta";
          }
          const reading = events.next().catch((error: unknown) => thrown.push(error));
          dispose();
          dispose();
          await reading;
          await events.next().catch((error: unknown) => thrown.push(error));
          const completed = await result.completed.catch((error: unknown) => error);
          const next = await run(new Agent({ name: "Anyone" }), "Hi");
          dispose();
          return { thrown: thrown.map(window.plainError), same: completed === thrown[0], finalOutput: next.finalOutput };
        },
        server.copy(),
        script.baseURL,
        place === "worker",
      );
      assert.deepEqual(got.thrown.map((error) => [error.name, error.code]), [["EngineDisposedError", "engine_disposed"]]);
      assert.match(got.thrown[0]!.message, /dispose\(\)/);
      assert.deepEqual([got.same, got.finalOutput], [true, "Fresh."]);
      assert.equal(await soon(script.requests[0]!.closedByClient, "the connection to close"), true);
    });
  });
}

describe("under a policy that refuses", () => {
  /** A page's run under this policy, which is expected to report what it refuses. */
  async function runUnder(csp: string, worker: boolean) {
    const page = await openTestPage(browser, server.page(csp));
    const script = server.script(response(message("It runs.")));
    const got = await page.evaluate(
      async (baseURL, worker) => {
        const { Agent, configure, init, run } = window.runstream;
        configure({ baseURL });
        try {
          await init({ worker });
          return (await run(new Agent({ name: "Anyone" }), "Hi")).finalOutput ?? null;
        } catch (error) {
          return window.plainError(error);
        }
      },
      script.baseURL,
      worker,
    );
    const mishaps = await page.evaluate(() => window.mishaps);
    assert.deepEqual(mishaps.filter((mishap) => !mishap.startsWith("policy violation")), []);
    await page.close();
    return got;
  }

  test("WebAssembly: the error names the directive", async () => {
    assertStartError(await runUnder(policy.replace(" 'wasm-unsafe-eval'", ""), false), /'wasm-unsafe-eval' in script-src/);
  });

  test("workers: the error names the directive, or the engine runs on the page", async () => {
    const got = await runUnder(policy.replace("worker-src 'self'", "worker-src 'none'"), true);
    if (got !== "It runs.") assertStartError(got, /worker\.js.*worker-src.*worker: false/);
  });

  test("the file of the engine: the error names the directive", async () => {
    assertStartError(await runUnder(policy.replace("connect-src 'self'", "connect-src 'none'"), false), /could not be fetched.*connect-src/);
  });
});

// As for a script of another origin, or in a sandboxed frame.
test("where the browser refuses a worker the engine runs on the page, and says so", async () => {
  const script = server.script(response(message("It runs.")));
  const page = await openTestPage(browser, server.url);
  const got = await page.evaluate(async (baseURL) => {
    const warnings: string[] = [];
    console.warn = (...told: unknown[]) => void warnings.push(told.map(String).join(" "));
    window.Worker = class {
      constructor() {
        throw new DOMException("Scripts of another origin cannot be workers.", "SecurityError");
      }
    } as unknown as typeof Worker;
    const { Agent, configure, run, dispose } = window.runstream;
    configure({ baseURL });
    const { finalOutput } = await run(new Agent({ name: "Anyone" }), "Hi");
    dispose();
    return { finalOutput, warnings };
  }, script.baseURL);
  assert.equal(got.finalOutput, "It runs.");
  assert.equal(got.warnings.length, 1);
  assert.match(got.warnings[0] ?? "", /engine runs on the page.*SecurityError.*another origin/);
  await assertNoMishaps(page);
  await page.close();
});

describe("a worker's file that is not there", () => {
  for (const [what, answer, says] of [
    ["404 with a page", { status: 404, type: "text/html", body: html }, /worker\.js.*could not be started/],
    ["a page for every address", { type: "text/html", body: html }, /worker\.js.*could not be started/],
    ["JavaScript that throws", { body: "throw new Error('not today')" }, /worker\.js.*could not be started.*not today/],
  ] as const) {
    test(`${what}: a typed error, and the next start works`, async () => {
      let asked = 0;
      const from = server.copy((file) => (file === "worker.js" && ++asked === 1 ? answer : undefined));
      const script = server.script(response(message("It runs.")));
      const page = await openTestPage(browser, server.url);
      const got = await page.evaluate(
        async (address, baseURL) => {
          const { Agent, configure, init, run, dispose } = await window.load(address);
          configure({ baseURL });
          const refused = await init().then(() => null, window.plainError);
          const { finalOutput } = await run(new Agent({ name: "Anyone" }), "Hi");
          dispose();
          return { refused, finalOutput };
        },
        from,
        script.baseURL,
      );
      assertStartError(got.refused, says);
      assert.equal(got.finalOutput, "It runs.");
      await assertNoMishaps(page);
      await page.close();
    });
  }
});
