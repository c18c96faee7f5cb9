package jsbridge

import (
	"context"
	"encoding/json"
	"strconv"
	"time"

	"runstream/internal/codec"
	"runstream/runner"
)

// makeTool makes a tool of the agent of that index.
func (r *run) makeTool(agent int, spec toolSpec) (runner.Tool, error) {
	switch spec.Type {
	case "function":
		return r.functionTool(agent, spec)
	case "agent":
		return r.agentTool(agent, spec)
	case "hosted":
		return &runner.HostedTool{Name: spec.Name, Config: spec.Config, Includes: spec.Includes}, nil
	case "hosted_mcp":
		return r.mcpTool(spec), nil
	case "engine":
		return registered(r.engine.own.tools, "tool", spec.Name)
	}
	return r.localTool(spec)
}

// functionTool makes a tool that runs on the page.
func (r *run) functionTool(agent int, spec toolSpec) (*runner.FunctionTool, error) {
	timeout, err := spec.timeout()
	if err != nil {
		return nil, err
	}
	onError, err := r.onError(spec)
	if err != nil {
		return nil, err
	}
	switch spec.TimeoutBehavior {
	case "", "error_as_result", "raise_exception":
	default:
		return nil, &runner.UserError{Message: "timeoutBehavior of tool " + spec.Name + ` is none: it is "error_as_result" or "raise_exception"`}
	}
	if spec.Execute == nil {
		return nil, spec.empty()
	}
	parameters, err := argumentsSchema("the parameters of tool "+spec.Name, spec.Parameters, spec.Strict)
	if err != nil {
		return nil, err
	}
	tool := &runner.FunctionTool{
		Name: spec.Name, Description: spec.Description, Parameters: parameters,
		NotStrict:     isFalse(spec.Strict),
		Timeout:       timeout,
		FailOnTimeout: spec.TimeoutBehavior == "raise_exception",
		IsEnabled:     r.enabled("tool "+spec.Name, agent, spec.Name, spec.Enabled),
		NeedsApproval: r.needsApproval(spec),
		OnError:       onError,
		DeferLoading:  spec.DeferLoading, Namespace: spec.Namespace, NamespaceDescription: spec.NamespaceDescription,
		AllowedCallers:  spec.AllowedCallers,
		InputGuardrails: r.toolGuardrails(spec.InputGuardrails), OutputGuardrails: r.toolGuardrails(spec.OutputGuardrails),
		Invoke: func(ctx context.Context, call *runner.ToolCall) (any, error) {
			value, err := r.call(onlyCall(ctx), *spec.Execute, r.infoOfCall(call))
			if err != nil {
				return nil, err
			}
			return toolValue(value), nil
		},
	}
	if fn := spec.CustomData; fn != nil {
		tool.CustomData = func(ctx context.Context, call *runner.ToolCall, output any) (data json.RawMessage, err error) {
			err = r.ask(ctx, "customDataExtractor of tool "+spec.Name, *fn, &data, r.infoOfCall(call), jsonOf(output))
			return given(data), err
		}
	}
	return tool, nil
}

// empty is the error of a tool that has no function.
func (s toolSpec) empty() error {
	return &runner.UserError{Message: "tool " + s.Name + " of type " + strconv.Quote(s.Type) + " has nothing to run"}
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
			return r.askBool(ctx, "needsApproval of tool "+spec.Name, *needed.fn, r.infoOfCall(call))
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
		return r.askText(ctx, "errorFunction of tool "+spec.Name, fn, r.infoOfCall(call), dataOf(err))
	}, nil
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
