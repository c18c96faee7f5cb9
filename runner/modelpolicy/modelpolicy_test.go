package modelpolicy_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"iter"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"runstream/runner"
	"runstream/runner/modelpolicy"
)

// attempts is a model that does one thing after the other.
type attempts struct {
	does  []func(ctx context.Context, yield func(runner.RawEvent, error) bool)
	asked []time.Time
}

func (a *attempts) Stream(ctx context.Context, _ *runner.ModelRequest) iter.Seq2[runner.RawEvent, error] {
	return func(yield func(runner.RawEvent, error) bool) {
		does := a.does[len(a.asked)]
		a.asked = append(a.asked, time.Now())
		does(ctx, yield)
	}
}

func events(types ...string) func(context.Context, func(runner.RawEvent, error) bool) {
	return func(_ context.Context, yield func(runner.RawEvent, error) bool) {
		for _, t := range types {
			if !yield(runner.RawEvent{Type: t}, nil) {
				return
			}
		}
	}
}

func fails(err error, before ...string) func(context.Context, func(runner.RawEvent, error) bool) {
	return func(ctx context.Context, yield func(runner.RawEvent, error) bool) {
		events(before...)(ctx, yield)
		yield(runner.RawEvent{}, err)
	}
}

func read(ctx context.Context, model runner.Model) (types []string, err error) {
	for event, err := range model.Stream(ctx, &runner.ModelRequest{}) {
		if err != nil {
			return types, err
		}
		types = append(types, event.Type)
	}
	return types, nil
}

var (
	busy    = &runner.APIError{Status: 503}
	refused = &runner.APIError{Status: 401}
)

func TestRetry(t *testing.T) {
	for name, tc := range map[string]struct {
		does  []func(context.Context, func(runner.RawEvent, error) bool)
		want  []string
		err   error
		asked int
	}{
		"what fails before the answer is tried again": {does: []func(context.Context, func(runner.RawEvent, error) bool){
			fails(busy, "response.created", "response.in_progress"), events("response.created", "delta")},
			want: []string{"response.created", "response.in_progress", "response.created", "delta"}, asked: 2},
		"an answer that has begun is not": {does: []func(context.Context, func(runner.RawEvent, error) bool){
			fails(busy, "response.created", "delta")}, want: []string{"response.created", "delta"}, err: busy, asked: 1},
		"a refused key is not": {does: []func(context.Context, func(runner.RawEvent, error) bool){fails(refused)}, err: refused, asked: 1},
		"there is an end to it": {does: []func(context.Context, func(runner.RawEvent, error) bool){
			fails(busy), fails(busy), fails(busy)}, err: busy, asked: 3},
		"a stream that ends before the answer is tried again": {does: []func(context.Context, func(runner.RawEvent, error) bool){
			events("response.created"), events(), events("delta")}, want: []string{"response.created", "delta"}, asked: 3},
		"and is the reader's to judge at last": {does: []func(context.Context, func(runner.RawEvent, error) bool){
			events(), events(), events("response.created")}, want: []string{"response.created"}, asked: 3},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				model := &attempts{does: tc.does}
				got, err := read(t.Context(), modelpolicy.Retry(model, modelpolicy.Policy{Retries: 2}))
				assert.Equal(t, tc.want, got)
				assert.Equal(t, tc.err, err)
				assert.Len(t, model.asked, tc.asked)
			})
		})
	}
}

func TestWhatAServerReportsInItsStreamIsTriedAgainByItsCode(t *testing.T) {
	for data, again := range map[string]bool{
		`{"type":"error","code":"rate_limit_exceeded","message":"slow down"}`:                          true,
		`{"type":"error","code":502}`:                                                                  true,
		`{"type":"error","code":"502"}`:                                                                true,
		`{"type":"error","code":"invalid_request_error","message":"no such tool"}`:                     false,
		`{"type":"error","code":400}`:                                                                  false,
		`{"type":"response.failed","response":{"error":null}}`:                                         false,
		`{"type":"response.completed","response":{"status":"failed","error":{"code":"server_error"}}}`: true,
		`{"type":"error","code":"400"}`:                                                                false,
		`{"type":"response.failed","response":{"error":{"code":"server_error"}}}`:                      true,
		`{"type":"response.failed","response":{"error":{"code":"invalid_image_format"}}}`:              false,
	} {
		synctest.Test(t, func(t *testing.T) {
			kind := "error"
			for _, ending := range []string{"response.failed", "response.completed"} {
				if strings.Contains(data, ending) {
					kind = ending
				}
			}
			failing := func(_ context.Context, yield func(runner.RawEvent, error) bool) {
				_ = yield(runner.RawEvent{Type: "response.created"}, nil) && yield(runner.RawEvent{Type: kind, Data: json.RawMessage(data)}, nil)
			}
			model := &attempts{does: []func(context.Context, func(runner.RawEvent, error) bool){failing, events("delta")}}
			got, err := read(t.Context(), modelpolicy.Retry(model, modelpolicy.Policy{Retries: 1}))
			require.NoError(t, err)
			want := []string{"response.created", kind}
			if again {
				want[1] = "delta"
			}
			assert.Equal(t, want, got, data)
		})
	}
}

