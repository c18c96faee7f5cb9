// The demo, as a person uses it: index.html and the real development server.
import assert from "node:assert/strict";
import { after, afterEach, before, beforeEach, describe, test, type TestContext } from "node:test";
import type { Browser, BrowserContext, Page } from "puppeteer-core";
import { firefox, openBrowser, patience, picture, soon, until } from "./browser.js";
import { startGoServer, type GoServer } from "./goserver.js";
import { startServer, type Reply, type Script, type TestServer } from "./server.js";
import { frame, message, response } from "./sse.js";

let browser: Browser;
before(async () => {
  browser = await openBrowser();
});
after(() => browser.close());

/** What a tab has complained about, a refused policy and an uncaught error among it. */
const complaints = new WeakMap<Page, string[]>();

async function openDemo(context: BrowserContext, url: string): Promise<Page> {
  const page = await context.newPage();
  const heard: string[] = [];
  complaints.set(page, heard);
  page.on("pageerror", (error) => heard.push(String(error)));
  page.on("console", (entry) => {
    if (entry.type() === "error" && !entry.text().startsWith("Failed to load resource")) heard.push(entry.text());
  });
  await page.goto(url);
  await state(page, "idle", "waiting");
  return page;
}

async function state(page: Page, ...states: string[]): Promise<void> {
  await until(page, (...states) => states.includes(document.body.dataset["state"] ?? ""), ...states);
}

async function send(page: Page, text: string): Promise<void> {
  await page.type("form[data-chat] textarea[name=message]", text);
  await click(page, "form[data-chat] button[type=submit]");
}

/** Clicks once there is something to click that does not move any more. */
async function click(page: Page, selector: string): Promise<void> {
  await page.locator(selector).setTimeout(patience).click();
}

/** Waits until the assistant's last message has this text in it. */
async function answered(page: Page, text: string): Promise<void> {
  await until(
    page,
    (text) => ([...document.querySelectorAll("[data-message=assistant]")].at(-1)?.textContent ?? "").includes(text),
    text,
  );
}

async function present(page: Page, selector: string): Promise<void> {
  await until(page, (selector) => document.querySelector(selector) !== null, selector);
}

async function absent(page: Page, selector: string): Promise<void> {
  await until(page, (selector) => document.querySelector(selector) === null, selector);
}

/** Turns the page into a phone's, which loads it anew. */
async function asPhone(page: Page): Promise<void> {
  await page.setViewport({ width: 390, height: 844, isMobile: true, hasTouch: true });
  await state(page, "idle", "waiting");
}

async function assertNothingSideways(page: Page): Promise<void> {
  const sideways = await page.evaluate(() => document.documentElement.scrollWidth > document.documentElement.clientWidth);
  assert.equal(sideways, false, "a phone has to be scrolled sideways");
}

/** Takes a picture as people with a dark desktop see it. */
async function pictureInTheDark(page: Page, name: string, t: TestContext): Promise<void> {
  if (firefox) return t.diagnostic(`no picture ${name}: Firefox has no command for the dark colour scheme`);
  await page.emulateMediaFeatures([{ name: "prefers-color-scheme", value: "dark" }]);
  await picture(page, name);
}

function textOf(page: Page, selector: string): Promise<string> {
  return page.$eval(selector, (element) => element.textContent ?? "");
}

/** The files that are there. The tool that needs approval takes them away, so they tell whether it has run. */
function files(page: Page): Promise<string[]> {
  return page.$$eval("[data-workspace] li[data-file]", (rows) => rows.map((row) => row.getAttribute("data-file") ?? ""));
}

function events(page: Page): Promise<string[]> {
  return page.$$eval("[data-events] li[data-event]", (entries) => entries.map((entry) => entry.getAttribute("data-event") ?? ""));
}

async function count(page: Page, event: string): Promise<number> {
  return (await events(page)).filter((name) => name === event).length;
}

