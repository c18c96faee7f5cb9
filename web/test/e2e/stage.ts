// What every file of browser tests has: one browser and one server, from before its first test to after its last.
import { after, before } from "node:test";
import type { Browser } from "puppeteer-core";
import { openBrowser } from "./browser.js";
import { startServer, type TestServer } from "./server.js";

export let browser: Browser;
export let server: TestServer;

before(async () => {
  [browser, server] = await Promise.all([openBrowser(), startServer()]);
});
after(async () => {
  await browser.close();
  await server.close();
});
