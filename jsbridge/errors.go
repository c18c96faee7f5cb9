package jsbridge

import (
	"context"
	"errors"
	"runtime/debug"

	"runstream/runner"
)

// pageError is what a function of the page threw. It is no [runner.Error]: the
// run loop says what failed, and this is the cause.
type pageError struct{ data *errorData }

func (e *pageError) Error() string { return e.data.Message }

// maxCauses bounds how many causes cross with an error.
const maxCauses = 4

// dataOf makes an error ready to cross.
func dataOf(err error) *errorData { return dataWithCauses(err, maxCauses) }

func dataWithCauses(err error, causes int) *errorData {
	named, isNamed := errors.AsType[runner.Error](err)
	thrown, isThrown := errors.AsType[*pageError](err)
	var data *errorData
	switch {
	case isNamed:
		data = &errorData{Name: named.Name(), Message: err.Error(), Code: codeOf(named.Name())}
		if api, ok := named.(*runner.APIError); ok {
			data.Status = api.Status
		}
		if cause := errors.Unwrap(named); cause != nil && causes > 0 {
			data.Cause = dataWithCauses(cause, causes-1)
		}
	case isThrown:
		data = thrown.data
	case errors.Is(err, context.Canceled):
		data = &errorData{Name: "AbortError", Message: "the run was stopped", Code: "aborted"}
	default:
		data = &errorData{Name: "Error", Message: err.Error()}
	}
	return data
}

// codes are the stable identifiers of contract errors. Twin of the classes in
// web/src/errors.ts. A map would be made anew by every call.
var codes = [...]struct{ name, code string }{
	{"UserError", "user_error"},
	{"MaxTurnsExceeded", "max_turns_exceeded"},
	{"ModelBehaviorError", "model_behavior_error"},
	{"InvalidToolInputError", "invalid_tool_input"},
	{"ModelRefusalError", "model_refusal"},
	{"ModelTimeoutError", "model_timeout"},
	{"ToolTimeoutError", "tool_timeout"},
	{"InputGuardrailTripwireTriggered", "input_guardrail_tripped"},
	{"OutputGuardrailTripwireTriggered", "output_guardrail_tripped"},
	{"ToolInputGuardrailTripwireTriggered", "tool_input_guardrail_tripped"},
	{"ToolOutputGuardrailTripwireTriggered", "tool_output_guardrail_tripped"},
	{"APIStatusError", "api_error"},
	{"APIError", "api_error"},
	{"APIConnectionError", "api_connection_error"},
	{"BadRequestError", "bad_request"},
	{"AuthenticationError", "authentication_error"},
	{"PermissionDeniedError", "permission_denied"},
	{"NotFoundError", "not_found"},
	{"ConflictError", "conflict"},
	{"UnprocessableEntityError", "unprocessable_entity"},
	{"RateLimitError", "rate_limit"},
	{"InternalServerError", "internal_server_error"},
	{"PanicError", "panic"},
}

// codeOf gives the stable identifier of a contract error.
func codeOf(name string) string {
	for _, pair := range codes {
		if pair.name == name {
			return pair.code
		}
	}
	return ""
}

// guard calls do; a panic becomes an error, so that it ends a run and not the
// engine.
func guard(do func() error) (err error) {
	defer func() {
		if p := recover(); p != nil {
			err = &runner.PanicError{Value: p, Stack: debug.Stack()}
		}
	}()
	return do()
}
