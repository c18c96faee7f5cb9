package runner

import "runtime/debug"

// recovered turns a panic into an error.
func recovered(err *error) {
	if p := recover(); p != nil {
		*err = &PanicError{Value: p, Stack: debug.Stack()}
	}
}

// safely calls what the application has given where more than the call itself
// would be lost with it: the output of a tool that has run.
func safely(call func() error) (err error) {
	defer recovered(&err)
	return call()
}
