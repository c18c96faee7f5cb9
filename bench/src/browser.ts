import { launch, type Browser, type CDPSession, type Page } from "puppeteer-core";

import type { ContenderPage } from "./contenders.js";
import type { Server } from "./server.js";

const STAY = 5000; // the browser keeps code some seconds after it was compiled

/** One Chromium and what is asked of it. */
export class Chromium {
  readonly version: string;
  readonly #browser: Browser;
  readonly #server: Server;

  private constructor(browser: Browser, server: Server, version: string) {
    this.#browser = browser;
    this.#server = server;
    this.version = version;
  }

  static async open(executablePath: string, server: Server): Promise<Chromium> {
    const browser = await launch({
      executablePath,
      defaultViewport: { width: 1280, height: 800 },
      protocolTimeout: 600_000,
      networkEnabled: false, // no visitor's browser reports each request and chunk to a watcher: some 40 % of a request's time
    });
    return new Chromium(browser, server, await browser.version());
  }

  close(): Promise<void> {
    return this.#browser.close();
  }

  /** A new page of a contender, ready to run. The browser starts a new process for it. */
  async open(contender: ContenderPage): Promise<Page> {
    const page = await this.#browser.newPage();
    await page.goto(`${this.#server.url}/${contender.page}`);
    await page.evaluate(() => window.bench.ready());
    return page;
  }

  /** Loads a page that begins a run at once; gives the time from the navigation's start to its first delta. */
  async firstDelta(address: string, { shaped = false, cold = false }: { readonly shaped?: boolean; readonly cold?: boolean }): Promise<number> {
    // A context of its own has its own process and an empty cache, in memory.
    const context = cold ? await this.#browser.createBrowserContext() : undefined;
    const page = await (context ?? this.#browser).newPage();
    try {
      await page.goto(`${shaped ? this.#server.shapedURL : this.#server.url}/${address}`);
      return await page.evaluate(() => window.bench.first);
    } finally {
      await page.close();
      await context?.close();
    }
  }

  /** Visits a page as on an earlier day: it begins a run, does some work, and stays until the browser has had time to keep
   * its code. */
  async visit(address: string, work: (page: Page) => Promise<void>): Promise<void> {
    const page = await this.#browser.newPage();
    await page.goto(`${this.#server.url}/${address}`);
    await page.evaluate(() => window.bench.first);
    await work(page);
    await new Promise((resolve) => setTimeout(resolve, STAY));
    await page.close();
  }

  /** Opens a page, lets `work` look at it, and closes it, for every contender. */
  async each(contenders: readonly ContenderPage[], work: (page: Page, contender: ContenderPage) => Promise<void>): Promise<void> {
    for (const contender of contenders) {
      const page = await this.open(contender);
      try {
        await work(page, contender);
      } catch (cause) {
        throw new Error(`${contender.title}: ${String(cause)}`, { cause });
      } finally {
        await page.close().catch(() => {}); // where the browser is gone, what went wrong is thrown already
      }
    }
  }
}

/** The main thread's processor time, in milliseconds, that `work` takes. */
export async function busy<T>(page: Page, work: () => Promise<T>): Promise<{ result: T; busy: number }> {
  const session = await page.createCDPSession();
  await session.send("Performance.enable", { timeDomain: "threadTicks" });
  const before = await taskTime(session);
  const result = await work();
  const after = await taskTime(session);
  await session.detach();
  return { result, busy: after - before };
}

async function taskTime(session: CDPSession): Promise<number> {
  const { metrics } = await session.send("Performance.getMetrics");
  const found = metrics.find(({ name }) => name === "TaskDuration");
  if (!found) throw new Error("the browser does not tell TaskDuration");
  return found.value * 1000;
}
