// Runs the code of the guides, and holds what the guides say it prints to what it prints.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { after, before, describe, test } from "node:test";
import type { Browser, Page } from "puppeteer-core";
import { assertNoMishaps, openBrowser, openTestPage, until, type Guides } from "./browser.js";
import { startServer, type TestServer } from "./server.js";
import { beginning, call, message, response, type Json } from "./sse.js";

let browser: Browser;
let server: TestServer;
before(async () => {
  [browser, server] = await Promise.all([openBrowser(), startServer()]);
});
after(async () => {
  await browser.close();
  await server.close();
});

/** Tests a guide on a page of its own: every example runs, and every output that the guide shows is printed. */
function guide(name: keyof Guides, define: (page: () => Page, shows: (printed: string) => void) => void): void {
  describe(`docs/${name}.md`, () => {
    let page: Page;
    const text = readFileSync(new URL(`../../../../docs/${name}.md`, import.meta.url), "utf8"); // from web/dist/test/e2e
    const outputs = [...text.matchAll(/^```text\n(.*?)\n```$/gms)].map(([, output]) => output!);
    const unprinted = new Set(outputs);
    before(async () => {
      page = await openTestPage(browser, server.url, "worker");
    });
    after(async () => {
      await assertNoMishaps(page);
      await page.close();
    });

    define(
      () => page,
      (printed) => {
        assert(outputs.includes(printed), `docs/${name}.md has no \`\`\`text block with\n${printed}`);
        unprinted.delete(printed);
      },
    );

    test("every example has run, and printed what the guide shows", async () => {
      assert.deepEqual(await page.evaluate((name) => window.idleExamples(name), name), []);
      assert.deepEqual([...unprinted], []);
    });
  });
}

guide("streaming", (page, shows) => {
  const sunny = () => [response(call("weather", "call_1", { city: "Oslo" })), response(message("It is", " sunny."))];

  test("text is shown as it comes", async () => {
    const { baseURL } = server.script(...sunny());
    const shown = await page().evaluate(async (baseURL) => {
      const { ask } = await window.guide("streaming", baseURL);
      const output = document.createElement("output");
      await ask("How is Oslo?", output);
      return output.childNodes.length === 2 && output.textContent;
    }, baseURL);
    assert.equal(shown, "It is sunny.");
  });

  test("the three kinds of events", async () => {
    const { baseURL } = server.script(...sunny());
    shows(await page().evaluate(async (baseURL) => {
      const { narrate } = await window.guide("streaming", baseURL);
      return window.printed(() => narrate("How is Oslo?"));
    }, baseURL));
  });

  test("what is known at the end", async () => {
    const { baseURL } = server.script(...sunny());
    shows(await page().evaluate(async (baseURL) => {
      const { account } = await window.guide("streaming", baseURL);
      return window.printed(() => account("How is Oslo?"));
    }, baseURL));
  });

  test("a conversation goes on", async () => {
    const script = server.script(response(message("Oslo.")), response(message("700,000.")));
    const printed = await page().evaluate(async (baseURL) => {
      const { converse } = await window.guide("streaming", baseURL);
      return window.printed(() => converse(["Norway's capital?", "How many live there?"]));
    }, script.baseURL);
    assert.equal(printed, "Oslo.\n700,000.");
    assert.deepEqual((script.requests[1]!.body.input as { role: string }[]).map(({ role }) => role), ["user", "assistant", "user"]);
  });

  test("a button stops a run", async () => {
    const script = server.script({ hangAfter: beginning() });
    const running = page().evaluate(async (baseURL) => {
      const { askUntilStopped } = await window.guide("streaming", baseURL);
      const stop = document.createElement("button");
      stop.id = "stop";
      document.body.append(stop);
      return window.printed(() => askUntilStopped("How is Oslo?", stop));
    }, script.baseURL);
    const { closedByClient } = await script.request(0);
    await page().evaluate(() => document.querySelector<HTMLButtonElement>("#stop")!.click());
    assert.match(await running, /stopped$/);
    assert.equal(await closedByClient, true);
  });

  test("a signal stops a run, and its reason is thrown", async () => {
    const { baseURL } = server.script({ hangAfter: beginning() });
    const printed = await page().evaluate(async (baseURL) => {
      const { askWhileShown } = await window.guide("streaming", baseURL);
      const controller = new AbortController();
      const printed = window.printed(() => askWhileShown("How is Oslo?", controller.signal));
      controller.abort(new Error("the panel was closed"));
      return printed;
    }, baseURL);
    assert.match(printed, /stopped: Error: the panel was closed$/);
  });

  test("an error comes last, and what came before stays", async () => {
    const { baseURL } = server.script(...sunny());
    shows(await page().evaluate(async (baseURL) => {
      const { askCarefully } = await window.guide("streaming", baseURL);
      return window.printed(() => askCarefully("How is Oslo?"));
    }, baseURL));
  });
});