func TestRetryWaitsAsLongAsTheServerAsks(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		model := &attempts{does: []func(context.Context, func(runner.RawEvent, error) bool){
			fails(&runner.APIError{Status: 429, RetryAfter: 30 * time.Second}), events("delta")}}
		_, err := read(t.Context(), modelpolicy.Retry(model, modelpolicy.Policy{Retries: 1}))
		require.NoError(t, err)
		assert.Equal(t, 30*time.Second, model.asked[1].Sub(model.asked[0]))
	})
}

func TestTheEndOfTheContextEndsTheWait(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		model := &attempts{does: []func(context.Context, func(runner.RawEvent, error) bool){
			fails(&runner.APIError{Status: 429, RetryAfter: time.Hour})}}
		_, err := read(ctx, modelpolicy.Retry(model, modelpolicy.Policy{Retries: 1}))
		assert.ErrorIs(t, err, context.DeadlineExceeded)
	})
}

func TestTimeout(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		hangs := func(ctx context.Context, yield func(runner.RawEvent, error) bool) {
			<-ctx.Done()
			yield(runner.RawEvent{}, context.Cause(ctx))
		}
		model := &attempts{does: []func(context.Context, func(runner.RawEvent, error) bool){hangs, hangs}}
		_, err := read(t.Context(), modelpolicy.Timeout(model, 90*time.Second))
		var late *modelpolicy.TimeoutError
		require.ErrorAs(t, err, &late)
		assert.Equal(t, "ModelTimeoutError", runner.ErrorName(err))
		assert.EqualError(t, err, "Model call timed out after 90 seconds.")

		_, err = read(t.Context(), modelpolicy.Retry(modelpolicy.Timeout(model, time.Second), modelpolicy.Policy{Retries: 0}))
		assert.ErrorAs(t, err, &late)
	})
}

func TestNoTimeLimitIsNone(t *testing.T) {
	model := &attempts{does: []func(context.Context, func(runner.RawEvent, error) bool){events("delta")}}
	got, err := read(t.Context(), modelpolicy.Timeout(model, 0))
	require.NoError(t, err)
	assert.Equal(t, []string{"delta"}, got)
}

func TestTheNetworksErrorsAreTransient(t *testing.T) {
	for _, err := range []error{
		&net.OpError{Op: "dial", Err: errors.New("connection refused")}, io.ErrUnexpectedEOF, fmt.Errorf("reading: %w", os.ErrDeadlineExceeded),
	} {
		assert.True(t, modelpolicy.Transient(err), err)
	}
	assert.False(t, modelpolicy.Transient(errors.New("a bad request")))
	assert.False(t, modelpolicy.Transient(context.Canceled))

	server := httptest.NewUnstartedServer(nil)
	server.Config.ErrorLog = log.New(io.Discard, "", 0)
	server.StartTLS()
	defer server.Close()
	_, err := http.Get(server.URL)
	require.Error(t, err)
	assert.False(t, modelpolicy.Transient(err), "a certificate stays bad: %v", err)
}

func TestAModelThatDoesNotLookAtItsContextIsLateToo(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		slow := func(_ context.Context, yield func(runner.RawEvent, error) bool) {
			for yield(runner.RawEvent{Type: "delta"}, nil) {
				time.Sleep(40 * time.Second)
			}
		}
		model := &attempts{does: []func(context.Context, func(runner.RawEvent, error) bool){slow}}
		got, err := read(t.Context(), modelpolicy.Timeout(model, time.Minute))
		assert.ErrorAs(t, err, new(*modelpolicy.TimeoutError))
		assert.Equal(t, []string{"delta", "delta"}, got)
	})
}
