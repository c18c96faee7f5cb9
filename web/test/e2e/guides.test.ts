// Runs the code of the guides, and holds what the guides say it prints to what it prints.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { after, before, describe, test } from "node:test";
import type { Browser, Page } from "puppeteer-core";
import { assertNoMishaps, openBrowser, openTestPage, type Guides } from "./browser.js";
import { startServer, type TestServer } from "./server.js";
import { beginning, call, message, response } from "./sse.js";

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
