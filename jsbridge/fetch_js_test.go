package jsbridge

import (
	"context"
	"errors"
	"io"
	"syscall/js"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"runstream/runner"
)

// testExchange makes an exchange that keeps its requests, as the package's host
// has it. answer is a JavaScript function that gives the Response; its argument
// has send(text), close() and fail(error) for a body, the body itself, and the
// request's signal.
func testExchange(answer string) js.Value {
	return eval(`(() => {
		const exchange = (url, init, bytes) => {
			const stopping = new AbortController();
			const { signal } = stopping;
			const request = { url, init, signal, headers: Object.fromEntries(init.headers), body: new TextDecoder().decode(bytes) };
			exchange.requests.push(request);
			let controller;
			const body = new ReadableStream({ start(c) { controller = c; } });
			request.send = (text) => controller.enqueue(typeof text === "string" ? new TextEncoder().encode(text) : text);
			request.close = () => controller.close();
			request.fail = (error) => controller.error(error);
			signal.addEventListener("abort", () => {
				request.aborted = true;
				try { controller.error(signal.reason); } catch {}
			});
			let reader, last;
			const read = async () => {
				if (last instanceof Uint8Array) structuredClone(last.buffer, { transfer: [last.buffer] }); // it is good no longer
				const { done, value } = (await reader?.read()) ?? { done: true };
				last = value;
				return done ? null : value;
			};
			const send = async () => {
				const response = await (` + answer + `)(request, body);
				reader = response.body?.getReader();
				const streams = response.ok && reader && response.headers.get("content-type") === "text/event-stream";
				return streams ? read().catch(() => response) : response;
			};
			return { answer: send(), read, stop: () => stopping.abort() };
		};
		exchange.requests = [];
		return exchange;
	})()`)
}

const streamed = `(request, body) => new Response(body, { headers: { "content-type": "text/event-stream" } })`

// streamedFrom makes an exchange that answers with a stream that begins so.
func streamedFrom(first string) js.Value {
	return testExchange(`(request, body) => { request.send(` + first + `); return (` + streamed + `)(request, body); }`)
}

func transportOver(exchange js.Value) *fetchTransport {
	return &fetchTransport{exchange: exchange, provider: providerSpec{BaseURL: "https://models.example/v1"}}
}

func TestFetchSendsOnlyWhatWasConfigured(t *testing.T) {
	exchange := streamedFrom(`"one"`)
	transport := transportOver(exchange)
	transport.provider.Headers = map[string]string{"X-Team": "blue", "accept": "no"}
	transport.token = func(context.Context) (string, error) { return "tok", nil }
	stream, err := transport.Post(t.Context(), "/responses", []byte(`{"input":"é"}`))
	require.NoError(t, err)
	require.NoError(t, stream.Close())

	request := exchange.Get("requests").Index(0)
	assert.Equal(t, "https://models.example/v1/responses", request.Get("url").String())
	assert.Equal(t, `{"input":"é"}`, request.Get("body").String())
	assert.JSONEq(t, `{"accept":"text/event-stream","authorization":"Bearer tok","content-type":"application/json","x-team":"blue"}`,
		js.Global().Get("JSON").Call("stringify", request.Get("headers")).String())
	init := request.Get("init")
	for key, want := range map[string]string{"method": "POST", "credentials": "same-origin", "cache": "no-store", "redirect": "manual"} {
		assert.Equal(t, want, init.Get(key).String())
	}
}

func TestFetchStreamsChunksAsTheyCome(t *testing.T) {
	allReleased := watchFuncs(t)
	exchange := streamedFrom(`"one"`)
	stream, err := transportOver(exchange).Post(t.Context(), "/responses", nil)
	require.NoError(t, err)
	request := exchange.Get("requests").Index(0)

	buf := make([]byte, 4)
	read := func() string {
		n, err := stream.Read(buf)
		require.NoError(t, err)
		return string(buf[:n])
	}
	assert.Equal(t, "one", read(), "before the next chunk is there")
	request.Call("send", "")
	request.Call("send", "long chunk")
	request.Call("close")
	assert.Equal(t, "long", read())
	rest, err := io.ReadAll(stream)
	require.NoError(t, err)
	assert.Equal(t, " chunk", string(rest))
	require.NoError(t, stream.Close())
	allReleased()
}

