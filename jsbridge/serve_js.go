package jsbridge

import (
	"context"
	"errors"
	"syscall/js"

	"runstream/runner/responses"
)

// Serve carries the runs of the page that started this program, until ctx ends.
// It then stops every run and returns context.Cause(ctx). A program calls it
// once; it fails at once where no page is there to be served.
//
// The page is an object named "runstream" in the program's global scope: its post
// has a function for each message to the page, its exchange sends a request by
// the platform's fetch and reads the answer. Serve adds receive, which takes
// messages from the page, and says that it is ready.
//
// Options give the engine agents, tools and models that are written in Go; two
// of a kind and name are an error.
func Serve(ctx context.Context, options ...Option) error {
	own, err := newRegistry(options)
	if err != nil {
		return err
	}
	page := js.Global().Get("runstream")
	if page.Type() != js.TypeObject {
		return errors.New("jsbridge: there is no page to serve; start this program with the runstream package, as its engine")
	}
	post, exchange, byteArray := page.Get("post"), page.Get("exchange"), js.Global().Get("Uint8Array")
	if post.Type() != js.TypeObject {
		return errors.New("jsbridge: the page is of another release than this program, " + Version + "; serve the files of one")
	}
	e := &engine{
		ctx: ctx,
		own: own,
		// What the page's function throws is the page's to handle.
		post: func(m fromEngine) { _ = try(func() { postTo(post, byteArray, m) }) },
		transport: func(provider providerSpec, token tokenFunc) responses.Transport {
			return &fetchTransport{exchange: exchange, provider: provider, token: token}
		},
	}
	in := newInbox()
	receive := js.FuncOf(func(_ js.Value, args []js.Value) any {
		if len(args) > 0 {
			if m := readMessage(args[0]); m != nil {
				in.put(m)
			}
		}
		return nil
	})
	defer receive.Release()
	page.Set("receive", receive)
	defer page.Set("receive", js.Undefined())
	e.post(readyMessage{Version})
	in.each(ctx, e.handle)
	e.wait()
	return context.Cause(ctx)
}

// postTo calls one of the page's functions. Bytes cross as a Uint8Array of their own,
// which byteArray makes.
func postTo(post, byteArray js.Value, m fromEngine) {
	function, fields := m.crossing()
	for i, field := range fields {
		if bytes, ok := field.([]byte); ok {
			array := byteArray.New(len(bytes))
			js.CopyBytesToJS(array, bytes)
			fields[i] = array
		}
	}
	post.Call(function, fields...)
}
