package jsbridge

import (
	"context"
	"errors"
	"fmt"
	"testing"

	"github.com/stretchr/testify/assert"

	"runstream/runner"
)

func TestErrorsCrossWithNameCodeAndCause(t *testing.T) {
	thrown := &errorData{Name: "TypeError", Message: "no", Cause: &errorData{Name: "Error", Message: "deeper"}}
	for name, tc := range map[string]struct {
		err  error
		want errorData
	}{
		"the contract's": {
			&runner.MaxTurnsExceeded{MaxTurns: 3},
			errorData{Name: "MaxTurnsExceeded", Message: "Max turns (3) exceeded", Code: "max_turns_exceeded"},
		},
		"a wrapped one keeps the whole message": {
			fmt.Errorf("turn 2: %w", &runner.UserError{Message: "bad"}),
			errorData{Name: "UserError", Message: "turn 2: bad", Code: "user_error"},
		},
		"a server's has its status": {
			&runner.APIError{Status: 429, Message: "slow down"},
			errorData{Name: "RateLimitError", Message: "the model server answered 429: slow down", Code: "rate_limit", Status: 429},
		},
		"an unusual status": {
			&runner.APIError{Status: 418, Message: "tea"},
			errorData{Name: "APIStatusError", Message: "the model server answered 418: tea", Code: "api_error", Status: 418},
		},
		"no connection, and why": {
			&runner.APIError{Message: "away", Err: &pageError{thrown}},
			errorData{Name: "APIConnectionError", Message: "away", Code: "api_connection_error", Cause: thrown},
		},
		"the page's own stays as it is": {&pageError{thrown}, *thrown},
		"any other":                     {errors.New("odd"), errorData{Name: "Error", Message: "odd"}},
		"a panic shows no more than it says": {
			&runner.PanicError{Value: "boom", Stack: []byte("goroutine 1")},
			errorData{Name: "PanicError", Message: "panic in the run: boom", Code: "panic"},
		},
		"the engine's end": {context.Canceled, errorData{Name: "AbortError", Message: "the run was stopped", Code: "aborted"}},
	} {
		t.Run(name, func(t *testing.T) { assert.Equal(t, &tc.want, dataOf(tc.err)) })
	}
}

func TestCausesThatNeverEndAreCut(t *testing.T) {
	var err error = &runner.UserError{Message: "bottom"}
	for range 100 {
		err = &runner.UserError{Message: "above", Err: err}
	}
	depth := 0
	for data := dataOf(err); data != nil; data = data.Cause {
		depth++
	}
	assert.Equal(t, maxCauses+1, depth)
}