func TestFetchKeepsEveryByte(t *testing.T) {
	const size = 300_000
	exchange := streamedFrom(`Uint8Array.from({ length: 300000 }, (_, i) => i % 251)`)
	stream, err := transportOver(exchange).Post(t.Context(), "/responses", nil)
	require.NoError(t, err)
	exchange.Get("requests").Index(0).Call("close")
	all, err := io.ReadAll(stream)
	require.NoError(t, err)
	require.Len(t, all, size)
	for i, b := range all {
		require.Equal(t, byte(i%251), b)
	}
}

func TestTheEndOfTheContextReachesFetch(t *testing.T) {
	reason := errors.New("enough")
	rejections := eval(`(() => { const seen = []; addEventListener("unhandledrejection", (e) => seen.push(String(e.reason))); return seen; })()`)

	t.Run("before the answer", func(t *testing.T) {
		exchange := testExchange(`(request) => new Promise((_, reject) => request.signal.addEventListener("abort", () => reject(request.signal.reason)))`)
		allReleased := watchFuncs(t)
		ctx, stop := context.WithCancelCause(t.Context())
		ended := make(chan error)
		go func() {
			_, err := transportOver(exchange).Post(ctx, "/responses", nil)
			ended <- err
		}()
		waitFor(func() bool { return exchange.Get("requests").Length() == 1 })
		stop(reason)
		assert.ErrorIs(t, <-ended, reason)
		waitFor(func() bool { return exchange.Get("requests").Index(0).Get("aborted").Truthy() })
		settlePromises(t)
		allReleased()
	})
	t.Run("in the body", func(t *testing.T) {
		exchange := streamedFrom(`"one"`)
		allReleased := watchFuncs(t)
		ctx, stop := context.WithCancelCause(t.Context())
		stream, err := transportOver(exchange).Post(ctx, "/responses", nil)
		require.NoError(t, err)
		_, err = stream.Read(make([]byte, 10))
		require.NoError(t, err)
		ended := make(chan error)
		go func() {
			_, err := stream.Read(make([]byte, 10))
			ended <- err
		}()
		settlePromises(t)
		stop(reason)
		assert.ErrorIs(t, <-ended, reason)
		waitFor(func() bool { return exchange.Get("requests").Index(0).Get("aborted").Truthy() })
		_, err = stream.Read(make([]byte, 10))
		assert.ErrorIs(t, err, reason)
		require.NoError(t, stream.Close())
		settlePromises(t)
		allReleased()
	})
	t.Run("after the last read", func(t *testing.T) {
		exchange := streamedFrom(`"one"`)
		stream, err := transportOver(exchange).Post(t.Context(), "/responses", nil)
		require.NoError(t, err)
		require.NoError(t, stream.Close())
		assert.True(t, exchange.Get("requests").Index(0).Get("aborted").Bool(), "closing lets go of the request")
	})
	t.Run("before anything is sent", func(t *testing.T) {
		exchange := streamedFrom(`"one"`)
		ctx, stop := context.WithCancelCause(t.Context())
		stop(reason)
		_, err := transportOver(exchange).Post(ctx, "/responses", nil)
		assert.ErrorIs(t, err, reason)
		assert.Zero(t, exchange.Get("requests").Length())
	})
	settlePromises(t)
	assert.Zero(t, rejections.Length(), "no promise is left unhandled")
}

