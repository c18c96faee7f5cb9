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

type account struct {
	User  string `json:"user"`
	Token string `json:"-"`
}

func TestTheContextValueTravelsThroughItsSerializerOnly(t *testing.T) {
	var seen *account
	agent := &runner.Agent{Name: "A", Model: runnertest.NewScriptedModel(
		runnertest.Reply(runnertest.ToolCall("rm", "c1", "{}")), runnertest.Reply(runnertest.Message("ok"))),
		Tools: []runner.Tool{&runner.FunctionTool{Name: "rm", NeedsApproval: runner.Always, Invoke: func(_ context.Context, call *runner.ToolCall) (any, error) {
			seen = call.Run.Value.(*account)
			return "gone", nil
		}}},
	}
	value := &account{User: "u1", Token: "CANARY"}
	write := func(v any) (json.RawMessage, error) { return json.Marshal(v) }
	paused, err := runner.Run(t.Context(), agent, runner.Text("go"), runner.WithContextValue(value), runner.WithContextSerializer(write))
	require.NoError(t, err)
	document, err := paused.State().MarshalJSON()
	require.NoError(t, err)
	assert.NotContains(t, string(document), "CANARY")

	state, err := runner.ParseState(document, agent)
	require.NoError(t, err)
	restored := &account{}
	require.NoError(t, json.Unmarshal(state.ContextValue(), restored))
	require.NoError(t, state.Approve(state.Interruptions()[0]))
	_, err = runner.Run(t.Context(), agent, state, runner.WithContextValue(restored))
	require.NoError(t, err)
	assert.Equal(t, "u1", seen.User)
}

func TestWithoutASerializerStatesHoldNoContext(t *testing.T) {
	agent := &runner.Agent{Name: "A", Model: runnertest.NewScriptedModel(runnertest.Reply(runnertest.Message("ok")))}
	result, err := runner.Run(t.Context(), agent, runner.Text("go"), runner.WithContextValue(&account{User: "CANARY"}))
	require.NoError(t, err)
	document, err := result.State().MarshalJSON()
	require.NoError(t, err)
	assert.NotContains(t, string(document), "CANARY")
	assert.Nil(t, result.State().ContextValue())
}

func TestAContextThatIsNoObjectEndsTheRun(t *testing.T) {
	agent := &runner.Agent{Name: "A", Model: runnertest.NewScriptedModel(runnertest.Reply(runnertest.Message("ok")))}
	_, err := runner.Run(t.Context(), agent, runner.Text("go"), runner.WithContextValue(1), runner.WithContextSerializer(func(any) (json.RawMessage, error) {
		return json.RawMessage("1"), nil
	}))
	assert.ErrorContains(t, err, "not a JSON object")
}
