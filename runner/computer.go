package runner

import (
	"context"

	"runstream/internal/codec"
)

// Computer is a screen, a mouse and a keyboard that a model may use. Its methods
// are called one after the other; an error ends the run.
type Computer interface {
	// Do carries out one action. It is never asked to take a screenshot.
	Do(ctx context.Context, action ComputerAction) error
	// Screenshot gives the screen as a PNG in base64.
	Screenshot(ctx context.Context) (string, error)
}

// ComputerAction is one action; Type says which fields are set: "click",
// "double_click", "drag", "keypress", "move", "scroll", "type" or "wait".
type ComputerAction struct {
	Type    string         `json:"type"`
	X       int            `json:"x"`
	Y       int            `json:"y"`
	Button  string         `json:"button"`
	ScrollX int            `json:"scroll_x"`
	ScrollY int            `json:"scroll_y"`
	Keys    []string       `json:"keys"`
	Text    string         `json:"text"`
	Path    []ComputerPath `json:"path"`
}

func (a *ComputerAction) fields() codec.Fields {
	return codec.Fields{
		"type", &a.Type,
		"x", &a.X,
		"y", &a.Y,
		"button", &a.Button,
		"scroll_x", &a.ScrollX,
		"scroll_y", &a.ScrollY,
		"keys", &a.Keys,
		"text", &a.Text,
		"path", codec.List(&a.Path, (*ComputerPath).fields),
	}
}

// ComputerPath is a point of a drag.
type ComputerPath struct {
	X int `json:"x"`
	Y int `json:"y"`
}

func (p *ComputerPath) fields() codec.Fields { return codec.Fields{"x", &p.X, "y", &p.Y} }

// SafetyCheck is a warning that the server attaches to a computer call.
type SafetyCheck struct {
	ID      string `json:"id"`
	Code    string `json:"code,omitempty"`
	Message string `json:"message,omitempty"`
}

func (c *SafetyCheck) fields() codec.Fields {
	return codec.Fields{"id", &c.ID, "code,omitempty", &c.Code, "message,omitempty", &c.Message}
}

// ComputerTool lets a model use a computer.
type ComputerTool struct {
	Computer Computer
	// Preview describes the screen to the older computer_use_preview tool; nil
	// offers the current one.
	Preview *ComputerPreview
	// OnSafetyCheck acknowledges a warning; false ends the run. Where it is
	// nil warnings are left unacknowledged.
	OnSafetyCheck func(ctx context.Context, call *ToolCall, check SafetyCheck) (bool, error)
}

// ComputerPreview describes the screen.
type ComputerPreview struct {
	// Environment is "browser", "mac", "windows" or "ubuntu".
	Environment   string
	Width, Height int
}

func (t *ComputerTool) toolName() string { return "computer_use_preview" }

func (t *ComputerTool) kind() callKind { return computerCalls }

func (t *ComputerTool) reviewer() Reviewer { return nil }

func (t *ComputerTool) needsApproval(context.Context, *ToolCall) (bool, error) { return false, nil }

func (t *ComputerTool) rejected(c *localCall, _ string) outcome { return computerOutcome(c, "", nil) }

func computerOutcome(c *localCall, image string, acknowledged []SafetyCheck) outcome {
	return outcome{value: image, raw: mustMarshal(codec.Fields{
		"call_id", c.call.ID,
		"output", codec.Fields{"image_url", image, "type", "computer_screenshot"},
		"type", "computer_call_output",
		"acknowledged_safety_checks", codec.List(&acknowledged, (*SafetyCheck).fields),
	})}
}

func (t *ComputerTool) run(ctx context.Context, l *runLoop, c *localCall) (outcome, error) {
	if t.Computer == nil {
		return outcome{}, nothingToRun("the computer tool", "Computer")
	}
	var one *ComputerAction
	var actions []ComputerAction
	var pending []SafetyCheck
	if err := codec.Read(c.call.Raw, codec.Fields{
		"action", codec.Maybe(&one, (*ComputerAction).fields),
		"actions", codec.List(&actions, (*ComputerAction).fields),
		"pending_safety_checks", codec.List(&pending, (*SafetyCheck).fields),
	}); err != nil {
		return outcome{}, &ModelBehaviorError{Message: "the model's computer call cannot be read: " + err.Error(), Err: err}
	}
	if len(actions) == 0 && one != nil {
		actions = []ComputerAction{*one}
	}
	acknowledged, err := t.acknowledge(ctx, c.call, pending)
	if err != nil {
		return outcome{}, err
	}
	if err := l.onToolStart(ctx, c.call, t); err != nil {
		return outcome{}, err
	}
	screen, err := t.do(ctx, actions)
	if err != nil && ctx.Err() != nil {
		return outcome{}, context.Cause(ctx)
	}
	if err != nil {
		return outcome{}, err
	}
	if screen != "" {
		screen = "data:image/png;base64," + screen
	}
	return computerOutcome(c, screen, acknowledged), l.onToolEnd(ctx, c.call, t, screen)
}

func (t *ComputerTool) acknowledge(ctx context.Context, call *ToolCall, checks []SafetyCheck) ([]SafetyCheck, error) {
	if t.OnSafetyCheck == nil {
		return nil, nil
	}
	var acknowledged []SafetyCheck
	for _, check := range checks {
		ok, err := t.OnSafetyCheck(ctx, call, check)
		if err != nil {
			return nil, err
		}
		if !ok {
			return nil, &UserError{Message: "Computer tool safety check was not acknowledged"}
		}
		acknowledged = append(acknowledged, check)
	}
	return acknowledged, nil
}

// do carries out the actions and gives the screen after the last one.
func (t *ComputerTool) do(ctx context.Context, actions []ComputerAction) (string, error) {
	screen, fresh := "", false
	for _, action := range actions {
		if ctx.Err() != nil {
			return "", context.Cause(ctx)
		}
		var err error
		switch action.Type {
		case "screenshot":
			screen, err = t.Computer.Screenshot(ctx)
			fresh = true
		case "click", "double_click", "drag", "keypress", "move", "scroll", "type", "wait":
			err = t.Computer.Do(ctx, action)
			fresh = false
		default:
			err = &ModelBehaviorError{Message: "the model asked the computer for an action of an unknown type"}
		}
		if err != nil {
			return "", err
		}
	}
	if fresh {
		return screen, nil
	}
	return t.Computer.Screenshot(ctx)
}
