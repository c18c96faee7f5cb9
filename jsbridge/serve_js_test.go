package jsbridge

import (
	"context"
	"encoding/json"
	"syscall/js"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"runstream/runner/runnertest"
)

// servePage starts Serve for a page in JavaScript. The page keeps the messages
// in its "messages"; the functions of its "functions" answer calls.
func servePage(t *testing.T, exchange js.Value) (page js.Value, stop func()) {
	t.Helper()
	page = eval(`(() => {
		const page = { version: "test", messages: [], functions: { 0: () => null } };
		const take = (message) => {
			page.messages.push(structuredClone(message));
			if (page.throws) throw new Error("no");
			if (message.type !== "call") return;
			Promise.resolve(JSON.parse(message.args)).then((args) => page.functions[message.fn](...args)).then(
				(value) => value !== undefined && page.receive({ type: "reply", call: message.call, value: JSON.stringify(value) }),
				(error) => page.receive({ type: "reply", call: message.call, error: { name: error.name, message: error.message } }),
			);
		};
		page.post = {
			ready: (version) => take({ type: "ready", version }),
			events: (run, batch) => take({ type: "events", run, batch }),
			call: (run, call, fn, args) => take({ type: "call", run, call, fn, args }),
			snapshot: (run, snapshot) => take({ type: "snapshot", run, snapshot }),
			endCall: (call) => take({ type: "end", call }),
			endRun: (run, snapshot, error) => take({ type: "end", run, snapshot: snapshot ?? undefined, error: error ?? undefined }),
		};
		page.events = () => page.messages.filter((m) => m.type === "events").flatMap((m) => {
			const events = JSON.parse(new TextDecoder().decode(m.batch)), series = events.pop();
			events.pop();
			for (const [start, end, like, ...fields] of series) {
				for (let i = start; i < end; i++) {
					const values = events[i];
					events[i] = { ...like, ...Object.fromEntries(fields.map((field, n) => [field, values[n]])) };
				}
			}
			return events;
		});
		page.text = () => page.events().filter((e) => e.type === "response.output_text.delta").map((e) => e.delta).join("");
		page.end = (run) => page.messages.find((m) => m.type === "end" && m.run === run);
		return page;
	})()`)
	page.Set("exchange", exchange)
	js.Global().Set("runstream", page)
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error)
	go func() { ended <- Serve(ctx) }()
	waitFor(func() bool { return page.Get("messages").Length() > 0 })
	return page, func() {
		cancel()
		assert.ErrorIs(t, <-ended, context.Canceled)
		js.Global().Delete("runstream")
	}
}

// scriptedExchange answers each request with a turn, one event a chunk.
func scriptedExchange(turns ...runnertest.Turn) js.Value {
	var script [][]string
	for i, turn := range turns {
		var chunks []string
		for _, event := range turn.Events(runnertest.Response{ID: "resp_" + string(rune('1'+i))}) {
			chunks = append(chunks, "data: "+string(event.Data)+"\n\n")
		}
		if turn.Hang {
			chunks = append(chunks, "")
		}
		script = append(script, chunks)
	}
	text, _ := json.Marshal(script)
	return testExchange(`(request, body) => {
		for (const chunk of ` + string(text) + `[exchange.requests.length - 1]) if (chunk === "") request.hangs = true; else request.send(chunk);
		if (!request.hangs) request.close();
		return new Response(body, { headers: { "content-type": "text/event-stream" } });
	}`)
}

func startRun(page js.Value, run int, spec string) {
	page.Call("receive", map[string]any{"type": "run", "run": run, "spec": spec})
}

func waitForEnd(t *testing.T, page js.Value, run int) (end js.Value) {
	t.Helper()
	waitFor(func() bool {
		end = page.Call("end", run)
		return end.Truthy()
	})
	return end
}

func TestServeNeedsAPage(t *testing.T) {
	assert.ErrorContains(t, Serve(t.Context()), "no page")
}

