package conformance

import (
	"context"
	"encoding/json"
	"errors"
	"maps"

	"runstream/runner"
)

func (b *builder) agentTool(spec ToolSpec) (runner.Tool, error) {
	agent, err := b.agent(spec.Agent)
	if err != nil {
		return nil, err
	}
	approval, err := approvalRule(spec.NeedsApproval)
	return agent.AsTool(runner.AgentToolOptions{Name: spec.Name, Description: spec.Description, MaxTurns: spec.MaxTurns, NeedsApproval: approval}), err
}

// hosted makes a tool that the server runs, of a type and with more settings.
func hosted(name, wireType string, config json.RawMessage) (runner.Tool, error) {
	fields, err := withType(wireType, config)
	return &runner.HostedTool{Name: name, Config: fields}, err
}

func withType(wireType string, config json.RawMessage) (json.RawMessage, error) {
	fields := map[string]any{"type": wireType}
	if config != nil {
		var more map[string]any
		if err := json.Unmarshal(config, &more); err != nil {
			return nil, err
		}
		maps.Copy(fields, more)
	}
	return json.Marshal(fields)
}

func hostedMCP(spec ToolSpec) (runner.Tool, error) {
	config, err := withType("mcp", spec.Config)
	if err != nil {
		return nil, err
	}
	var label struct {
		ServerLabel string `json:"server_label"`
	}
	if err := json.Unmarshal(config, &label); err != nil {
		return nil, err
	}
	tool := &runner.HostedMCPTool{ServerLabel: label.ServerLabel, Config: config}
	if spec.OnApproval != nil {
		tool.OnApproval = func(context.Context, *runner.ToolCall) (*runner.ApprovalAnswer, error) {
			return &runner.ApprovalAnswer{Approve: spec.OnApproval.Approve, Reason: spec.OnApproval.Reason}, nil
		}
	}
	return tool, nil
}

func (b *builder) customTool(spec ToolSpec) (runner.Tool, error) {
	approval, err := approvalRule(spec.NeedsApproval)
	return &runner.CustomTool{
		Name: spec.Name, Description: spec.Description, NeedsApproval: approval,
		Invoke: func(_ context.Context, call *runner.ToolCall) (string, error) {
			b.log.add(call.ID, Call{"tool": spec.Name, "input": call.Arguments})
			return spec.text()
		},
	}, err
}

// text is the result as text.
func (s ToolSpec) text() (string, error) {
	var text string
	if s.Result == nil {
		return "", nil
	}
	err := json.Unmarshal(s.Result, &text)
	return text, err
}

func (b *builder) shellTool(spec ToolSpec) (runner.Tool, error) {
	approval, err := approvalRule(spec.NeedsApproval)
	return &runner.ShellTool{
		NeedsApproval: approval,
		Run: func(_ context.Context, call *runner.ToolCall, action runner.ShellAction) (runner.ShellResult, error) {
			b.log.add(call.ID, Call{"shell": action.Commands})
			text, err := spec.text()
			return runner.ShellResult{Text: text}, err
		},
	}, err
}

func (b *builder) patchTool(spec ToolSpec) (runner.Tool, error) {
	approval, err := approvalRule(spec.NeedsApproval)
	return &runner.ApplyPatchTool{
		NeedsApproval: approval,
		Apply: func(_ context.Context, call *runner.ToolCall, operation runner.PatchOperation) (string, error) {
			var diff any
			if operation.Diff != "" {
				diff = operation.Diff
			}
			b.log.add(call.ID, Call{"apply_patch": operation.Type, "path": operation.Path, "diff": diff})
			if spec.Error != nil {
				return "", errors.New(*spec.Error)
			}
			return spec.text()
		},
	}, err
}

func (b *builder) computerTool(spec ToolSpec) runner.Tool {
	if spec.Screenshot == "" {
		spec.Screenshot = "aGk="
	}
	tool := &runner.ComputerTool{Computer: &computer{b.log, spec.Screenshot}}
	if spec.Preview {
		tool.Preview = &runner.ComputerPreview{Environment: "browser", Width: 1024, Height: 768}
		if spec.Environment != "" {
			tool.Preview.Environment = spec.Environment
		}
		if len(spec.Dimensions) == 2 {
			tool.Preview.Width, tool.Preview.Height = spec.Dimensions[0], spec.Dimensions[1]
		}
	}
	if spec.AcknowledgeSafety != nil {
		tool.OnSafetyCheck = func(context.Context, *runner.ToolCall, runner.SafetyCheck) (bool, error) {
			return *spec.AcknowledgeSafety, nil
		}
	}
	return tool
}

// computer notes what it is asked to do.
type computer struct {
	log    *callLog
	screen string
}

func callID(ctx context.Context) string {
	if call, ok := runner.ToolCallFrom(ctx); ok {
		return call.ID
	}
	return ""
}

// Do implements [runner.Computer].
func (c *computer) Do(ctx context.Context, action runner.ComputerAction) error {
	arguments := []any{}
	switch action.Type {
	case "click":
		arguments = append(arguments, action.X, action.Y, action.Button)
	case "double_click", "move":
		arguments = append(arguments, action.X, action.Y)
	case "scroll":
		arguments = append(arguments, action.X, action.Y, action.ScrollX, action.ScrollY)
	case "type":
		arguments = append(arguments, action.Text)
	case "keypress":
		arguments = append(arguments, action.Keys)
	case "drag":
		path := [][2]int{}
		for _, point := range action.Path {
			path = append(path, [2]int{point.X, point.Y})
		}
		arguments = append(arguments, path)
	}
	c.log.add(callID(ctx), Call{"computer": action.Type, "args": arguments})
	return nil
}

// Screenshot implements [runner.Computer].
func (c *computer) Screenshot(ctx context.Context) (string, error) {
	c.log.add(callID(ctx), Call{"computer": "screenshot"})
	return c.screen, nil
}
