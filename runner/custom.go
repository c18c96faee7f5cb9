package runner

import (
	"context"
	"encoding/json"

	"runstream/internal/codec"
)

// CustomTool is a tool that takes free text, perhaps in a grammar, in place of
// JSON.
type CustomTool struct {
	Name        string
	Description string
	// Format is the API's object for the input's grammar, nil for any text.
	Format json.RawMessage
	// Invoke runs the tool; call.Arguments is its input. An error is told to
	// the model.
	Invoke func(ctx context.Context, call *ToolCall) (string, error)
	// NeedsApproval says whether a call must wait for a decision; nil never.
	NeedsApproval func(ctx context.Context, call *ToolCall) (bool, error)
	// OnApproval decides by program a call that needs approval.
	OnApproval Reviewer
}

func (t *CustomTool) toolName() string { return t.Name }

func (t *CustomTool) kind() callKind { return customCalls }

func (t *CustomTool) reviewer() Reviewer { return t.OnApproval }

func (t *CustomTool) needsApproval(ctx context.Context, call *ToolCall) (bool, error) {
	if t.NeedsApproval == nil {
		return false, nil
	}
	return t.NeedsApproval(ctx, call)
}

func (t *CustomTool) rejected(c *localCall, text string) outcome { return customOutcome(c, text) }

func customOutcome(c *localCall, text string) outcome {
	return outcome{value: text, raw: mustMarshal(codec.Fields{"type", "custom_tool_call_output", "call_id", c.call.ID, "output", text})}
}

func (t *CustomTool) run(ctx context.Context, l *runLoop, c *localCall) (outcome, error) {
	if t.Invoke == nil {
		return outcome{}, nothingToRun("tool "+t.Name, "Invoke")
	}
	if err := l.onToolStart(ctx, c.call, t); err != nil {
		return outcome{}, err
	}
	text, err := t.Invoke(ctx, c.call)
	if err != nil && ctx.Err() != nil {
		return outcome{}, context.Cause(ctx)
	}
	if err != nil {
		text = err.Error()
	}
	return customOutcome(c, text), l.onToolEnd(ctx, c.call, t, text)
}
