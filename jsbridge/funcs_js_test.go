package jsbridge

import (
	"syscall/js"
	"testing"

	"github.com/stretchr/testify/assert"
)

// eval gives the value of a JavaScript expression.
func eval(expression string) js.Value {
	return js.Global().Call("eval", "("+expression+")")
}

// watchFuncs returns a function that fails the test where a js.Func that was
// made since has not been released. A released one reports a call of it on the
// console, and so tells what it is.
func watchFuncs(t *testing.T) (allReleased func()) {
	t.Helper()
	watch := eval(`() => {
		const proto = Go.prototype, make = proto._makeFuncWrapper, made = [];
		proto._makeFuncWrapper = function (id) { const f = make.call(this, id); made.push(f); return f; };
		return () => {
			proto._makeFuncWrapper = make;
			const error = console.error;
			let released = 0;
			console.error = (text) => { if (text === "call to released function") released++; else error(text); };
			for (const f of made) f();
			console.error = error;
			return [made.length, released];
		};
	}`).Invoke()
	return func() {
		t.Helper()
		counts := watch.Invoke()
		assert.Positive(t, counts.Index(0).Int(), "functions were made")
		assert.Equal(t, counts.Index(0).Int(), counts.Index(1).Int(), "every one of them is released")
	}
}
