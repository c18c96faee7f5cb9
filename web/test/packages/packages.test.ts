// The packed package, installed and bundled as its users do, at work in Chromium and in Node.
import assert from "node:assert/strict";
import { execFile, spawn } from "node:child_process";
import { access, readFile } from "node:fs/promises";
import { after, before, describe, test } from "node:test";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import type { Browser } from "puppeteer-core";
import { openBrowser, soon, until } from "../e2e/browser.js";
import { serve, type AppFiles, type AppServer } from "./server.js";

const packages = fileURLToPath(new URL("../../packages", import.meta.url)); // from web/dist/test/packages
const outcome = {
  text: "I hear: It rains in Oslo.",
  names: ["tool_called", "tool_output", "message_output_created"],
  finalOutput: "I hear: It rains in Oslo.",
  kept: ["user", "function_call", "function_call_output", "assistant"],
};

let browser: Browser;
before(async () => {
  browser = await openBrowser();
});
after(() => browser.close());

/** The outcome that a page shows in the end, and the names of the files that it fetched. */
async function visit(url: string, workers: number): Promise<{ readonly files: string[] }> {
  const page = await browser.newPage();
  try {
    const files: string[] = [];
    const mishaps: string[] = [];
    page.on("request", (request) => files.push(new URL(request.url()).pathname.split("/").at(-1)!));
    page.on("pageerror", (error) => mishaps.push(String(error)));
    await page.exposeFunction("mishap", (what: string) => mishaps.push(what));
    await page.evaluateOnNewDocument(() => {
      const { mishap } = window as unknown as { mishap(what: string): void };
      addEventListener("securitypolicyviolation", (event) => mishap(`${event.violatedDirective} forbids ${event.blockedURI} ${event.sample}`));
    });
    await page.goto(url);
    await until(page, () => !!document.querySelector("output")?.textContent);
    const shown = await page.evaluate(() => document.querySelector("output")!.textContent!);
    assert.deepEqual(shown.startsWith("{") ? JSON.parse(shown) : shown, outcome);
    assert.equal(page.workers().length, workers);
    assert.deepEqual(mishaps, []);
    return { files };
  } finally {
    await page.close();
  }
}

const built: { readonly [name: string]: AppFiles & { readonly path?: string } } = {
  vite: { folders: [`${packages}/vite/dist`] },
  vite7: { folders: [`${packages}/vite7/dist`] },
  webpack: { folders: [`${packages}/webpack/dist`, `${packages}/webpack`] },
  esbuild: { folders: [`${packages}/esbuild/dist`, `${packages}/esbuild`] },
  rollup: { folders: [`${packages}/rollup/dist`, `${packages}/rollup`] },
  next: { folders: [`${packages}/next/out`], inlineScripts: true },
  script: { folders: [packages], inlineScripts: true, path: "/script/" },
};

test("what the README links to is in the package", async () => {
  const folder = new URL("node_modules/runstream/", `file://${packages}/`);
  const readme = await readFile(new URL("README.md", folder), "utf8");
  const links = [...readme.matchAll(/\]\((?!https?:)([^)#]+)/g)].map(([, link]) => link!);
  assert(links.length > 10);
  for (const link of links) await access(new URL(link, folder));
});

for (const [name, { path = "/", ...files }] of Object.entries(built)) {
  describe(`${name}, under the strict policy`, () => {
    let server: AppServer;
    before(async () => {
      server = await serve(files);
    });
    after(() => server.close());

    if (name === "next") {
      test("is rendered on the server", async () => {
        assert.match(await (await fetch(server.url)).text(), /imported on the server: 0\./);
      });
    }
    test("runs in a worker", async () => {
      const { files } = await visit(server.url + path, 1);
      if (name === "script") assert.ok(!files.includes("host.js"), "the page fetched what only an engine on the page needs");
    });
    test("runs on the page", async () => {
      await visit(`${server.url}${path}?worker=false`, 0);
    });
  });
}

for (const [name, program] of [["vite", "node_modules/vite"], ["vite7", "vite7/node_modules/vite"]]) {
  describe(`${name}'s development server`, () => {
    let model: AppServer;
    let stop: (() => Promise<void>) | undefined;
    let url: string;

    before(async () => {
      model = await serve({ folders: [] });
      const vite = spawn(process.execPath, [`${packages}/${program}/bin/vite.js`, "--host", "127.0.0.1"], {
        cwd: `${packages}/${name}`,
        env: { ...process.env, NO_COLOR: "1" },
        stdio: ["ignore", "pipe", "inherit"],
      });
      const ended = new Promise<void>((resolve) => vite.once("exit", () => resolve()));
      stop = () => (vite.kill(), ended);
      let said = "";
      const address = new Promise<string>((resolve, reject) => {
        vite.stdout.on("data", (chunk) => {
          said += String(chunk);
          const [address] = /http:\/\/127\.0\.0\.1:\d+\//.exec(said) ?? [];
          if (address) resolve(address);
        });
        void ended.then(() => reject(new Error(`vite ended: ${said}`)));
      });
      url = `${await soon(address, "vite's address")}?baseURL=${model.url}/v1`;
    });
    after(async () => {
      await stop?.();
      await model.close();
    });

    test("runs in a worker", async () => {
      await visit(url, 1);
    });
    test("runs on the page", async () => {
      await visit(`${url}&worker=false`, 0);
    });
  });
}

describe("node", () => {
  const node = async (...args: string[]): Promise<string> =>
    (await promisify(execFile)(process.execPath, args, { cwd: `${packages}/node` })).stdout;

  test("runs in the same process, which then ends by itself", async () => {
    const model = await serve({ folders: [] });
    try {
      assert.deepEqual(JSON.parse(await node("main.js", `baseURL=${model.url}/v1`)), outcome);
    } finally {
      await model.close();
    }
  });

  test("importing touches nothing, as it must not where pages are rendered", async () => {
    assert.equal(await node("import.js"), "Agent, ScriptedModel, runstream.wasm, worker.js\n");
  });
});
