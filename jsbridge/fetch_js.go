package jsbridge

import (
	"context"
	"io"
	"syscall/js"

	"runstream/runner"
	"runstream/runner/responses"
)

// fetchTransport is a [responses.Transport] over the platform's fetch. It tries
// once.
type fetchTransport struct {
	exchange js.Value // the page's function for it, see Serve
	provider providerSpec
	token    tokenFunc // nil for no Authorization header
	// These serve every request, one after the other: fetch has read init and its
	// headers when it returns. Each value that crosses takes its time.
	init, headers, byteArray js.Value
}

// maxErrorBody bounds how much of an error answer is read, in bytes.
const maxErrorBody = 64 << 10

// Post implements [responses.Transport].
func (t *fetchTransport) Post(ctx context.Context, path string, body []byte) (io.ReadCloser, error) {
	address := newEndpoint(t.provider.BaseURL, path)
	token, err := t.authorization(ctx)
	if ctx.Err() != nil {
		return nil, context.Cause(ctx)
	}
	if err != nil {
		return nil, err
	}
	exchange, err := t.send(address, token, body)
	if err != nil {
		return nil, err
	}
	stop := func() { _ = try(func() { exchange.Call("stop") }) } // whatever listeners throw
	unwatch := context.AfterFunc(ctx, stop)
	promises := newWaiter()
	stream := &bodyStream{ctx: ctx, exchange: exchange, secrets: newSecrets(t.provider.Headers, token), promises: promises, stop: func() { unwatch(); stop(); promises.close() }}
	if err := stream.open(address); err != nil {
		stream.stop()
		return nil, err
	}
	return stream, nil
}

// authorization gives the token for a request, empty where none is sent.
func (t *fetchTransport) authorization(ctx context.Context) (string, error) {
	if t.token == nil {
		return "", nil
	}
	return t.token(ctx)
}

// prepare makes what is the same in every request. A header that cannot be sent
// is named without its value, which may be secret.
func (t *fetchTransport) prepare() error {
	if !t.init.IsUndefined() {
		return nil
	}
	t.byteArray = js.Global().Get("Uint8Array")
	t.headers = js.Global().Get("Headers").New()
	for name, value := range t.provider.Headers {
		if err := t.setHeader(name, value); err != nil {
			return err
		}
	}
	t.headers.Call("set", "Content-Type", "application/json")
	t.headers.Call("set", "Accept", "text/event-stream")
	t.init = js.ValueOf(map[string]any{
		"method": "POST", "headers": t.headers, "credentials": "same-origin", "cache": "no-store", "redirect": "manual",
	})
	return nil
}

func (t *fetchTransport) setHeader(name, value string) error {
	if try(func() { t.headers.Call("set", name, value) }) != nil {
		return &runner.UserError{Message: "the header " + name + " has a name or a value that cannot be sent; check configure"}
	}
	return nil
}

// send sends the request.
func (t *fetchTransport) send(address endpoint, token string, body []byte) (exchange js.Value, err error) {
	if err := t.prepare(); err != nil {
		return exchange, err
	}
	if t.token != nil {
		if err := t.setHeader("Authorization", "Bearer "+token); err != nil {
			return exchange, err
		}
	}
	bytes := t.byteArray.New(len(body))
	js.CopyBytesToJS(bytes, body)
	return t.exchange.Invoke(string(address), t.init, bytes), nil
}

// offline says whether the browser knows that it is.
func offline() bool {
	online := field(js.Global().Get("navigator"), "onLine")
	return online.Type() == js.TypeBoolean && !online.Bool()
}

// bodyStream reads the body of an answer. Only one read is under way at a time.
type bodyStream struct {
	ctx      context.Context
	exchange js.Value
	secrets  secrets
	promises *waiter
	stop     func()
	chunk    js.Value // the one that was read last, of which
	taken    int      // so much is taken
	size     int
	err      error
}

// open waits for the answer. One that is no event stream is an error.
func (b *bodyStream) open(address endpoint) error {
	answer, err := b.promises.await(b.ctx, b.exchange.Get("answer"))
	switch {
	case b.ctx.Err() != nil:
		return context.Cause(b.ctx)
	case err != nil:
		return address.unreachable(offline(), err)
	case answer.IsNull():
		b.err = io.EOF
	case answer.Get("status").IsUndefined():
		b.chunk, b.size = answer, numberOf(answer, "byteLength")
	default:
		return checkResponse(address, answer, b)
	}
	return nil
}

// checkResponse turns an answer that is no event stream into an error.
func checkResponse(address endpoint, response js.Value, body *bodyStream) error {
	header := func(name string) string {
		if value := response.Get("headers").Call("get", name); value.Type() == js.TypeString {
			return value.String()
		}
		return ""
	}
	status := numberOf(response, "status")
	switch {
	case textOf(response, "type") == "opaqueredirect", status >= 300 && status < 400:
		return address.redirects()
	case status < 200 || status > 299:
		// A body that breaks off says less, and its status still says enough.
		text, _ := io.ReadAll(io.LimitReader(body, maxErrorBody))
		if body.ctx.Err() != nil {
			return context.Cause(body.ctx)
		}
		failed := responses.StatusError(status, text, header)
		failed.Message, failed.Code = body.Redact(failed.Message), body.Redact(failed.Code)
		return address.describeStatus(failed, header("content-type"))
	case response.Get("body").Type() != js.TypeObject:
		return &runner.ModelBehaviorError{Message: "the model server answered without a body"}
	}
	return address.checkStream(header("content-type"))
}

// Read implements [io.Reader]. It ends with context.Cause(ctx) as soon as the
// context of the request ends.
func (b *bodyStream) Read(p []byte) (int, error) {
	for b.taken == b.size {
		if b.err != nil {
			return 0, b.err
		}
		b.chunk, b.err = b.nextChunk()
		b.taken, b.size = 0, 0
		if b.err == nil {
			b.size = numberOf(b.chunk, "byteLength")
		}
	}
	part := b.chunk
	if b.taken > 0 {
		part = b.chunk.Call("subarray", b.taken)
	}
	n := js.CopyBytesToGo(p, part)
	b.taken += n
	return n, nil
}

// nextChunk waits for a chunk of the body.
func (b *bodyStream) nextChunk() (js.Value, error) {
	if b.ctx.Err() != nil {
		return js.Undefined(), context.Cause(b.ctx)
	}
	chunk, err := b.promises.await(b.ctx, b.exchange.Call("read"))
	switch {
	case b.ctx.Err() != nil:
		return js.Undefined(), context.Cause(b.ctx)
	case err != nil:
		return js.Undefined(), &runner.APIError{Message: "the connection to the model server broke off: " + err.Error(), Err: err}
	case chunk.IsNull():
		return js.Undefined(), io.EOF
	}
	return chunk, nil
}

// Redact implements [responses.Secretive].
func (b *bodyStream) Redact(text string) string { return b.secrets.redact(text) }

// Close stops the request where it still goes on.
func (b *bodyStream) Close() error {
	b.stop()
	return nil
}