describe("with the scripted assistant", () => {
  let server: GoServer;
  let context: BrowserContext;
  let page: Page;
  before(async () => {
    server = await startGoServer();
  });
  after(() => server.stop());
  beforeEach(async () => {
    context = await browser.createBrowserContext();
    page = await openDemo(context, server.url);
  });
  afterEach(async () => {
    const heard = await Promise.all((await context.pages()).map((tab) => complaints.get(tab) ?? []));
    await context.close();
    assert.deepEqual(heard.flat(), []);
  });

  test("text arrives in deltas", async () => {
    await send(page, "Tell me a story");
    await answered(page, "more than most of us can say of a Tuesday.");
    await state(page, "idle");
    assert.match(await textOf(page, "[data-message=user]"), /Tell me a story/);
    assert.ok((await count(page, "raw_response_event")) > 0);
  });

  test("the weather takes a handoff and a tool", async (t) => {
    await send(page, "What is the weather in Oslo?");
    await answered(page, "In Oslo it is");
    await state(page, "idle");
    const made = (await events(page)).filter((name) => name !== "raw_response_event" && name !== "reasoning_item_created");
    assert.deepEqual(made, [
      "agent_updated_stream_event", "handoff_requested", "handoff_occured", "agent_updated_stream_event",
      "tool_called", "tool_output", "message_output_created",
    ]);
    const agents = await page.$$eval("[data-message=assistant]", (messages) => messages.map((m) => m.getAttribute("data-agent")));
    assert.equal(agents.at(-1), "Forecaster");
    await picture(page, "answer-light");
    await pictureInTheDark(page, "answer-dark", t);
    await asPhone(page);
    await answered(page, "In Oslo it is");
    await assertNothingSideways(page);
    await picture(page, "answer-phone");
  });

  test("a tool that throws does not end the conversation", async () => {
    await send(page, "What is the weather in Atlantis?");
    await answered(page, "I could not find out about Atlantis");
    await state(page, "idle");
    assert.equal(await count(page, "tool_output"), 1);
    assert.equal(await page.$("[data-error]"), null);
  });

  test("characters that disguise an argument are written out", async () => {
    await send(page, "Delete the invoice");
    await present(page, "[data-approval]");
    const shown = await textOf(page, "[data-approval] [data-approval-arguments]");
    assert.match(shown, /invoiceU\+202Efdp\.exe/);
    assert.doesNotMatch(shown, /\u202e/);
  });

  test("always approved, a tool does not ask a second time", async () => {
    await send(page, "Delete the logs");
    await until(page, () => document.querySelectorAll("[data-approval]").length === 2);
    await state(page, "waiting");
    await picture(page, "two-approvals");
    assert.deepEqual((await files(page)).slice(0, 2), ["build.log", "debug.log"]);
    await click(page, "[data-approval] [data-always]");
    await answered(page, "build.log and debug.log are deleted");
    await state(page, "idle");
    assert.equal((await files(page)).some((file) => file.endsWith(".log")), false);
  });

  test("of two calls, one can be approved and one rejected", async () => {
    await send(page, "Delete the logs");
    await until(page, () => document.querySelectorAll("[data-approval]").length === 2);
    await click(page, "[data-approval] [data-approve]");
    await until(page, () => document.querySelectorAll("[data-approval]").length === 1);
    await state(page, "waiting");
    await click(page, "[data-approval] [data-reject]");
    await answered(page, "You said no to debug.log");
    await state(page, "idle");
    const left = await files(page);
    assert.deepEqual([left.includes("build.log"), left.includes("debug.log")], [false, true]);
  });

  describe("asked to delete a file", () => {
    beforeEach(async () => {
      await send(page, "Delete build.log");
      await present(page, "[data-approval]");
      await state(page, "waiting");
    });

    test("it asks first, and says who wants to do what", async (t) => {
      assert.equal(await count(page, "tool_output"), 0);
      assert.ok((await files(page)).includes("build.log"));
      assert.equal(await textOf(page, "[data-approval] [data-approval-tool]"), "delete_file");
      assert.equal(await textOf(page, "[data-approval] [data-approval-arguments]"), '{"path":"build.log"}');
      assert.match(await textOf(page, "[data-approval] [data-approval-agent]"), /Janitor/);
      await picture(page, "approval");
      await pictureInTheDark(page, "approval-dark", t);
      await asPhone(page);
      await present(page, "[data-approval]");
      await assertNothingSideways(page);
      await picture(page, "approval-phone");
    });

    test("approved, it deletes the file once", async () => {
      await click(page, "[data-approval] [data-approve]");
      await answered(page, "build.log is deleted");
      await state(page, "idle");
      await absent(page, "[data-approval]");
      assert.equal(await count(page, "tool_output"), 1);
      assert.equal((await files(page)).includes("build.log"), false);
    });

    test("rejected with words, it leaves the file and the model reads the words", async () => {
      await page.type("[data-approval] [data-reject-message]", "I still need it");
      await click(page, "[data-approval] [data-reject]");
      await answered(page, "I left build.log alone, because you said: “I still need it”");
      await state(page, "idle");
      assert.ok((await files(page)).includes("build.log"));
    });

    test("a reload brings the question back, and approving goes on", async () => {
      await page.reload();
      await present(page, "[data-approval]");
      await state(page, "waiting");
      assert.ok((await files(page)).includes("build.log"));
      await picture(page, "after-reload");
      await click(page, "[data-approval] [data-approve]");
      await answered(page, "build.log is deleted");
      await state(page, "idle");
      assert.equal(await count(page, "tool_output"), 1);
      assert.equal((await files(page)).includes("build.log"), false);
    });

    test("a second tab can approve, and then the first does not ask any more", async () => {
      const second = await openDemo(context, server.url);
      await click(second, "[data-approval] [data-approve]");
      await answered(second, "build.log is deleted");
      await state(second, "idle");
      assert.equal(await count(second, "tool_output"), 1);
      await page.bringToFront();
      await absent(page, "[data-approval]");
      await answered(page, "build.log is deleted");
      assert.equal((await files(page)).includes("build.log"), false);
    });

    test("a new conversation forgets the question", async () => {
      await click(page, "button[data-reset]");
      await absent(page, "[data-approval]");
      await page.reload();
      await state(page, "idle");
      assert.equal(await page.$("[data-approval]"), null);
    });
  });
});

