package jsbridge

import (
	"context"
	"encoding/json"
	"strconv"
	"time"

	"runstream/internal/codec"
	"runstream/runner"
)

// makeTool makes a tool that runs on the page.
func (r *run) makeTool(agent int, spec toolSpec) (*runner.FunctionTool, error) {
	if spec.Type != "function" {
		return nil, &runner.UserError{Message: "the engine does not know tools of type " + strconv.Quote(spec.Type)}
	}
	timeout, err := spec.timeout()
	if err != nil {
		return nil, err
	}
	onError, err := r.onError(spec)
	if err != nil {
		return nil, err
	}
	return &runner.FunctionTool{
		Name: spec.Name, Description: spec.Description, Parameters: spec.Parameters,
		NotStrict:     spec.Strict != nil && !*spec.Strict,
		Timeout:       timeout,
		FailOnTimeout: spec.TimeoutBehavior == "raise_exception",
		IsEnabled:     r.enabled("tool "+spec.Name, agent, spec.Name, spec.Enabled),
		NeedsApproval: r.needsApproval(spec),
		OnError:       onError,
		Invoke: func(ctx context.Context, call *runner.ToolCall) (any, error) {
			value, err := r.call(ctx, spec.Execute, r.infoOf(call))
			if err != nil {
				return nil, err
			}
			return toolValue(value), nil
		},
	}, nil
}

func (s toolSpec) timeout() (time.Duration, error) {
	const longest = 24 * 24 * time.Hour // what timers of browsers can wait
	switch ms := s.TimeoutMs; {
	case ms == nil:
		return 0, nil
	case *ms <= 0:
		return 0, &runner.UserError{Message: "timeoutMs of tool " + s.Name + " is " + strconv.FormatFloat(*ms, 'g', -1, 64) + "; pass more than 0, or leave it out for no limit"}
	case *ms >= float64(longest/time.Millisecond):
		return longest, nil
	default:
		return time.Duration(*ms * float64(time.Millisecond)), nil
	}
}

func (r *run) needsApproval(spec toolSpec) func(context.Context, *runner.ToolCall) (bool, error) {
	switch needed := spec.NeedsApproval; {
	case needed.fn != nil:
		return func(ctx context.Context, call *runner.ToolCall) (bool, error) {
			return callFor[bool](ctx, r, "needsApproval of tool "+spec.Name, *needed.fn, r.infoOf(call))
		}
	case needed.value != nil && *needed.value:
		return runner.Always
	}
	return nil
}

func (r *run) onError(spec toolSpec) (func(context.Context, *runner.ToolCall, error) (string, error), error) {
	switch string(spec.OnError) {
	case "":
		return nil, nil
	case "null":
		return runner.FailRun, nil
	}
	var fn functionRef
	if err := codec.Read(spec.OnError, fn.fields()); err != nil {
		return nil, &runner.UserError{Message: "errorFunction of tool " + spec.Name + " is not a function"}
	}
	return func(ctx context.Context, call *runner.ToolCall, err error) (string, error) {
		return callFor[string](ctx, r, "errorFunction of tool "+spec.Name, fn, r.infoOf(call), dataOf(err))
	}, nil
}

// infoOf describes a tool call to the page.
func (r *run) infoOf(call *runner.ToolCall) callInfo {
	info := callInfo{ToolName: call.Name, CallID: call.ID, Arguments: &call.Arguments}
	for i, agent := range r.agents {
		if agent == call.Agent {
			info.Agent = i
		}
	}
	return info
}

// toolValue is what the run loop takes a tool's value as: text goes to the
// model as it is, anything else as JSON.
func toolValue(value json.RawMessage) any {
	var text string
	if value[0] == '"' && codec.Read(value, &text) == nil {
		return text
	}
	return value
}
