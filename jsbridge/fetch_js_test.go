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

// testFetch makes a fetch that keeps its requests. answer is a JavaScript
// function that gives the Response; its argument has send(text), close() and
// fail(error) for a body, the body itself, and the request's signal.
func testFetch(answer string) js.Value {
	return eval(`(() => {
		const fetch = async (url, init) => {
			const request = { url, init, headers: Object.fromEntries(init.headers), body: new TextDecoder().decode(init.body) };
			fetch.requests.push(request);
			let controller;
			const body = new ReadableStream({ start(c) { controller = c; }, cancel() { request.cancelled = true; } });
			request.send = (text) => controller.enqueue(typeof text === "string" ? new TextEncoder().encode(text) : text);
			request.close = () => controller.close();
			request.fail = (error) => controller.error(error);
			init.signal.addEventListener("abort", () => {
				request.aborted = true;
				try { controller.error(init.signal.reason); } catch {}
			});
			return (` + answer + `)(request, body);
		};
		fetch.requests = [];
		return fetch;
	})()`)
}

const streamed = `(request, body) => new Response(body, { headers: { "content-type": "text/event-stream" } })`

func transportOver(fetch js.Value) *fetchTransport {
	return &fetchTransport{fetch: fetch, provider: providerSpec{BaseURL: "https://models.example/v1"}}
}

func TestFetchSendsOnlyWhatWasConfigured(t *testing.T) {
	fetch := testFetch(streamed)
	transport := transportOver(fetch)
	transport.provider.Headers = map[string]string{"X-Team": "blue", "accept": "no"}
	transport.token = func(context.Context) (string, error) { return "tok", nil }
	stream, err := transport.Post(t.Context(), "/responses", []byte(`{"input":"é"}`))
	require.NoError(t, err)
	require.NoError(t, stream.Close())

	request := fetch.Get("requests").Index(0)
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
	fetch := testFetch(streamed)
	stream, err := transportOver(fetch).Post(t.Context(), "/responses", nil)
	require.NoError(t, err)
	request := fetch.Get("requests").Index(0)

	buf := make([]byte, 4)
	read := func() string {
		n, err := stream.Read(buf)
		require.NoError(t, err)
		return string(buf[:n])
	}
	request.Call("send", "one")
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
	fetch := testFetch(streamed)
	stream, err := transportOver(fetch).Post(t.Context(), "/responses", nil)
	require.NoError(t, err)
	request := fetch.Get("requests").Index(0)
	const size = 300_000
	request.Call("send", eval(`Uint8Array.from({ length: 300000 }, (_, i) => i % 251)`))
	request.Call("close")
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
		fetch := testFetch(`(request) => new Promise((_, reject) => request.init.signal.addEventListener("abort", () => reject(request.init.signal.reason)))`)
		allReleased := watchFuncs(t)
		ctx, stop := context.WithCancelCause(t.Context())
		ended := make(chan error)
		go func() {
			_, err := transportOver(fetch).Post(ctx, "/responses", nil)
			ended <- err
		}()
		waitFor(func() bool { return fetch.Get("requests").Length() == 1 })
		stop(reason)
		assert.ErrorIs(t, <-ended, reason)
		waitFor(func() bool { return fetch.Get("requests").Index(0).Get("aborted").Truthy() })
		settlePromises(t)
		allReleased()
	})
	t.Run("in the body", func(t *testing.T) {
		fetch := testFetch(streamed)
		allReleased := watchFuncs(t)
		ctx, stop := context.WithCancelCause(t.Context())
		stream, err := transportOver(fetch).Post(ctx, "/responses", nil)
		require.NoError(t, err)
		ended := make(chan error)
		go func() {
			_, err := stream.Read(make([]byte, 10))
			ended <- err
		}()
		settlePromises(t)
		stop(reason)
		assert.ErrorIs(t, <-ended, reason)
		waitFor(func() bool { return fetch.Get("requests").Index(0).Get("aborted").Truthy() })
		_, err = stream.Read(make([]byte, 10))
		assert.ErrorIs(t, err, reason)
		require.NoError(t, stream.Close())
		settlePromises(t)
		allReleased()
	})
	t.Run("after the last read", func(t *testing.T) {
		fetch := testFetch(streamed)
		stream, err := transportOver(fetch).Post(t.Context(), "/responses", nil)
		require.NoError(t, err)
		require.NoError(t, stream.Close())
		assert.True(t, fetch.Get("requests").Index(0).Get("aborted").Bool(), "closing lets go of the request")
	})
	t.Run("before anything is sent", func(t *testing.T) {
		fetch := testFetch(streamed)
		ctx, stop := context.WithCancelCause(t.Context())
		stop(reason)
		_, err := transportOver(fetch).Post(ctx, "/responses", nil)
		assert.ErrorIs(t, err, reason)
		assert.Zero(t, fetch.Get("requests").Length())
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
			transport := transportOver(testFetch(tc.answer))
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
	fetch := testFetch(streamed)
	stream, err := transportOver(fetch).Post(t.Context(), "/responses", nil)
	require.NoError(t, err)
	fetch.Get("requests").Index(0).Call("fail", eval(`new TypeError("network error")`))
	_, err = io.ReadAll(stream)
	assert.Equal(t, "APIConnectionError", runner.ErrorName(err))
	assert.ErrorContains(t, err, "broke off: network error")
}

func TestAHeaderThatCannotBeSentIsNotShown(t *testing.T) {
	transport := transportOver(testFetch(streamed))
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
