package runner_test

import (
	"context"
	"encoding/json"
	"iter"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"runstream/runner"
)

// completing is a model that answers with these responses, as they are, and then
// says that it is done.
type completing struct {
	responses []string
	after     string // an event that follows each
	asked     int
}

func (m *completing) Stream(context.Context, *runner.ModelRequest) iter.Seq2[runner.RawEvent, error] {
	response := `{"id":"r","output":[{"type":"message","role":"assistant","content":[{"type":"output_text","text":"Done."}]}]}`
	if m.asked < len(m.responses) {
		response = m.responses[m.asked]
	}
	m.asked++
	return func(yield func(runner.RawEvent, error) bool) {
		if !yield(runner.RawEvent{Type: "response.completed", Data: []byte(`{"type":"response.completed","response":` + response + `}`)}, nil) || m.after == "" {
			return
		}
		var event struct{ Type string }
		if json.Unmarshal([]byte(m.after), &event) == nil {
			yield(runner.RawEvent{Type: event.Type, Data: []byte(m.after)}, nil)
		}
	}
}

func TestAnItemThatNoStateCouldHoldIsNotAccepted(t *testing.T) {
	for name, item := range map[string]string{
		"no object":                    `"hello"`,
		"no type":                      `{"role":"assistant","content":[{"type":"output_text","text":"hello"}]}`,
		"a type that is no text":       `{"type":5}`,
		"an id that is no text":        `{"type":"function_call","id":7,"call_id":"c1","name":"tool","arguments":"{}"}`,
		"arguments that are a number":  `{"type":"function_call","call_id":"c1","name":"tool","arguments":5}`,
		"arguments that are a list":    `{"type":"function_call","call_id":"c1","name":"tool","arguments":["x"]}`,
		"a call without an id":         `{"type":"function_call","name":"tool","arguments":"{}"}`,
		"a call without a name":        `{"type":"function_call","call_id":"c1","arguments":"{}"}`,
		"input that is no text":        `{"type":"custom_tool_call","call_id":"c1","name":"custom","input":{"path":"/tmp"}}`,
		"content that is a text":       `{"type":"message","role":"assistant","content":"hello"}`,
		"a part of another API":        `{"type":"message","role":"assistant","content":[{"type":"text","text":"hello"}]}`,
		"a part that is no object":     `{"type":"message","role":"assistant","content":["hello"]}`,
		"arguments nested too deep":    `{"type":"function_call","call_id":"c1","name":"tool","arguments":` + nestedJSON(501) + `}`,
		"an item nested too deep":      `{"type":"mystery","data":` + nestedJSON(150) + `}`,
		"a request without its server": `{"type":"mcp_approval_request","id":"m1","name":"tool","arguments":"{}"}`,
	} {
		t.Run(name, func(t *testing.T) {
			var ran executions
			custom := &runner.CustomTool{Name: "custom", Invoke: func(context.Context, *runner.ToolCall) (string, error) {
				ran.note(&runner.ToolCall{ID: "custom"})
				return "ok", nil
			}}
			model := &completing{responses: []string{`{"id":"r","output":[{"type":"function_call","call_id":"c0","name":"tool","arguments":"{}"},` + item + `]}`}}
			_, result := requireError[*runner.ModelBehaviorError](t, newAgent("A", model, ran.free("tool"), custom), runner.Text("Go."))
			assert.Empty(t, ran.ids())
			assert.Empty(t, result.RawResponses())
		})
	}
}

func nestedJSON(levels int) string {
	text := ""
	for range levels {
		text = `{"a":` + text
	}
	text += "1"
	for range levels {
		text += "}"
	}
	return text
}

func TestArgumentsThatAreNestedTooDeepReachNoTool(t *testing.T) {
	var ran executions
	asked := false
	tool := ran.free("tool")
	tool.NeedsApproval = func(context.Context, *runner.ToolCall) (bool, error) {
		asked = true
		return false, nil
	}
	arguments, err := json.Marshal(nestedJSON(501))
	require.NoError(t, err)
	model := &completing{responses: []string{`{"id":"r","output":[{"type":"function_call","call_id":"c1","name":"tool","arguments":` + string(arguments) + `}]}`}}
	agent := newAgent("A", model, tool)
	state := runOK(t, agent, runner.Text("Go.")).State()
	assert.False(t, asked, "it waits for a person, as what cannot be read does")
	require.NoError(t, state.Approve(state.Interruptions()[0]))
	assert.Equal(t, "Done.", runOK(t, agent, reload(t, agent, state)).FinalOutput())
	assert.Empty(t, ran.ids())
}

