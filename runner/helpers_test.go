package runner_test

import (
	"context"
	"encoding/json"
	"errors"
	"slices"
	"sync"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"runstream/runner"
	"runstream/runner/runnertest"
)

// executions notes which calls were run, with their arguments.
type executions struct {
	mu    sync.Mutex
	calls []*runner.ToolCall
}

func (e *executions) note(call *runner.ToolCall) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.calls = append(e.calls, call)
}

// times says how often a call was run.
func (e *executions) times(callID string) int {
	n := 0
	for _, id := range e.ids() {
		if id == callID {
			n++
		}
	}
	return n
}

// ids are those of the calls that were run, sorted.
func (e *executions) ids() []string {
	e.mu.Lock()
	defer e.mu.Unlock()
	ids := []string{}
	for _, call := range e.calls {
		ids = append(ids, call.ID)
	}
	slices.Sort(ids)
	return ids
}

// free makes a tool that notes its calls and answers "done" and the call's id.
func (e *executions) free(name string) *runner.FunctionTool {
	return &runner.FunctionTool{Name: name, Invoke: func(_ context.Context, call *runner.ToolCall) (any, error) {
		e.note(call)
		return "done " + call.ID, nil
	}}
}

// gated makes the same tool, which always needs approval.
func (e *executions) gated(name string) *runner.FunctionTool {
	tool := e.free(name)
	tool.NeedsApproval = runner.Always
	return tool
}

func newAgent(name string, model runner.Model, tools ...runner.Tool) *runner.Agent {
	return &runner.Agent{Name: name, Model: model, Tools: tools}
}

// script makes a model of these turns.
func script(turns ...runnertest.Turn) *runnertest.ScriptedModel {
	return runnertest.NewScriptedModel(turns...)
}

// says is a turn with nothing but a message.
func says(text string) runnertest.Turn { return runnertest.Reply(runnertest.Message(text)) }

// calls is a turn that calls one tool under these call ids.
func calls(tool string, callIDs ...string) runnertest.Turn {
	var outputs []runnertest.Output
	for _, id := range callIDs {
		outputs = append(outputs, runnertest.ToolCall(tool, id, `{"id":"`+id+`"}`))
	}
	return runnertest.Reply(outputs...)
}

// story reads a run to its end and gives its events as lines such as "agent A",
// "raw" (for any number of them in a row) and "tool_output c1".
func story(result *runner.StreamResult) ([]string, error) {
	lines := []string{}
	for event, err := range result.Events() {
		if err != nil {
			return lines, err
		}
		if line := eventLine(event); line != "raw" || len(lines) == 0 || lines[len(lines)-1] != "raw" {
			lines = append(lines, line)
		}
	}
	return lines, nil
}

func eventLine(event runner.Event) string {
	switch event.Type {
	case runner.RawResponseEvent:
		return "raw"
	case runner.AgentUpdatedStreamEvent:
		return "agent " + event.Agent.Name
	}
	if id := event.Item.CallID(); id != "" {
		return string(event.Name) + " " + id
	}
	return string(event.Name)
}

// runOK runs and requires that no error ends the run.
func runOK(t *testing.T, agent *runner.Agent, input runner.Input, options ...runner.Option) *runner.StreamResult {
	t.Helper()
	result, err := runner.Run(t.Context(), agent, input, options...)
	require.NoError(t, err)
	return result
}

// requireError runs and requires an error of type E.
func requireError[E error](t *testing.T, agent *runner.Agent, input runner.Input, options ...runner.Option) (E, *runner.StreamResult) {
	t.Helper()
	result, err := runner.Run(t.Context(), agent, input, options...)
	var want E
	require.ErrorAs(t, err, &want)
	return want, result
}

// waitingIDs are the ids of the calls that wait, in their order.
func waitingIDs(items []*runner.RunItem) []string {
	ids := []string{}
	for _, item := range items {
		ids = append(ids, item.CallID())
	}
	return ids
}

// waiting finds a waiting call by its id.
func waiting(t *testing.T, state *runner.State, callID string) *runner.RunItem {
	t.Helper()
	return waitingBy(t, state, (*runner.RunItem).CallID, callID)
}

// withArguments finds one by its arguments.
func withArguments(t *testing.T, state *runner.State, arguments string) *runner.RunItem {
	t.Helper()
	return waitingBy(t, state, (*runner.RunItem).Arguments, arguments)
}

func waitingBy(t *testing.T, state *runner.State, of func(*runner.RunItem) string, wanted string) *runner.RunItem {
	t.Helper()
	var all []string
	for _, item := range state.Interruptions() {
		if of(item) == wanted {
			return item
		}
		all = append(all, of(item))
	}
	require.Failf(t, "no such call waits", "%s; %v do", wanted, all)
	return nil
}

// carriers are the ways in which a state gets to where it is resumed.
var carriers = map[string]func(t *testing.T, start *runner.Agent, state *runner.State) *runner.State{
	"in memory":     func(_ *testing.T, _ *runner.Agent, state *runner.State) *runner.State { return state },
	"as a document": reload,
}

// reload writes the state and reads it again.
func reload(t *testing.T, start *runner.Agent, state *runner.State) *runner.State {
	t.Helper()
	back, err := runner.ParseState(document(t, state), start)
	require.NoError(t, err)
	return back
}

func document(t *testing.T, state *runner.State) []byte {
	t.Helper()
	data, err := state.MarshalJSON()
	require.NoError(t, err)
	return data
}

// outputs gives the text of every call's output in a conversation, and fails
// unless each call has exactly one and each output a call before it.
func outputs(t *testing.T, conversation []json.RawMessage) map[string]string {
	t.Helper()
	texts := map[string]string{}
	open := map[string]bool{}
	for _, raw := range conversation {
		var item struct {
			Type   string
			CallID string `json:"call_id"`
			Output any
		}
		require.NoError(t, json.Unmarshal(raw, &item))
		switch item.Type {
		case "function_call", "custom_tool_call", "shell_call", "apply_patch_call":
			assert.NotContains(t, texts, item.CallID, "a call comes once")
			open[item.CallID] = true
		case "function_call_output", "custom_tool_call_output", "shell_call_output", "apply_patch_call_output":
			assert.True(t, open[item.CallID], "the output of %s has no open call before it", item.CallID)
			delete(open, item.CallID)
			text, isText := item.Output.(string)
			if !isText {
				encoded, err := json.Marshal(item.Output)
				require.NoError(t, err)
				text = string(encoded)
			}
			texts[item.CallID] = text
		}
	}
	assert.Empty(t, open, "calls without an output")
	return texts
}

// lastInput is what the model was asked with last.
func lastInput(model *runnertest.ScriptedModel) []json.RawMessage {
	requests := model.Requests()
	return requests[len(requests)-1].Input
}

var errBroken = errors.New("broken on purpose")
