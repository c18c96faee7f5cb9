package responses

import (
	"context"
	"errors"
	"io"
	"math/rand/v2"
	"time"

	"runstream/runner"
)

// DefaultRetries is how often a request is tried again by default.
const DefaultRetries = 2

const (
	firstDelay = 500 * time.Millisecond
	maxDelay   = 8 * time.Second
	// maxRetryAfter is the longest wait that a server may ask for.
	maxRetryAfter = time.Minute
)

// Retrying gives a transport that tries again, at most retries times, what
// failed with 408, 409, 429, 5xx or without an answer. It waits as long as the
// server asks to, up to a minute; else half a second, doubled each time up to
// eight, less up to a quarter at random. The end of the context ends the wait.
// An answer that has begun is never asked for again.
func Retrying(transport Transport, retries int) Transport {
	return &retrying{transport, retries}
}

type retrying struct {
	Transport
	retries int
}

func (t *retrying) Post(ctx context.Context, path string, body []byte) (io.ReadCloser, error) {
	for attempt := 0; ; attempt++ {
		stream, err := t.Transport.Post(ctx, path, body)
		failed, ok := errors.AsType[*runner.APIError](err)
		if !ok || attempt >= t.retries || !retryable(failed) {
			return stream, err
		}
		timer := time.NewTimer(retryDelay(failed, attempt))
		select {
		case <-timer.C:
		case <-ctx.Done():
			timer.Stop()
			return nil, context.Cause(ctx)
		}
	}
}

func retryable(err *runner.APIError) bool {
	switch err.Status {
	case 0, 408, 409, 429:
		return true
	}
	return err.Status >= 500
}

func retryDelay(err *runner.APIError, attempt int) time.Duration {
	if err.RetryAfter > 0 && err.RetryAfter <= maxRetryAfter {
		return err.RetryAfter
	}
	delay := min(firstDelay<<min(attempt, 10), maxDelay)
	return delay - time.Duration(rand.Int64N(int64(delay/4)+1))
}
