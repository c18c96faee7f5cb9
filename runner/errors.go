package runner

import (
	"errors"
	"strconv"
	"strings"
	"time"
)

// Error is an error with a name that is the same in every language that speaks
// the Agents SDK's contract. Every error of this package has one; find it with
// [ErrorName].
type Error interface {
	error
	// Name is the contract's, such as "MaxTurnsExceeded".
	Name() string
}

// ErrorName gives the contract's name for err: that of the first [Error] in
// its chain, else "Error".
func ErrorName(err error) string {
	if named, ok := errors.AsType[Error](err); ok {
		return named.Name()
	}
	return "Error"
}

// UserError says that this package was used in a way that cannot work: a
// wrong option, a bad state, a tool that failed with [FailRun]. Err, where
// there is one, is the cause.
type UserError struct {
	Message string
	Err     error
}

func (e *UserError) Error() string { return e.Message }

// Name implements [Error].
func (e *UserError) Name() string { return "UserError" }

func (e *UserError) Unwrap() error { return e.Err }

// ModelBehaviorError says that the model or its server answered with what it
// must not: a tool that does not exist, a stream without an end, broken JSON.
// Err, where there is one, is the cause.
type ModelBehaviorError struct {
	Message string
	Err     error
}

func (e *ModelBehaviorError) Error() string { return e.Message }

// Name implements [Error].
func (e *ModelBehaviorError) Name() string { return "ModelBehaviorError" }

func (e *ModelBehaviorError) Unwrap() error { return e.Err }

// MaxTurnsExceeded says that a run needed more model calls than it may make.
// What happened before stays in the result. Its state keeps the limit: to go
// on, start a new run on [StreamResult.ToInputList].
type MaxTurnsExceeded struct{ MaxTurns int }

func (e *MaxTurnsExceeded) Error() string {
	return "Max turns (" + strconv.Itoa(e.MaxTurns) + ") exceeded"
}

// Name implements [Error].
func (e *MaxTurnsExceeded) Name() string { return "MaxTurnsExceeded" }

// ToolTimeoutError says that a tool with FailOnTimeout took too long.
type ToolTimeoutError struct {
	Tool    string
	Timeout time.Duration
}

func (e *ToolTimeoutError) Error() string { return toolTimedOut(e.Tool, e.Timeout) }

// Name implements [Error].
func (e *ToolTimeoutError) Name() string { return "ToolTimeoutError" }

// ModelRefusalError says that the model refused to answer.
type ModelRefusalError struct{ Refusal string }

func (e *ModelRefusalError) Error() string { return "Model refused to produce output: " + e.Refusal }

// Name implements [Error].
func (e *ModelRefusalError) Name() string { return "ModelRefusalError" }

// APIError says that a model server answered with an HTTP error, or could not
// be reached. What can be retried was retried before, as the model's client is
// set.
type APIError struct {
	// Status is the HTTP status. It is 0 where the connection failed (Err says
	// how), and where the server reported the error in its stream.
	Status  int
	Message string
	// Code is the server's own, such as "invalid_api_key".
	Code string
	// RetryAfter is how long the server asked to wait; zero where it did not.
	RetryAfter time.Duration
	Err        error
}

func (e *APIError) Error() string {
	if e.Status == 0 {
		return e.Message
	}
	return "the model server answered " + strconv.Itoa(e.Status) + ": " + e.Message
}

func (e *APIError) Unwrap() error { return e.Err }

// Name implements [Error]: it follows the status, as the OpenAI libraries
// name these errors.
func (e *APIError) Name() string {
	switch {
	case e.Status == 0 && e.Err == nil:
		return "APIError" // the server said so in its stream
	case e.Status == 0:
		return "APIConnectionError"
	case e.Status >= 500:
		return "InternalServerError"
	}
	switch e.Status {
	case 400:
		return "BadRequestError"
	case 401:
		return "AuthenticationError"
	case 403:
		return "PermissionDeniedError"
	case 404:
		return "NotFoundError"
	case 409:
		return "ConflictError"
	case 422:
		return "UnprocessableEntityError"
	case 429:
		return "RateLimitError"
	}
	return "APIStatusError"
}

// PanicError says that a callback panicked. The run ended; the process goes on.
// Of a function tool it is an error like others, for the tool's OnError.
type PanicError struct {
	Value any
	Stack []byte
}

func (e *PanicError) Error() string { return "panic in the run: " + describe(e.Value) }

// Name implements [Error].
func (e *PanicError) Name() string { return "PanicError" }

// shownName shows a name that a model or its server chose in an error: as it is
// where it is a plain one; quoted, and cut, where it could break or forge a line of
// a log.
func shownName(name string) string {
	const most = 200
	if len(name) > most {
		name = strings.ToValidUTF8(name[:most], "") + "…"
	}
	if quoted := strconv.Quote(name); quoted[1:len(quoted)-1] != name {
		return quoted
	}
	return name
}