guide("approvals", (page, shows) => {
  const remove = (...paths: string[]) => response(...paths.map((path, i) => call("delete_file", `call_${i}`, { path })));
  const outputs = (body: { input: Json }) => (body.input as { output?: string }[]).flatMap(({ output }) => output ?? []);

  test("calls are decided on one by one, and the run goes on", async () => {
    const script = server.script(
      response(
        call("write_file", "call_1", { path: "/drafts/report" }),
        call("delete_file", "call_2", { path: "/logs/a" }),
        call("delete_file", "call_3", { path: "/logs/b" }),
      ),
      response(message("Done.")),
    );
    shows(await page().evaluate(async (baseURL) => {
      const { work } = await window.guide("approvals", baseURL);
      return window.printed(() => work("Tidy up", async (call) => call.arguments.includes("/logs/a")));
    }, script.baseURL));
    assert.deepEqual(outputs(script.requests[1]!.body), ["/drafts/report is written", "/logs/a is gone", "The user wants to keep it."]);
  });

  test("a file that is no draft is asked about, and the card shows what hides", async () => {
    const script = server.script(response(call("write_file", "call_1", { path: "/exe.\u202egpj" })), response(message("Done.")));
    const running = page().evaluate(async (baseURL) => {
      const { askOnPage, work } = await window.guide("approvals", baseURL);
      return window.printed(() => work("Write it", askOnPage));
    }, script.baseURL);
    await until(page(), () => document.querySelector("form") !== null);
    const shown = await page().evaluate(() => {
      const text = document.querySelector("pre")!.textContent;
      document.querySelectorAll("button").forEach((button) => button.value === "approve" && button.click());
      return text;
    });
    assert.equal(shown, 'write_file {"path":"/exe.⟨U+202E⟩gpj"}');
    assert.match(await running, /gpj is written\nDone\.$/);
    assert.equal(await page().evaluate(() => document.querySelector("form")), null);
  });

  test("one approval may hold for later calls", async () => {
    const script = server.script(remove("/a"), response(call("delete_file", "call_9", { path: "/b" })), response(message("Both are gone.")));
    const printed = await page().evaluate(async (baseURL) => {
      const { approveAll } = await window.guide("approvals", baseURL);
      return window.printed(() => approveAll("Remove them"));
    }, script.baseURL);
    assert.equal(printed, "Both are gone.");
    assert.deepEqual(outputs(script.requests[2]!.body), ["/a is gone", "/b is gone"]);
  });

  test("words of the user follow a rejection", async () => {
    const script = server.script(remove("/a"), response(message("I archived it.")));
    const printed = await page().evaluate(async (baseURL) => {
      const { sayInstead } = await window.guide("approvals", baseURL);
      return window.printed(() => sayInstead("Remove it", "Archive it instead."));
    }, script.baseURL);
    assert.equal(printed, "I archived it.");
    const last = (script.requests[1]!.body.input as { output?: string; content?: string }[]).slice(-2);
    assert.match(last[0]!.output!, /not approved/);
    assert.equal(last[1]!.content, "Archive it instead.");
  });

  test("a paused run is kept when the page is left, and found afterwards", async () => {
    const script = server.script(remove("/a"));
    const printed = await page().evaluate(async (baseURL) => {
      const { goOnAfterReload, keepWhenLeft } = await window.guide("approvals", baseURL);
      const { Agent, run, tool } = window.runstream;
      const tools = ["delete_file", "write_file"].map((name) => tool({ name, description: "", needsApproval: true, execute: () => "" }));
      keepWhenLeft((await run(new Agent({ name: "Janitor", model: "gpt-5", tools }), "Remove it")).toState());
      dispatchEvent(new Event("pagehide"));
      return [await window.printed(goOnAfterReload), await window.printed(goOnAfterReload)];
    }, script.baseURL);
    assert.deepEqual(printed, ['still open: delete_file {"path":"/a"}', ""]);
  });
});

