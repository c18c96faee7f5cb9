package jsbridge

import (
	"context"
	"strconv"

	"runstream/internal/codec"
	"runstream/runner"
)

// localTool makes a tool that runs on the page and is no function.
func (r *run) localTool(spec toolSpec) (runner.Tool, error) {
	var build func(toolSpec) (runner.Tool, error)
	switch spec.Type {
	case "shell":
		return r.shellTool(spec) // without a function it is the server's
	case "custom":
		build = r.customTool
	case "apply_patch":
		build = r.patchTool
	case "computer":
		build = r.computerTool
	default:
		return nil, &runner.UserError{Message: "the engine does not know tools of type " + strconv.Quote(spec.Type)}
	}
	if spec.Execute == nil {
		return nil, spec.empty()
	}
	return build(spec)
}

// reviewer makes what decides by program in the page; nil where a person does. The
// program, too, may leave a call to a person.
func (r *run) reviewer(what string, fn *functionRef) runner.Reviewer {
	if fn == nil {
		return nil
	}
	return func(ctx context.Context, call *runner.ToolCall) (*runner.ApprovalAnswer, error) {
		var approve *bool
		var answer runner.ApprovalAnswer
		err := r.ask(ctx, "onApproval of "+what, *fn, objectForm{
			fields:   codec.Fields{"approve", &approve, "reason", &answer.Reason},
			complete: func() bool { return approve != nil },
			orNull:   true,
			words:    "{ approve: true } or { approve: false }",
		}, r.infoOfCall(call), call.Raw)
		if err != nil || approve == nil {
			return nil, err
		}
		answer.Approve = *approve
		return &answer, nil
	}
}

func (r *run) mcpTool(spec toolSpec) *runner.HostedMCPTool {
	return &runner.HostedMCPTool{ServerLabel: spec.Name, Config: spec.Config, OnApproval: r.reviewer("MCP server "+spec.Name, spec.OnApproval)}
}

func (r *run) customTool(spec toolSpec) (runner.Tool, error) {
	return &runner.CustomTool{
		Name: spec.Name, Description: spec.Description, Format: given(spec.Config),
		NeedsApproval: r.needsApproval(spec), OnApproval: r.reviewer("tool "+spec.Name, spec.OnApproval),
		Invoke: func(ctx context.Context, call *runner.ToolCall) (string, error) {
			return r.askText(onlyCall(ctx), "tool "+spec.Name, *spec.Execute, r.infoOfCall(call), call.Arguments)
		},
	}, nil
}

func (r *run) shellTool(spec toolSpec) (runner.Tool, error) {
	tool := &runner.ShellTool{Environment: given(spec.Config), NeedsApproval: r.needsApproval(spec), OnApproval: r.reviewer("tool "+spec.Name, spec.OnApproval)}
	if fn := spec.Execute; fn != nil {
		tool.Run = func(ctx context.Context, call *runner.ToolCall, action runner.ShellAction) (runner.ShellResult, error) {
			var result runner.ShellResult
			err := r.ask(onlyCall(ctx), "tool "+spec.Name, *fn, codec.Fields{
				"text", &result.Text, "outputs", codec.List(&result.Outputs, shellFields), "maxOutputLength", &result.MaxOutputLength,
			}, r.infoOfCall(call), codec.Fields{
				"commands", action.Commands, "timeoutMs", action.TimeoutMS, "maxOutputLength", action.MaxOutputLength,
			})
			return result, err
		}
	}
	return tool, nil
}

func shellFields(o *runner.ShellOutput) codec.Fields {
	return codec.Fields{
		"command", &o.Command, "stdout", &o.Stdout, "stderr", &o.Stderr, "exitCode", &o.ExitCode, "timedOut", &o.TimedOut,
	}
}

func (r *run) patchTool(spec toolSpec) (runner.Tool, error) {
	return &runner.ApplyPatchTool{
		NeedsApproval: r.needsApproval(spec), OnApproval: r.reviewer("tool "+spec.Name, spec.OnApproval),
		Apply: func(ctx context.Context, call *runner.ToolCall, operation runner.PatchOperation) (string, error) {
			return r.askText(onlyCall(ctx), "tool "+spec.Name, *spec.Execute, r.infoOfCall(call),
				codec.Fields{"type", operation.Type, "path", operation.Path, "diff,omitempty", operation.Diff})
		},
	}, nil
}

func (r *run) computerTool(spec toolSpec) (runner.Tool, error) {
	if spec.Screenshot == nil {
		return nil, &runner.UserError{Message: "a computer needs a function that takes screenshots"}
	}
	tool := &runner.ComputerTool{Computer: &pageComputer{r, *spec.Execute, *spec.Screenshot}}
	if given(spec.Config) != nil {
		tool.Preview = &runner.ComputerPreview{}
		err := codec.Read(spec.Config, codec.Fields{
			"environment", &tool.Preview.Environment, "width", &tool.Preview.Width, "height", &tool.Preview.Height,
		})
		if err != nil {
			return nil, &runner.UserError{Message: "the preview of a computer must be {environment, width, height}", Err: err}
		}
	}
	if fn := spec.OnSafetyCheck; fn != nil {
		tool.OnSafetyCheck = func(ctx context.Context, call *runner.ToolCall, check runner.SafetyCheck) (bool, error) {
			return r.askBool(ctx, "onSafetyCheck of the computer", *fn, r.infoOfCall(call),
				codec.Fields{"id", check.ID, "code,omitempty", check.Code, "message,omitempty", check.Message})
		}
	}
	return tool, nil
}

// pageComputer is a computer that the page plays.
type pageComputer struct {
	run            *run
	do, screenshot functionRef
}

// info describes the call that ctx belongs to.
func (c *pageComputer) info(ctx context.Context) callInfo {
	if call, ok := runner.ToolCallFrom(ctx); ok {
		return c.run.infoOfCall(call)
	}
	return callInfo{}
}

// Do implements [runner.Computer].
func (c *pageComputer) Do(ctx context.Context, action runner.ComputerAction) error {
	path := make([]any, len(action.Path))
	for i, point := range action.Path {
		path[i] = codec.Fields{"x", point.X, "y", point.Y}
	}
	return c.run.ask(ctx, "the computer's "+strconv.Quote(action.Type), c.do, nil, c.info(ctx), codec.Fields{
		"type", action.Type, "x", action.X, "y", action.Y, "button", action.Button, "scroll_x", action.ScrollX, "scroll_y", action.ScrollY,
		"keys", action.Keys, "text", action.Text, "path", path,
	})
}

// Screenshot implements [runner.Computer].
func (c *pageComputer) Screenshot(ctx context.Context) (string, error) {
	return c.run.askText(ctx, "the computer's screenshot", c.screenshot, c.info(ctx))
}
