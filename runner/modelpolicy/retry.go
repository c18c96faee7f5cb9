package modelpolicy

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"iter"
	"math/rand/v2"
	"strconv"
	"time"

	"runstream/runner"
)

// Policy says what is tried again, and when.
type Policy struct {
	// Retries is how often a request is tried again at most.
	Retries int
	// Backoff is the wait before the first retry, doubled for each further one
	// up to MaxBackoff, less up to a quarter at random; 250 ms and 2 s if zero, or
	// Backoff where that is more.
	// A server that asks for a longer wait gets it.
	Backoff    time.Duration
	MaxBackoff time.Duration
	// Again says whether an error is tried again. Nil is [Transient].
	Again func(err error) bool
}

// Transient is true for what a second try may mend: connections that failed or
// broke off, also as errors of package net, but not for a bad certificate; time
// limits, the statuses 408, 409, 429 and 5xx, and what a server says of itself in
// its stream: "server_error", "rate_limit_exceeded" and the like.
func Transient(err error) bool {
	var late *TimeoutError
	if errors.As(err, &late) {
		return true
	}
	var failed *runner.APIError
	if !errors.As(err, &failed) {
		var network interface { // as net.Error has it
			Timeout() bool
			Temporary() bool
		}
		return errors.As(err, &network) && !isUntrusted(err) || errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, io.EOF)
	}
	switch failed.Status {
	case 0:
		return failed.Code == "" || transientCode(failed.Code)
	case 408, 409, 429:
		return true
	}
	return failed.Status >= 500
}

// transientCode judges what came in a stream, and so without a status.
func transientCode(code string) bool {
	switch code {
	case "server_error", "internal_error", "internal_server_error", "overloaded", "overloaded_error", "service_unavailable",
		"server_is_overloaded", "slow_down", "rate_limit_exceeded", "rate_limit_error", "timeout":
		return true
	}
	status, err := strconv.Atoi(code)
	return err == nil && Transient(&runner.APIError{Status: max(status, 1)})
}

// failureOf gives the failure that an event tells of, with its code; nil for any
// other, and where there is no code to judge by.
func failureOf(event runner.RawEvent) error {
	type reported struct {
		Message string `json:"message"`
		Code    any    `json:"code"`
	}
	var failed struct {
		reported
		Response struct {
			Status string   `json:"status"`
			Error  reported `json:"error"`
		} `json:"response"`
	}
	switch event.Type {
	case "error", "response.error", "response.failed", "response.completed":
		_ = json.Unmarshal(event.Data, &failed) // what is of another type stays empty
	}
	within := failed.reported
	if event.Type == "response.failed" || event.Type == "response.completed" && failed.Response.Status == "failed" {
		within = failed.Response.Error
	}
	code := ""
	switch c := within.Code.(type) {
	case string:
		code = c
	case float64:
		code = strconv.Itoa(int(c))
	}
	if code == "" {
		return nil
	}
	return &runner.APIError{Message: within.Message, Code: code}
}

// Retry gives a model that tries again. It does so only while the stream has
// brought nothing but "response.created" and "response.in_progress": a reader
// may see these twice, and never two beginnings of an answer. A stream that ends
// there without an error has failed with [io.ErrUnexpectedEOF].
func Retry(model runner.Model, policy Policy) runner.Model {
	if policy.Backoff <= 0 {
		policy.Backoff = 250 * time.Millisecond
	}
	if policy.MaxBackoff <= 0 {
		policy.MaxBackoff = max(2*time.Second, policy.Backoff)
	}
	if policy.Again == nil {
		policy.Again = Transient
	}
	return &retrying{model, policy}
}

type retrying struct {
	model  runner.Model
	policy Policy
}

// Stream implements [runner.Model].
func (r *retrying) Stream(ctx context.Context, request *runner.ModelRequest) iter.Seq2[runner.RawEvent, error] {
	return func(yield func(runner.RawEvent, error) bool) {
		for attempt := 0; ; attempt++ {
			failure := r.once(ctx, request, attempt, yield)
			if failure == nil {
				return
			}
			if err := wait(ctx, r.policy.delay(failure, attempt)); err != nil {
				yield(runner.RawEvent{}, err)
				return
			}
		}
	}
}

// once streams one attempt. It returns the error of one that is to be tried
// again, and nil when the stream is over for whatever reason.
func (r *retrying) once(ctx context.Context, request *runner.ModelRequest, attempt int, yield func(runner.RawEvent, error) bool) error {
	begun := false
	for event, err := range r.model.Stream(ctx, request) {
		if err != nil {
			if !begun && attempt < r.policy.Retries && ctx.Err() == nil && r.policy.Again(err) {
				return err
			}
			yield(runner.RawEvent{}, err)
			return nil
		}
		if !begun && attempt < r.policy.Retries {
			if failure := failureOf(event); failure != nil && r.policy.Again(failure) {
				return failure
			}
		}
		begun = begun || event.Type != "response.created" && event.Type != "response.in_progress"
		if !yield(event, nil) {
			return nil
		}
	}
	if !begun && attempt < r.policy.Retries && ctx.Err() == nil && r.policy.Again(io.ErrUnexpectedEOF) {
		return io.ErrUnexpectedEOF
	}
	return nil
}

func (p Policy) delay(failure error, attempt int) time.Duration {
	delay := min(p.Backoff<<min(attempt, 20), p.MaxBackoff)
	delay -= time.Duration(rand.Int64N(int64(delay/4) + 1))
	var failed *runner.APIError
	if errors.As(failure, &failed) {
		delay = max(delay, failed.RetryAfter)
	}
	return delay
}

func wait(ctx context.Context, delay time.Duration) error {
	timer := time.NewTimer(delay)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}
