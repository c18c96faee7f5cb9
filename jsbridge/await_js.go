package jsbridge

import (
	"context"
	"sync"
	"syscall/js"
)

// await parks the goroutine until promise settles. It returns its value, a
// [*pageError], or context.Cause(ctx) as soon as ctx ends; the promise is not
// stopped by that. It must not be called in a callback of JavaScript: nothing
// would ever settle.
func await(ctx context.Context, promise js.Value) (js.Value, error) {
	w := newWaiter()
	defer w.close()
	return w.await(ctx, promise)
}

// waiter awaits promises, one after the other, with the same two callbacks:
// making these is most of what a promise costs.
type waiter struct {
	onValue, onError js.Func
	settled          chan settlement // one slot: settling never blocks

	mu      sync.Mutex
	pending bool // a promise will call back
	closed  bool
}

type settlement struct {
	value js.Value
	err   error
}

func newWaiter() *waiter {
	w := &waiter{settled: make(chan settlement, 1)}
	w.onValue = js.FuncOf(func(_ js.Value, args []js.Value) any { return w.settle(settlement{value: first(args)}) })
	w.onError = js.FuncOf(func(_ js.Value, args []js.Value) any { return w.settle(settlement{err: thrown(first(args))}) })
	return w
}

// await is [await]. After ctx has ended it must not be called again.
func (w *waiter) await(ctx context.Context, promise js.Value) (js.Value, error) {
	w.expect(true)
	if err := try(func() { promise.Call("then", w.onValue, w.onError) }); err != nil {
		w.expect(false)
		return js.Undefined(), err
	}
	select {
	case s := <-w.settled:
		return s.value, s.err
	case <-ctx.Done():
		return js.Undefined(), context.Cause(ctx)
	}
}

// close releases the callbacks once no promise can call them any more.
func (w *waiter) close() {
	w.mu.Lock()
	defer w.mu.Unlock()
	if !w.closed && !w.pending {
		w.release()
	}
	w.closed = true
}

func (w *waiter) settle(s settlement) any {
	w.mu.Lock()
	defer w.mu.Unlock()
	if !w.pending {
		return nil // what is not quite a promise may settle twice
	}
	w.pending = false
	w.settled <- s
	if w.closed {
		w.release()
	}
	return nil
}

func first(args []js.Value) js.Value {
	if len(args) == 0 {
		return js.Undefined()
	}
	return args[0]
}

func (w *waiter) expect(pending bool) {
	w.mu.Lock()
	w.pending = pending
	w.mu.Unlock()
}

func (w *waiter) release() {
	w.onValue.Release()
	w.onError.Release()
}

// try calls do; what JavaScript throws in it becomes a [*pageError].
func try(do func()) (err error) {
	defer func() {
		switch p := recover().(type) {
		case nil:
		case js.Error:
			err = thrown(p.Value)
		default:
			panic(p) // a mistake of this program's
		}
	}()
	do()
	return nil
}

// thrown copies what JavaScript threw. It is read through Reflect, which turns
// a getter that throws into a panic that can be recovered.
func thrown(v js.Value) *pageError {
	data := &errorData{Name: "Error", Message: "something was thrown that is no error"}
	read := func(key string, to *string) {
		defer func() { _ = recover() }() // then it has no such property
		if text := js.Global().Get("Reflect").Call("get", v, key); text.Type() == js.TypeString {
			*to = text.String()
		}
	}
	switch v.Type() {
	case js.TypeString:
		data.Message = v.String()
	case js.TypeObject:
		read("name", &data.Name)
		read("message", &data.Message)
	}
	return &pageError{data}
}
