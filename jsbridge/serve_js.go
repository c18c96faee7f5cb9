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
// The page is an object named "runstream" in the program's global scope, with
// two functions: post takes messages to the page, fetch is the platform's. Serve
// adds receive, which takes messages from the page, and says that it is ready.
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
	post, fetch := page.Get("post"), page.Get("fetch")
	e := &engine{
		ctx: ctx,
		own: own,
		// What the page's function throws is the page's to handle.
		post: func(m fromEngine) { _ = try(func() { post.Invoke(jsObject(m.object())) }) },
		transport: func(provider providerSpec, token tokenFunc) responses.Transport {
			return &fetchTransport{fetch: fetch, provider: provider, token: token}
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

// jsObject gives bytes as ArrayBuffers, which a worker can hand over without a
// copy; the other values are what js.ValueOf takes.
func jsObject(object map[string]any) map[string]any {
	for key, value := range object {
		if bytes, ok := value.([]byte); ok {
			array := js.Global().Get("Uint8Array").New(len(bytes))
			js.CopyBytesToJS(array, bytes)
			object[key] = array.Get("buffer")
		}
	}
	return object
}