func TestServeCarriesARunWithATool(t *testing.T) {
	allReleased := watchFuncs(t)
	exchange := scriptedExchange(
		runnertest.Reply(runnertest.ToolCall("remove", "call_1", `{"path":"é"}`)),
		runnertest.Reply(runnertest.Message("It is done, Müller ✓.")),
	)
	page, stop := servePage(t, exchange)
	first := page.Get("messages").Index(0)
	assert.Equal(t, "ready", textOf(first, "type"))
	assert.Equal(t, Version, textOf(first, "version"))
	page.Get("functions").Set("1", eval(`(info) => ({ removed: JSON.parse(info.arguments).path })`))
	page.Get("functions").Set("2", eval(`() => "tok"`))
	startRun(page, 1, `{"agents":[{"name":"Janitor","tools":[{"type":"function","name":"remove","description":"","parameters":{},"execute":{"fn":1}}]}],
		"input":{"text":"Tidy up"},"provider":{"baseURL":"https://models.example/v1","token":{"fn":2}}}`)
	end := waitForEnd(t, page, 1)
	require.Equal(t, "", textOf(field(end, "error"), "message"))
	snapshot := make([]byte, end.Get("snapshot").Length())
	js.CopyBytesToGo(snapshot, end.Get("snapshot"))
	now := readSnapshot(t, snapshot)
	assert.Equal(t, "It is done, Müller ✓.", now.FinalOutput)
	assert.Equal(t, "It is done, Müller ✓.", page.Call("text").String())
	requests := exchange.Get("requests")
	require.Equal(t, 2, requests.Length())
	assert.Contains(t, requests.Index(1).Get("body").String(), `{\"removed\":\"é\"}`)
	assert.Equal(t, "Bearer tok", requests.Index(1).Get("headers").Get("authorization").String())

	page.Call("receive", map[string]any{"type": "release", "run": 1})
	stop()
	settlePromises(t)
	allReleased()
}

func TestServeStopsARunInTheMiddleOfItsStream(t *testing.T) {
	allReleased := watchFuncs(t)
	turn := runnertest.Reply(runnertest.Message("Hello there."))
	turn.Hang = true
	exchange := scriptedExchange(turn)
	page, stop := servePage(t, exchange)
	startRun(page, 1, plainAgent)
	waitFor(func() bool { return page.Call("text").String() == "Hello there." })
	page.Call("receive", map[string]any{"type": "cancel", "run": 1, "mode": "immediate"})
	end := waitForEnd(t, page, 1)
	assert.True(t, end.Get("error").IsUndefined())
	waitFor(func() bool { return exchange.Get("requests").Index(0).Get("aborted").Truthy() })
	stop()
	settlePromises(t)
	allReleased()
}

func TestServeStopsEveryRunWhenItEnds(t *testing.T) {
	turn := runnertest.Reply(runnertest.Message("Hello there."))
	turn.Hang = true
	exchange := scriptedExchange(turn, turn)
	page, stop := servePage(t, exchange)
	startRun(page, 1, plainAgent)
	startRun(page, 2, plainAgent)
	waitFor(func() bool { return len(page.Call("text").String()) == 2*len("Hello there.") })
	stop()
	for run := 1; run <= 2; run++ {
		assert.Equal(t, "AbortError", page.Call("end", run).Get("error").Get("name").String())
	}
	assert.True(t, page.Get("receive").IsUndefined())
}

func TestReceiveIgnoresWhatItDoesNotKnow(t *testing.T) {
	exchange := scriptedExchange(runnertest.Reply(runnertest.Message("Hello.")))
	page, stop := servePage(t, exchange)
	defer stop()
	thrown := eval(`(page) => {
		try { for (const m of [[], [undefined], [null], [7], ["run"], [{}], [{ type: "tomorrow" }], [{ type: "run" }], [{ type: "cancel" }], [{ type: "reply" }], [{ type: "release" }]]) page.receive(...m); }
		catch (error) { return String(error); }
	}`).Invoke(page)
	assert.True(t, thrown.IsUndefined(), "receive never throws")
	startRun(page, 1, plainAgent)
	assert.True(t, waitForEnd(t, page, 1).Get("error").IsUndefined())
}

func TestAPageThatThrowsDoesNotEndTheEngine(t *testing.T) {
	page, stop := servePage(t, scriptedExchange(runnertest.Reply(runnertest.Message("Hello.")), runnertest.Reply(runnertest.Message("Hello."))))
	defer stop()
	page.Set("throws", true)
	for run := 1; run <= 2; run++ {
		startRun(page, run, plainAgent)
		waitForEnd(t, page, run)
	}
}

func TestErrorsReachThePageWithTheirName(t *testing.T) {
	page, stop := servePage(t, testExchange(`() => { throw new TypeError("Failed to fetch"); }`))
	defer stop()
	startRun(page, 1, `{"agents":[{"name":"A"}],"input":{"text":"Hi"},"provider":{"baseURL":"https://models.example","maxRetries":0}}`)
	failure := waitForEnd(t, page, 1).Get("error")
	assert.Equal(t, "APIConnectionError", failure.Get("name").String())
	assert.Equal(t, "api_connection_error", failure.Get("code").String())
	assert.Equal(t, "TypeError", failure.Get("cause").Get("name").String())

}
