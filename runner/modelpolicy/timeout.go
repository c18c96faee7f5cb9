package modelpolicy

import (
	"context"
	"iter"
	"strconv"
	"time"

	"runstream/runner"
)

// TimeoutError says that a model call took longer than it may.
type TimeoutError struct{ Timeout time.Duration }

func (e *TimeoutError) Error() string {
	return "Model call timed out after " + strconv.FormatFloat(e.Timeout.Seconds(), 'g', 6, 64) + " seconds."
}

// Name implements [runner.Error].
func (e *TimeoutError) Name() string { return "ModelTimeoutError" }

// Timeout gives a model whose calls end with a [*TimeoutError] after limit,
// from the request to the last event. No limit, zero or less, gives model itself.
func Timeout(model runner.Model, limit time.Duration) runner.Model {
	if limit <= 0 {
		return model
	}
	return &limited{model, limit}
}

type limited struct {
	model runner.Model
	limit time.Duration
}

// Stream implements [runner.Model].
func (l *limited) Stream(ctx context.Context, request *runner.ModelRequest) iter.Seq2[runner.RawEvent, error] {
	return func(yield func(runner.RawEvent, error) bool) {
		late := &TimeoutError{l.limit}
		callCtx, cancel := context.WithTimeoutCause(ctx, l.limit, late)
		defer cancel()
		for event, err := range l.model.Stream(callCtx, request) {
			if context.Cause(callCtx) == late { // also a model that does not look at its context
				event, err = runner.RawEvent{}, late
			}
			if !yield(event, err) || err != nil {
				return
			}
		}
		if context.Cause(callCtx) == late { // a model that ends without saying why
			yield(runner.RawEvent{}, late)
		}
	}
}
