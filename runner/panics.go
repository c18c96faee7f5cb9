package runner

import "runtime/debug"

// recovered turns a panic into an error.
func recovered(err *error) {
	if p := recover(); p != nil {
		*err = &PanicError{Value: p, Stack: debug.Stack()}
	}
}

// errExited is what becomes of a callback that ends its goroutine instead of
// returning: runtime.Goexit does, and so FailNow of a test. Whoever waits for one
// begins with this error.
var errExited = &UserError{Message: "a callback ended its goroutine, as t.FailNow does and all that calls it; return an error instead"}

// safely calls what the application has given where more than the call itself
// would be lost with it: the output of a tool that has run, the end of a span.
func safely(call func() error) (err error) {
	defer recovered(&err)
	return call()
}
