// examples/goagents: a page that runs agents of the engine's own.
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import type { Browser, Page } from "puppeteer-core";
import { openBrowser, until } from "./browser.js";
import { startGoServer, type GoServer } from "./goserver.js";

describe("agents written in Go", () => {
  let browser: Browser;
  let server: GoServer;
  let page: Page;
  before(async () => {
    [browser, server] = await Promise.all([openBrowser(), startGoServer({ PAGE: "examples/goagents/index.html" })]);
    page = await browser.newPage();
    await page.goto(server.url);
  });
  after(async () => {
    await browser.close();
    await server.stop();
  });

  async function ask(question: string): Promise<void> {
    await page.$eval("input", (input, question) => (input.value = question), question);
    await page.click("form button");
  }
  const answered = (text: string): Promise<void> =>
    until(page, (text) => document.querySelector("output")!.value.includes(text), text);
  const noted = (): Promise<string[]> => page.$$eval("ol li", (items) => items.map((item) => item.textContent));

  test("answer, with their tools and their colleagues", async () => {
    await until(page, () => document.querySelector("form button:enabled") !== null);
    await ask("What's the weather in Oslo and Lima?");
    await answered("In Lima it is 13 °C with bright sun.");
    assert.deepEqual((await noted()).filter((text) => text.endsWith("at work")), ["Triage is at work", "Forecaster is at work"]);
    assert.equal((await noted()).filter((text) => text === "tool_output").length, 2);
  });

  test("hand over to an agent of the page, whose tool waits for a decision", async () => {
    await ask("Delete the logs");
    await until(page, () => !document.querySelector<HTMLElement>("[role=group]")!.hidden);
    assert.equal(await page.$eval("[role=group] span", (span) => span.textContent), 'delete_file {"path":"debug.log"}');
    await page.click("[role=group] button[value=approve]");
    await answered("Done");
    await until(page, () => document.querySelector("ol li:last-child")?.textContent === "message_output_created"); // it follows the text
    assert.equal((await noted()).at(-2), "tool_output");
  });
});
