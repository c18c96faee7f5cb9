package conformance

import (
	"encoding/json"
	"errors"

	"runstream/runner"
)

// Got is what a run did, in the form of the cases' "expect".
type Got struct {
	Events   []map[string]any  `json:"events"`
	Error    *ErrorView        `json:"error,omitempty"`
	Requests []Request         `json:"requests"`
	Calls    []Call            `json:"calls"`
	Result   map[string]any    `json:"result"`
	Session  []json.RawMessage `json:"session_items,omitempty"`
	State    json.RawMessage   `json:"state,omitempty"`
	Raw      []json.RawMessage `json:"-"` // the raw events' data
}

// ErrorView is an error as the cases show it.
type ErrorView struct {
	Type    string `json:"type"`
	Message string `json:"message,omitempty"`
}

// viewError shows an error. The words of a model's or a server's mistakes are
// no part of the contract.
func viewError(err error) *ErrorView {
	if err == nil {
		return nil
	}
	view := &ErrorView{Type: runner.ErrorName(err), Message: err.Error()}
	var mistake *runner.ModelBehaviorError
	var failed *runner.APIError
	if errors.As(err, &mistake) || errors.As(err, &failed) {
		view.Message = ""
	}
	return view
}

func viewEvent(e runner.Event) map[string]any {
	switch e.Type {
	case runner.RawResponseEvent:
		return map[string]any{"type": e.Type, "data": e.Raw.Type}
	case runner.AgentUpdatedStreamEvent:
		return map[string]any{"type": e.Type, "agent": e.Agent.Name}
	}
	return map[string]any{"type": e.Type, "name": e.Name, "item": viewItem(e.Item)}
}

func viewItem(item *runner.RunItem) map[string]any {
	view := map[string]any{"type": item.Type, "agent": item.Agent.Name, "raw": item.Raw}
	switch item.Type {
	case runner.ToolCallOutputItem:
		view["output"] = item.Output
	case runner.HandoffOutputItem:
		view["source_agent"], view["target_agent"] = item.SourceAgent.Name, item.TargetAgent.Name
	case runner.ToolApprovalItem:
		view["name"], view["call_id"] = item.ToolName, item.CallID()
	}
	return view
}

func viewItems(items []*runner.RunItem) []any {
	views := []any{}
	for _, item := range items {
		views = append(views, viewItem(item))
	}
	return views
}

// viewArguments gives what a call is called with; calls of shells and editors
// have an action in its place.
func viewArguments(item *runner.RunItem) any {
	var call struct {
		Arguments *string `json:"arguments"`
		Input     *string `json:"input"`
	}
	if json.Unmarshal(item.Raw, &call) != nil || call.Arguments == nil && call.Input == nil {
		return nil
	}
	return item.Arguments()
}

func viewResult(result *runner.StreamResult) map[string]any {
	interruptions := []any{}
	for _, item := range result.Interruptions() {
		interruptions = append(interruptions, map[string]any{
			"name": item.ToolName, "call_id": item.CallID(), "agent": item.Agent.Name, "arguments": viewArguments(item),
		})
	}
	usage := result.Usage()
	var lastResponse any
	if id := result.LastResponseID(); id != "" {
		lastResponse = id
	}
	return map[string]any{
		"final_output": result.FinalOutput(), "last_agent": result.LastAgent().Name, "is_complete": result.IsComplete(),
		"current_turn": result.CurrentTurn(), "last_response_id": lastResponse, "interruptions": interruptions,
		"new_items": viewItems(result.NewItems()), "input_list": result.ToInputList(),
		"usage": map[string]any{
			"requests": usage.Requests, "input_tokens": usage.InputTokens, "output_tokens": usage.OutputTokens, "total_tokens": usage.TotalTokens,
		},
		"input_guardrails": viewGuardrails(result.InputGuardrailResults()), "output_guardrails": viewGuardrails(result.OutputGuardrailResults()),
	}
}

func viewGuardrails(results []runner.GuardrailResult) []any {
	views := []any{}
	for _, result := range results {
		views = append(views, map[string]any{"name": result.Guardrail, "tripped": result.Output.Tripped})
	}
	return views
}