guide("sessions", (page, shows) => {
  const contents = (body: { input: Json }) => (body.input as { content: string | { text: string }[] }[]).map(({ content }) => (typeof content === "string" ? content : content[0]!.text));

  test("a conversation is remembered", async () => {
    const script = server.script(response(message("Hello, Ada.")), response(message("Your name is Ada.")));
    shows(await page().evaluate(async (baseURL) => {
      const { chat } = await window.guide("sessions", baseURL);
      return window.printed(() => chat(["I am Ada.", "Who am I?"]));
    }, script.baseURL));
    assert.deepEqual(contents(script.requests[1]!.body), ["I am Ada.", "Hello, Ada.", "Who am I?"]);
  });

  test("a session on a server is read and written, and a message corrected", async () => {
    const script = server.script(response(message("Hello, Ida.")), response(message("Hello, Ada.")));
    const got = await page().evaluate(async (baseURL) => {
      const { rephrase, serverSession } = await window.guide("sessions", baseURL);
      const { Agent, run } = window.runstream;
      let items: unknown[] = [];
      const { fetch } = window;
      // The server that the guide's session asks.
      window.fetch = async (url, { method, body } = {}) => {
        const path = String(url).replace("/conversations/7", "");
        if (path === String(url)) return new Response("", { status: 404 });
        if (method === "POST") items.push(...(JSON.parse(body as string) as unknown[]));
        if (method === "DELETE" && path === "/latest") return Response.json(items.pop() ?? null);
        if (method === "DELETE") items = [];
        return Response.json(method === "GET" ? items.slice(-Number(path.replace("?latest=", ""))) : null);
      };
      const session = serverSession("/conversations/7");
      await run(new Agent({ name: "A", model: "gpt-5" }), "I am Ida.", { session });
      const printed = await window.printed(() => rephrase(session, "I am Ada."));
      const kept = (await session.getItems()).map((item) => item["role"] as string);
      const latest = await session.getItems(1);
      const elsewhere = await Promise.resolve(serverSession("/nowhere").getItems()).then(() => "", String);
      await session.clearSession();
      window.fetch = fetch;
      return { printed, kept, latest: latest.length, elsewhere, left: items.length, id: await session.getSessionId?.() };
    }, script.baseURL);
    assert.deepEqual(got, {
      printed: "Hello, Ada.",
      kept: ["user", "assistant"],
      latest: 1,
      elsewhere: "Error: The conversation's server answered 404.",
      left: 0,
      id: "/conversations/7",
    });
    assert.deepEqual(contents(script.requests[1]!.body), ["I am Ada."]);
  });

  test("a long conversation is read in part, filtered and shortened", async () => {
    const script = server.answering(() => response(message("Yes.")));
    const left = await page().evaluate(async (baseURL) => {
      const { ownWords, recent, shortened } = await window.guide("sessions", baseURL);
      const { Agent, MemorySession, run } = window.runstream;
      const agent = new Agent({ name: "A", model: "gpt-5" });
      const items = Array.from({ length: 101 }, (_, i) => ({ type: "message", role: i % 2 ? "assistant" : "user", content: `${i}` }));
      const session = new MemorySession({ items });
      await run(agent, "recent", { session, ...recent });
      await run(agent, "own words", { session, ...ownWords });
      await run(agent, "shortened", { session, ...shortened });
      return session.getItems().map((item) => item["content"] as string);
    }, script.baseURL);
    const [recent, own] = script.requests.map(({ body }) => contents(body));
    assert.equal(recent!.length, 21);
    assert.deepEqual(own!.slice(-3), ["100", "recent", "own words"]);
    assert(!own!.includes("99"));
    assert(left.length <= 50);
    assert.equal(left[0], "58");
  });
});
