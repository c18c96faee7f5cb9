package runner_test

import (
	"context"
	"errors"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"runstream/runner"
	"runstream/runner/runnertest"
)

func TestTheApplicationSaysWhatTheModelIsToldOfAFailure(t *testing.T) {
	disk := errors.New("disk full")
	agent := &runner.Agent{
		Name:  "A",
		Model: runnertest.NewScriptedModel(runnertest.Reply(runnertest.ToolCall("write", "c1", "{}")), runnertest.Reply(runnertest.Message("ok"))),
		Tools: []runner.Tool{&runner.FunctionTool{Name: "write", Invoke: func(context.Context, *runner.ToolCall) (any, error) { return nil, disk }}},
	}
	var asked runner.ToolErrorInfo
	result, err := runner.Run(t.Context(), agent, runner.Text("go"), runner.WithToolErrorText(func(info runner.ToolErrorInfo) string {
		asked = info
		return "Try later."
	}))
	require.NoError(t, err)
	assert.Equal(t, "tool_exception", asked.Kind)
	assert.ErrorIs(t, asked.Err, disk)
	assert.JSONEq(t, `"Try later."`, string(result.NewItems()[1].Output))
}

func TestGuardrailsBeforeApprovalAnswerInPlaceOfAPerson(t *testing.T) {
	ran := 0
	agent := &runner.Agent{
		Name: "A",
		Model: runnertest.NewScriptedModel(
			runnertest.Reply(runnertest.ToolCall("rm", "c1", `{"path":"/etc"}`), runnertest.ToolCall("rm", "c2", `{"path":"/tmp"}`)),
			runnertest.Reply(runnertest.Message("ok"))),
		Tools: []runner.Tool{&runner.FunctionTool{
			Name: "rm", NeedsApproval: runner.Always,
			InputGuardrails: []runner.ToolGuardrail{{Name: "no_etc", Run: func(_ context.Context, call *runner.ToolCall, _ any) (runner.ToolGuardrailOutput, error) {
				if call.Arguments == `{"path":"/etc"}` {
					return runner.RejectTool("Not there."), nil
				}
				return runner.AllowTool(), nil
			}}},
			Invoke: func(context.Context, *runner.ToolCall) (any, error) { ran++; return "gone", nil },
		}},
	}
	result, err := runner.Run(t.Context(), agent, runner.Text("go"), runner.WithGuardrailsBeforeApproval())
	require.NoError(t, err)
	require.Len(t, result.Interruptions(), 1)
	assert.Equal(t, "c2", result.Interruptions()[0].CallID())
	assert.Zero(t, ran)

	state := result.State()
	require.NoError(t, state.Approve(state.Interruptions()[0]))
	result, err = runner.Run(t.Context(), agent, state)
	require.NoError(t, err)
	assert.Equal(t, "ok", result.FinalOutput())
	assert.Equal(t, 1, ran)
	inputs, _ := result.ToolGuardrailResults()
	assert.Len(t, inputs, 3, "one for each call, and one more for the one that ran")
}

func TestUniqueToolNames(t *testing.T) {
	tool := &runner.FunctionTool{Name: "look_up", Invoke: func(context.Context, *runner.ToolCall) (any, error) { return "x", nil }}
	for name, agent := range map[string]*runner.Agent{
		"two tools":          {Name: "A", Tools: []runner.Tool{tool, tool}},
		"a tool and handoff": {Name: "A", Tools: []runner.Tool{tool}, Handoffs: []runner.HandoffTarget{&runner.Handoff{Agent: &runner.Agent{Name: "B"}, ToolName: "look_up"}}},
	} {
		t.Run(name, func(t *testing.T) {
			model := runnertest.NewScriptedModel(runnertest.Reply(runnertest.Message("ok")))
			agent.Model = model
			_, err := runner.Run(t.Context(), agent, runner.Text("go"), runner.WithUniqueToolNames())
			assert.ErrorContains(t, err, "two tools named look_up")
			assert.Empty(t, model.Requests(), "the model is not asked")
			_, err = runner.Run(t.Context(), agent, runner.Text("go"))
			assert.NoError(t, err)
		})
	}
}

func TestTheNormalizedInputListIsWhatTheModelWouldGet(t *testing.T) {
	spanish := &runner.Agent{Name: "Spanish", Model: runnertest.NewScriptedModel(runnertest.Reply(runnertest.Message("Hola.")))}
	front := &runner.Agent{
		Name: "Front",
		Model: runnertest.NewScriptedModel(
			runnertest.Reply(runnertest.ToolCall("count", "c1", "{}")),
			runnertest.Reply(runnertest.ToolCall("transfer_to_spanish", "c2", "{}"))),
		Tools:    []runner.Tool{&runner.FunctionTool{Name: "count", Invoke: func(context.Context, *runner.ToolCall) (any, error) { return 5, nil }}},
		Handoffs: []runner.HandoffTarget{&runner.Handoff{Agent: spanish, Filter: runner.RemoveAllTools}},
	}
	result, err := runner.Run(t.Context(), front, runner.Text("hi"))
	require.NoError(t, err)
	assert.Len(t, result.ToInputList(), 4, "the call and its output before the handoff stay")
	assert.Len(t, result.NormalizedInputList(), 2, "the filter's are left out")
}
