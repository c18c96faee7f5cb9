package runner

import (
	"context"
	"encoding/json"
	"strings"

	"runstream/internal/codec"
)

// ApplyPatchTool applies the model's changes to files.
type ApplyPatchTool struct {
	// Apply makes one change and may say something about it. An error is told
	// to the model.
	Apply func(ctx context.Context, call *ToolCall, operation PatchOperation) (string, error)
	// NeedsApproval says whether a call must wait for a decision; nil never.
	NeedsApproval func(ctx context.Context, call *ToolCall) (bool, error)
	// OnApproval decides by program a call that needs approval.
	OnApproval Reviewer
}

// PatchOperation is one change.
type PatchOperation struct {
	// Type is "create_file", "update_file" or "delete_file".
	Type string `json:"type"`
	Path string `json:"path"`
	// Diff is in the V4A format; empty for a deletion.
	Diff string `json:"diff,omitempty"`
}

func (o *PatchOperation) fields() codec.Fields {
	return codec.Fields{"type", &o.Type, "path", &o.Path, "diff,omitempty", &o.Diff}
}

func (t *ApplyPatchTool) toolName() string { return "apply_patch" }

func (t *ApplyPatchTool) kind() callKind { return patchCalls }

func (t *ApplyPatchTool) reviewer() Reviewer { return t.OnApproval }

func (t *ApplyPatchTool) needsApproval(ctx context.Context, call *ToolCall) (bool, error) {
	if t.NeedsApproval == nil {
		return false, nil
	}
	return t.NeedsApproval(ctx, call)
}

func (t *ApplyPatchTool) rejected(c *localCall, text string) outcome {
	return patchOutcome(c, "failed", text, "output", text)
}

func patchOutcome(c *localCall, status, text string, output ...any) outcome {
	fields := codec.Fields{"type", "apply_patch_call_output", "call_id", c.call.ID, "status", status}
	return outcome{value: text, raw: mustMarshal(append(fields, output...))}
}

func (t *ApplyPatchTool) run(ctx context.Context, l *runLoop, c *localCall) (outcome, error) {
	if t.Apply == nil {
		return outcome{}, nothingToRun("tool "+t.toolName(), "Apply")
	}
	operations, err := patchOperations(c.call.Raw)
	if err != nil {
		return outcome{}, err
	}
	if err := l.onToolStart(ctx, c.call, t); err != nil {
		return outcome{}, err
	}
	status := "completed"
	var said []string
	for i, operation := range operations {
		if i > 0 && ctx.Err() != nil {
			status, said = "failed", append(said, "The run ended before the other operations.")
			break
		}
		text, err := t.Apply(ctx, c.call, operation)
		switch {
		case err != nil && ctx.Err() != nil && i == 0:
			return outcome{}, context.Cause(ctx)
		case err != nil && ctx.Err() != nil:
			status, said = "failed", append(said, "The run ended in the next operation.")
		case err != nil:
			status, said = "failed", []string{err.Error()}
		case text != "":
			said = append(said, text)
		}
		if err != nil {
			break
		}
		hasBegun(ctx)
	}
	text := strings.Join(said, "\n")
	return patchOutcome(c, status, text, "output,omitempty", text), l.onToolEnd(ctx, c.call, t, text)
}

func patchOperations(raw json.RawMessage) ([]PatchOperation, error) {
	var one *PatchOperation
	var operations []PatchOperation
	if err := codec.Read(raw, codec.Fields{
		"operation", codec.Maybe(&one, (*PatchOperation).fields),
		"operations", codec.List(&operations, (*PatchOperation).fields),
	}); err != nil {
		return nil, &ModelBehaviorError{Message: "the model's apply_patch call cannot be read: " + err.Error(), Err: err}
	}
	if one != nil {
		operations = []PatchOperation{*one}
	}
	for _, operation := range operations {
		switch {
		case operation.Type != "create_file" && operation.Type != "update_file" && operation.Type != "delete_file":
			return nil, &ModelBehaviorError{Message: "the model's apply_patch call has an operation of an unknown type"}
		case operation.Path == "":
			return nil, &ModelBehaviorError{Message: "the model's apply_patch call has an operation without a path"}
		case operation.Diff == "" && operation.Type != "delete_file":
			return nil, &ModelBehaviorError{Message: "the model's apply_patch call has an operation without a diff"}
		}
	}
	if len(operations) == 0 {
		return nil, &ModelBehaviorError{Message: "the model's apply_patch call has no operation"}
	}
	return operations, nil
}

// patchCallFrom reads a patch that came as a function call, whose arguments are
// the operation, or as a custom call, which may have several.
func patchCallFrom(call *RunItem) (json.RawMessage, error) {
	head := call.parsed()
	text := head.argumentsText()
	if !isObject([]byte(text)) {
		return nil, &ModelBehaviorError{Message: "the model's apply_patch call is not a JSON object"}
	}
	var operation, operations json.RawMessage
	if head.Type == "custom_tool_call" {
		_ = codec.Read([]byte(text), codec.Fields{"operation", &operation, "operations", &operations}) // it is an object
	}
	if operation == nil && operations == nil {
		operation = json.RawMessage(text)
	}
	return withCaller(mustMarshal(codec.Fields{
		"type", "apply_patch_call", "call_id", head.CallID, "operation,omitempty", operation, "operations,omitempty", operations,
	}), call.Raw), nil
}