func TestAnswersThatFetchRefuses(t *testing.T) {
	for name, tc := range map[string]struct {
		answer, name, message string
	}{
		"no connection":     {`() => { throw new TypeError("Failed to fetch"); }`, "APIConnectionError", "could not be reached: Failed to fetch. Check that it runs"},
		"a status":          {`() => new Response('{"error":{"message":"slow down","code":"rate_limit"}}', { status: 429, headers: { "retry-after-ms": "250" } })`, "RateLimitError", "slow down"},
		"the token in it":   {`() => new Response('{"error":{"message":"bad key tok-123"}}', { status: 401 })`, "AuthenticationError", "bad key (the token)"},
		"a page not found":  {`() => new Response("<html>", { status: 404, headers: { "content-type": "text/html" } })`, "NotFoundError", "check baseURL"},
		"an endless status": {`(request, body) => { request.send("x".repeat(200000)); return new Response(body, { status: 500 }); }`, "InternalServerError", "answered 500"},
		"a web page":        {`() => new Response("<html>", { headers: { "content-type": "text/html" } })`, "ModelBehaviorError", "a web page"},
		"one document":      {`() => new Response("{}", { headers: { "content-type": "application/json" } })`, "ModelBehaviorError", "must support streaming"},
		"no body":           {`() => new Response(null, { status: 204 })`, "ModelBehaviorError", "without a body"},
		"a redirect":        {`() => ({ type: "opaqueredirect", status: 0, headers: new Headers(), body: null })`, "UserError", "redirects"},
	} {
		t.Run(name, func(t *testing.T) {
			allReleased := watchFuncs(t)
			transport := transportOver(testExchange(tc.answer))
			transport.token = func(context.Context) (string, error) { return "tok-123", nil }
			_, err := transport.Post(t.Context(), "/responses", nil)
			require.Error(t, err)
			assert.Equal(t, tc.name, runner.ErrorName(err))
			assert.ErrorContains(t, err, tc.message)
			var failed *runner.APIError
			if errors.As(err, &failed) && failed.Status == 429 {
				assert.Equal(t, "250ms", failed.RetryAfter.String())
				assert.Equal(t, "rate_limit", failed.Code)
			}
			settlePromises(t)
			allReleased()
		})
	}
}

func TestAConnectionThatBreaksOff(t *testing.T) {
	for name, exchange := range map[string]js.Value{
		"after the head":        testExchange(`(request, body) => { request.fail(new TypeError("network error")); return (` + streamed + `)(request, body); }`),
		"after the first chunk": streamedFrom(`"one"`),
	} {
		t.Run(name, func(t *testing.T) {
			stream, err := transportOver(exchange).Post(t.Context(), "/responses", nil)
			require.NoError(t, err)
			exchange.Get("requests").Index(0).Call("fail", eval(`new TypeError("network error")`))
			_, err = io.ReadAll(stream)
			assert.Equal(t, "APIConnectionError", runner.ErrorName(err))
			assert.ErrorContains(t, err, "broke off: network error")
		})
	}
}

func TestAnEmptyStreamIsAnEnd(t *testing.T) {
	stream, err := transportOver(testExchange(`() => new Response("", { headers: { "content-type": "text/event-stream" } })`)).Post(t.Context(), "/responses", nil)
	require.NoError(t, err)
	all, err := io.ReadAll(stream)
	require.NoError(t, err)
	assert.Empty(t, all)
}

func TestAHeaderThatCannotBeSentIsNotShown(t *testing.T) {
	transport := transportOver(testExchange(streamed))
	transport.token = func(context.Context) (string, error) { return "tok\n123", nil }
	_, err := transport.Post(t.Context(), "/responses", nil)
	assert.Equal(t, "UserError", runner.ErrorName(err))
	assert.ErrorContains(t, err, "Authorization")
	assert.NotContains(t, err.Error(), "123")
}

// settlePromises lets everything run that JavaScript has ready.
func settlePromises(t *testing.T) {
	t.Helper()
	_, err := await(t.Context(), eval(`new Promise((resolve) => { const c = new MessageChannel(); c.port1.onmessage = () => { c.port1.close(); resolve(); }; c.port2.postMessage(0); })`))
	require.NoError(t, err)
}

// waitFor waits until JavaScript has made done true.
func waitFor(done func() bool) {
	for !done() {
		_, _ = await(context.Background(), eval(`new Promise((resolve) => setTimeout(resolve, 1))`))
	}
}