// What a tool gives may be nested as deep as JSON is; a state is read all the same.
func TestAStateWithADeepOutputCanBeRead(t *testing.T) {
	deep := json.RawMessage(nestedJSON(300))
	var ran executions
	tool := &runner.FunctionTool{Name: "tool", Invoke: func(context.Context, *runner.ToolCall) (any, error) { return deep, nil },
		CustomData: func(context.Context, *runner.ToolCall, any) (json.RawMessage, error) { return deep, nil }}
	model := script(calls("tool", "c1"), calls("gated", "c2"), says("Done."))
	agent := newAgent("A", model, tool, ran.gated("gated"))
	state := reload(t, agent, runOK(t, agent, runner.Text("Go.")).State())
	require.NoError(t, state.Approve(state.Interruptions()[0]))
	assert.Equal(t, "Done.", runOK(t, agent, state).FinalOutput())
	assert.True(t, outputs(t, lastInput(model))["c1"] == string(deep), "the model is told all of it")

	input := runner.Items{json.RawMessage(`{"role":"user","content":` + nestedJSON(150) + `}`)}
	refused, _ := requireError[*runner.UserError](t, agent, input)
	assert.ErrorContains(t, refused, "nested deeper")
}

func TestCustomDataThatIsNoJSONEndsTheRunAndLosesNoOutput(t *testing.T) {
	var ran executions
	tool := ran.free("tool")
	tool.CustomData = func(context.Context, *runner.ToolCall, any) (json.RawMessage, error) {
		return json.RawMessage("{x"), nil
	}
	agent := newAgent("A", script(calls("tool", "c1"), says("Done.")), tool)
	_, result := requireError[*runner.UserError](t, agent, runner.Text("Go."))
	state := reload(t, agent, result.State())
	assert.Equal(t, "Done.", runOK(t, agent, state).FinalOutput())
	assert.Equal(t, []string{"c1"}, ran.ids())
}

func TestArgumentsThatAreTheObjectItselfReachTheToolAndWhoeverDecides(t *testing.T) {
	var ran executions
	model := &completing{responses: []string{`{"id":"r","output":[{"type":"function_call","call_id":"c1","name":"tool","arguments":{"path":"/tmp/x"}}]}`}}
	agent := newAgent("A", model, ran.gated("tool"))
	state := runOK(t, agent, runner.Text("Go.")).State()
	waiting := state.Interruptions()[0]
	assert.Equal(t, `{"path":"/tmp/x"}`, waiting.Arguments())
	require.NoError(t, state.Approve(waiting))
	runOK(t, agent, reload(t, agent, state))
	assert.Equal(t, []string{`{"path":"/tmp/x"}`}, ran.withWhat())
}

func TestBytesThatAreNoTextDoNotKeepAStateFromBeingRead(t *testing.T) {
	var ran executions
	model := &completing{responses: []string{`{"id":"r","output":[{"type":"function_call","call_id":"c1","name":"tool","arguments":"{\"p\":\"` + "\xff" + `\"}"}]}`}}
	agent := newAgent("A", model, ran.gated("tool"))
	state := runOK(t, agent, runner.Text("Go.")).State()
	state = reload(t, agent, state)
	require.NoError(t, state.Approve(state.Interruptions()[0]))
	runOK(t, agent, state)
	assert.Equal(t, []string{`{"p":"` + "\ufffd" + `"}`}, ran.withWhat())

	input := runner.Items{json.RawMessage(`{"role":"user","content":"` + "\xff" + `"}`)}
	refused, _ := requireError[*runner.UserError](t, agent, input)
	assert.ErrorContains(t, refused, "UTF-8")
}

// What a response used is bookkeeping: the answer is there.
func TestUsageInAServersOwnFormFailsNoRun(t *testing.T) {
	model := &completing{responses: []string{`{"id":7,"output":[{"type":"message","content":[{"type":"output_text","text":"Done."}]}],
		"usage":{"input_tokens":1.0,"output_tokens":"2","total_tokens":1.5e3,"input_tokens_details":{"cached_tokens":"many"}}}`}}
	result := runOK(t, newAgent("A", model), runner.Text("Go."))
	assert.Equal(t, "7", result.LastResponseID())
	used := result.Usage()
	assert.Equal(t, []int{1, 2, 1500, 0}, []int{used.InputTokens, used.OutputTokens, used.TotalTokens, used.CachedTokens})
}
