package runner_test

import (
	"context"
	"encoding/json"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"runstream/runner"
	"runstream/runner/runnertest"
)

func made(calls ...string) runnertest.Turn {
	outputs := make([]runnertest.Output, len(calls))
	for i, call := range calls {
		outputs[i] = runnertest.Item(json.RawMessage(call))
	}
	return runnertest.Reply(outputs...)
}

// A call that cannot be told from the one that was approved under its id is not
// taken for it: what a model's server sends may be anything.
func TestAnApprovalIsForNoOtherCallOfItsID(t *testing.T) {
	const function, shell = `{"type":"function_call","call_id":"c1","name":"tool","arguments":"{\"path\":\"/a\"}"}`,
		`{"type":"shell_call","call_id":"c1","action":{"commands":["ls"]}}`
	for name, calls := range map[string][2]string{
		"without arguments":              {function, `{"type":"function_call","call_id":"c1","name":"tool"}`},
		"with an input":                  {function, `{"type":"function_call","call_id":"c1","name":"tool","input":"{\"path\":\"/b\"}"}`},
		"with two ids":                   {function, `{"type":"function_call","call_id":"c1","name":"tool","arguments":"{\"path\":\"/b\"}","call_id":null}`},
		"with two lists of arguments":    {function, `{"type":"function_call","call_id":"c1","name":"tool","arguments":"{\"path\":\"/b\"}","arguments":"{\"path\":\"/a\"}"}`},
		"with two actions":               {shell, `{"type":"shell_call","call_id":"c1","action":{"commands":["rm"]},"action":null}`},
		"with two commands in an action": {shell, `{"type":"shell_call","call_id":"c1","action":{"commands":["rm"],"commands":["ls"]}}`},
		"without an action":              {shell, `{"type":"shell_call","call_id":"c1"}`},
	} {
		t.Run(name, func(t *testing.T) {
			var ran executions
			commands := []string{}
			model := script(made(calls[0]), made(calls[1]), says("Done."))
			agent := newAgent("A", model, ran.gated("tool"), &runner.ShellTool{
				NeedsApproval: runner.Always,
				Run: func(_ context.Context, _ *runner.ToolCall, action runner.ShellAction) (runner.ShellResult, error) {
					commands = append(commands, action.Commands...)
					return runner.ShellResult{}, nil
				},
			})
			state := runOK(t, agent, runner.Text("Go.")).State()
			require.NoError(t, state.Approve(waiting(t, state, "c1")))
			requireError[*runner.ModelBehaviorError](t, agent, state)
			assert.Equal(t, 1, len(ran.ids())+len(commands))
			assert.NotContains(t, commands, "rm")
		})
	}
}

// What waits is what a reader of JSON sees, whichever of two fields it takes.
func TestACallThatSaysTwoThingsIsNotAskedFor(t *testing.T) {
	agent := newAgent("A", script(made(`{"type":"shell_call","call_id":"c1","action":{"commands":["rm"]},"action":{"timeout_ms":5}}`)), &runner.ShellTool{
		NeedsApproval: runner.Always,
		Run: func(context.Context, *runner.ToolCall, runner.ShellAction) (runner.ShellResult, error) {
			return runner.ShellResult{}, nil
		},
	})
	requireError[*runner.ModelBehaviorError](t, agent, runner.Text("Go."))
}

func TestACallWithoutArgumentsIsOneWithNone(t *testing.T) {
	var ran executions
	const call = `{"type":"function_call","call_id":"c1","name":"tool"}`
	model := script(made(call, call), says("Done."))
	agent := newAgent("A", model, ran.gated("tool"))
	state := runOK(t, agent, runner.Text("Go.")).State()
	text, err := state.MarshalJSON()
	require.NoError(t, err)
	state, err = runner.ParseState(text, agent)
	require.NoError(t, err)
	require.NoError(t, state.Approve(waiting(t, state, "c1")))
	runOK(t, agent, state)
	assert.Equal(t, []string{"c1"}, ran.ids(), "once")
	assert.Contains(t, string(lastInput(model)[1]), `"arguments":""`, "the API demands them")
}
