package jsbridge

import (
	"context"
	"errors"
	"syscall/js"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestAwaitGivesTheValue(t *testing.T) {
	allReleased := watchFuncs(t)
	value, err := await(t.Context(), eval(`Promise.resolve("yes")`))
	require.NoError(t, err)
	assert.Equal(t, "yes", value.String())
	allReleased()
}

func TestAwaitKeepsWhatWasThrown(t *testing.T) {
	for expression, want := range map[string]errorData{
		`Promise.reject(new TypeError("no"))`:                                    {Name: "TypeError", Message: "no"},
		`Promise.reject(new DOMException("gone", "AbortError"))`:                 {Name: "AbortError", Message: "gone"},
		`Promise.reject("a text")`:                                               {Name: "Error", Message: "a text"},
		`Promise.reject(undefined)`:                                              {Name: "Error", Message: "something was thrown that is no error"},
		`Promise.reject({ get name() { throw new Error("trap") }, message: 7 })`: {Name: "Error", Message: "something was thrown that is no error"},
		`{ then() { throw new RangeError("at once") } }`:                         {Name: "RangeError", Message: "at once"},
	} {
		t.Run(expression, func(t *testing.T) {
			allReleased := watchFuncs(t)
			_, err := await(t.Context(), eval(expression))
			var thrown *pageError
			require.ErrorAs(t, err, &thrown)
			assert.Equal(t, want, *thrown.data)
			allReleased()
		})
	}
}

func TestAwaitEndsWithItsContext(t *testing.T) {
	allReleased := watchFuncs(t)
	reason := errors.New("enough")
	ctx, stop := context.WithCancelCause(t.Context())
	deferred := eval(`Promise.withResolvers ? Promise.withResolvers() : (() => { const d = {}; d.promise = new Promise((r) => { d.resolve = r; }); return d; })()`)
	stop(reason)
	_, err := await(ctx, deferred.Get("promise"))
	assert.ErrorIs(t, err, reason)

	deferred.Call("resolve", js.Null())
	_, err = await(t.Context(), deferred.Get("promise").Call("then"))
	require.NoError(t, err)
	allReleased()
}

func TestAWaiterServesOnePromiseAfterTheOther(t *testing.T) {
	allReleased := watchFuncs(t)
	w := newWaiter()
	for _, want := range []string{"one", "two"} {
		value, err := w.await(t.Context(), eval(`Promise.resolve("`+want+`")`))
		require.NoError(t, err)
		assert.Equal(t, want, value.String())
	}
	_, err := w.await(t.Context(), eval(`Promise.reject(new TypeError("no"))`))
	assert.ErrorContains(t, err, "no")
	w.close()
	w.close()
	allReleased()
}

func TestAwaitSurvivesWhatIsNotQuiteAPromise(t *testing.T) {
	for name, expression := range map[string]string{
		"it settles twice":     `{ then(f, g) { f("yes"); f("again"); g("no"); } }`,
		"it settles with void": `{ then(f) { f(); } }`,
	} {
		t.Run(name, func(t *testing.T) {
			allReleased := watchFuncs(t)
			_, err := await(t.Context(), eval(expression))
			assert.NoError(t, err)
			allReleased()
		})
	}
}