describe("with a model server behind it", () => {
  const key = "sk-never-seen-by-the-page";
  let upstream: TestServer;
  let context: BrowserContext;
  before(async () => {
    upstream = await startServer();
  });
  after(() => upstream.close());
  beforeEach(async () => {
    context = await browser.createBrowserContext();
  });
  afterEach(() => context.close());

  /** Opens the demo of a server that forwards to a model with these replies. */
  async function withModel(replies: Reply[], use: (page: Page, script: Script) => Promise<void>): Promise<void> {
    const script = upstream.script(...replies);
    const server = await startGoServer({ OPENAI_API_KEY: key, OPENAI_BASE_URL: script.url });
    try {
      const page = await openDemo(context, server.url);
      await use(page, script);
      assert.deepEqual(complaints.get(page), []);
    } finally {
      await server.stop();
    }
  }

  test("stopped in the middle, the model server sees the connection close", async () => {
    const events = response(message("Once", " upon"));
    const begun = events.slice(0, events.findIndex((event) => event.type === "response.output_text.delta") + 1);
    await withModel([{ hangAfter: begun }, response(message("And again."))], async (page, script) => {
      await send(page, "Tell me a story");
      await answered(page, "Once");
      await state(page, "running");
      await picture(page, "running");
      await click(page, "button[data-stop]");
      await state(page, "idle");
      assert.equal(await soon(script.requests[0]!.closedByClient, "the connection to close"), true);
      await send(page, "Once more");
      await answered(page, "And again.");
      await state(page, "idle");
    });
  });

  test("the key goes to the model server and nowhere else", async () => {
    await withModel([response(message("Hello."))], async (page, script) => {
      const bodies: Promise<string>[] = [];
      page.on("response", (got) => bodies.push(got.text().catch(() => "")));
      await send(page, "Hello");
      await answered(page, "Hello.");
      await state(page, "idle");
      assert.equal(script.requests[0]!.headers.authorization, `Bearer ${key}`);
      const seen = (await Promise.all(bodies)).join() + (await page.content());
      assert.equal(seen.includes(key), false);
    });
  });

  const failures: Record<string, Reply> = {
    "a server that answers 500": { status: 500, headers: { "retry-after-ms": "1" }, json: { error: { message: "out of <b>order" } } },
    "a malformed stream": { body: frame(response()[0]!) + "data: {not json\n\n" },
  };
  for (const [what, reply] of Object.entries(failures)) {
    test(`${what} is shown, and the next message works`, async () => {
      const retried = "status" in reply ? [reply, reply, reply] : [reply];
      await withModel([...retried, response(message("All is well."))], async (page) => {
        await send(page, "Hello");
        await present(page, "[data-error]");
        await state(page, "idle");
        assert.equal(await page.$("[data-error] b"), null, "a server's words are no markup");
        await picture(page, "status" in reply ? "error" : "error-malformed");
        await send(page, "Hello again");
        await answered(page, "All is well.");
        await state(page, "idle");
      });
    });
  }
});
