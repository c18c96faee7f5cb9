package runner_test

import (
	"context"
	"encoding/json"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"runstream/runner"
	"runstream/runner/runnertest"
)

func TestALostToolIsAnsweredOnce(t *testing.T) {
	model := script(calls("lost", "c1"), calls("lost", "c1"), says("Done."))
	result := runOK(t, newAgent("A", model), runner.Text("Go."), runner.WithToolNotFoundToModel())
	outputs(t, result.ToInputList())
}

func TestWhatAFilterTakesOutIsNotAnnounced(t *testing.T) {
	var ran executions
	model := script(runnertest.Reply(runnertest.ToolCall("tool", "c1", "{}"), runnertest.ToolCall("transfer_to_b", "h", "{}")), says("Done."))
	agent := newAgent("A", model, ran.free("tool"))
	agent.Handoffs = []runner.HandoffTarget{&runner.Handoff{Agent: newAgent("B", model), Filter: runner.RemoveAllTools}}
	lines, err := story(runner.RunStreamed(t.Context(), agent, runner.Text("Go.")))
	require.NoError(t, err)
	assert.NotContains(t, lines, "tool_output c1")
}

func TestAResponseWithReasoningIsWithheldAsAWhole(t *testing.T) {
	var ran executions
	agent := newAgent("A", script(runnertest.Reply(runnertest.Reasoning("Secret."), runnertest.ToolCall("tool", "c1", "{}"))), ran.free("tool"))
	agent.ToolUse.StopOnFirstTool = true
	agent.OutputGuardrails = []runner.OutputGuardrail{outputVerdict("guard", true)}
	_, result := requireError[*runner.OutputGuardrailTripwireTriggered](t, agent, runner.Text("Go."))
	assert.Equal(t, []string{"user"}, itemLines(t, result.ToInputList()))
}

func TestAnApprovedRequestHasNoReason(t *testing.T) {
	model := script(runnertest.Reply(readRequest), says("Done."))
	agent := newAgent("A", model,
		&runner.HostedMCPTool{ServerLabel: "files", Config: json.RawMessage(`{"type":"mcp","server_label":"files"}`), OnApproval: func(context.Context, *runner.ToolCall) (*runner.ApprovalAnswer, error) {
			return &runner.ApprovalAnswer{Approve: true, Reason: "internal"}, nil
		}})
	runOK(t, agent, runner.Text("Go."))
	assert.NotContains(t, string(lastInput(model)[2]), "internal")
}

func TestALostToolOfAFailedTurnIsAnsweredInTheNextOne(t *testing.T) {
	turn := runnertest.Reply(runnertest.ToolCall("lost", "c1", "{}"), runnertest.ToolCall("transfer_to_b", "h", "{}"))
	model := script(turn, turn, says("Done."))
	agent := newAgent("A", model)
	fails := true
	agent.Handoffs = []runner.HandoffTarget{&runner.Handoff{Agent: newAgent("B", model), OnHandoff: func(context.Context, *runner.RunContext, json.RawMessage) error {
		if fails {
			return errBroken
		}
		return nil
	}}}
	result, err := runner.Run(t.Context(), agent, runner.Text("Go."), runner.WithToolNotFoundToModel())
	require.ErrorIs(t, err, errBroken)
	fails = false
	result = runOK(t, agent, result.State(), runner.WithToolNotFoundToModel())
	assert.Contains(t, outputs(t, result.ToInputList()), "c1")
}

func TestARunInsideWaitsForAllItsDecisions(t *testing.T) {
	for name, carry := range carriers {
		t.Run(name, func(t *testing.T) {
			var ran executions
			model := script(runnertest.Reply(runnertest.ToolCall("inner", "o1", `{"input":"Go."}`)), calls("gated", "n1", "n2"), says("In."), says("Out."))
			agent := nested(1, ran.gated("gated"), model)
			state := carry(t, agent, runOK(t, agent, runner.Text("Go.")).State())
			require.NoError(t, state.Approve(waiting(t, state, "n1")))
			state = runOK(t, agent, carry(t, agent, state)).State()
			assert.Empty(t, ran.ids(), "the run inside waits for the rest")
			require.NoError(t, state.Approve(waiting(t, state, "n2")))
			runOK(t, agent, state)
			assert.Equal(t, []string{"n1", "n2"}, ran.ids())
		})
	}
}

func TestTheOutputsOfAResumedTurnAreSavedInCallOrder(t *testing.T) {
	var ran executions
	custom := &runner.CustomTool{Name: "raw", NeedsApproval: runner.Always, Invoke: func(_ context.Context, call *runner.ToolCall) (string, error) {
		return "ran", nil
	}}
	agent := newAgent("A", script(runnertest.Reply(
		runnertest.Item(json.RawMessage(`{"type":"custom_tool_call","id":"ct_1","call_id":"c1","name":"raw","input":"x"}`)),
		runnertest.ToolCall("gated", "c2", "{}")), says("Done.")), custom, ran.gated("gated"))
	session := &notedSession{}
	state := approveAll(t, runOK(t, agent, runner.Text("Go."), runner.WithSession(session)).State())
	runOK(t, agent, state, runner.WithSession(session))
	assert.Equal(t, []string{"user", "custom_tool_call c1", "function_call c2", "custom_tool_call_output c1", "function_call_output c2", "message"}, session.log(t))
}

func TestCopiesOfAStateGoOnApart(t *testing.T) {
	var ran executions
	turn := runnertest.Reply(runnertest.Message("I look."), runnertest.ToolCall("gated", "c1", "{}"))
	agent := newAgent("A", script(turn, says("One."), says("Two.")), ran.gated("gated"))
	paused := runOK(t, agent, runner.Text("Go."))
	one, two := paused.State(), paused.State()
	require.NoError(t, one.Approve(waiting(t, one, "c1")))
	require.NoError(t, two.Reject(waiting(t, two, "c1"), "No."))
	first := runOK(t, agent, one)
	second := runOK(t, agent, two)
	said := func(result *runner.StreamResult) (outputs []string) {
		for _, item := range result.NewItems() {
			if item.Type == runner.ToolCallOutputItem {
				outputs = append(outputs, string(item.Output))
			}
		}
		return outputs
	}
	assert.Equal(t, []string{`"done c1"`}, said(first))
	assert.Equal(t, []string{`"No."`}, said(second))
}

func TestAResumedTurnThatIsWithheldHasItsCallOnce(t *testing.T) {
	var ran executions
	agent := newAgent("A", script(says("x")), ran.gated("tool"))
	agent.Model = script(calls("tool", "c1"))
	agent.ToolUse.StopOnFirstTool = true
	agent.OutputGuardrails = []runner.OutputGuardrail{outputVerdict("guard", true)}
	state := runOK(t, agent, runner.Text("Go.")).State()
	require.NoError(t, state.Approve(waiting(t, state, "c1")))
	_, result := requireError[*runner.OutputGuardrailTripwireTriggered](t, agent, state)
	want := []string{"user", "function_call c1", "function_call_output c1"}
	assert.Equal(t, want, itemLines(t, result.ToInputList()))
	assert.Equal(t, want, itemLines(t, result.NormalizedInputList()))
	assert.Equal(t, 2, strings.Count(string(document(t, result.State())), `"raw_item":{"id":"fc_c1"`))
}

func TestAnApprovedCallGetsTheContextOfTheRunThatRunsIt(t *testing.T) {
	for name, carry := range carriers {
		t.Run(name, func(t *testing.T) {
			var given any
			agent := newAgent("A", script(calls("tool", "c1"), says("Done.")), &runner.FunctionTool{Name: "tool", NeedsApproval: runner.Always, Invoke: func(_ context.Context, call *runner.ToolCall) (any, error) {
				given = call.Run.Value
				return "done", nil
			}})
			state := carry(t, agent, runOK(t, agent, runner.Text("Go."), runner.WithContextValue("one")).State())
			require.NoError(t, state.Approve(waiting(t, state, "c1")))
			runOK(t, agent, state, runner.WithContextValue("two"))
			assert.Equal(t, "two", given)
		})
	}
}

func TestWhatAToolsOutputGuardrailSaidIsKept(t *testing.T) {
	var ran executions
	tool := ran.free("free")
	tool.OutputGuardrails = []runner.ToolGuardrail{{Name: "g", Run: func(context.Context, *runner.ToolCall, any) (runner.ToolGuardrailOutput, error) {
		return runner.AllowTool(), nil
	}}}
	agent := newAgent("A", script(calls("free", "c1"), calls("gated", "c2"), says("Done.")), tool, ran.gated("gated"))
	result := runOK(t, agent, runner.Text("Go."))
	_, said := result.ToolGuardrailResults()
	assert.Len(t, said, 1)
	state := reload(t, agent, result.State())
	require.NoError(t, state.Approve(waiting(t, state, "c2")))
	_, said = runOK(t, agent, state).ToolGuardrailResults()
	assert.Len(t, said, 1)
}

func TestARunInsideThatGoesOnIsNotLookedAtAgain(t *testing.T) {
	var ran executions
	looked := 0
	inner := newAgent("Inner", script(calls("gated", "n1"), says("In.")), ran.gated("gated")).AsTool(runner.AgentToolOptions{Name: "inner"})
	inner.InputGuardrails = []runner.ToolGuardrail{{Name: "g", Run: func(context.Context, *runner.ToolCall, any) (runner.ToolGuardrailOutput, error) {
		if looked++; looked > 1 {
			return runner.RejectTool("No."), nil
		}
		return runner.AllowTool(), nil
	}}}
	agent := newAgent("A", script(runnertest.Reply(runnertest.ToolCall("inner", "o1", `{"input":"Go."}`)), says("Done.")), inner)
	state := runOK(t, agent, runner.Text("Go.")).State()
	require.NoError(t, state.Approve(waiting(t, state, "n1")))
	result := runOK(t, agent, state)
	assert.Equal(t, 1, looked)
	assert.Equal(t, []string{"n1"}, ran.ids())
	assert.Equal(t, "In.", outputs(t, result.ToInputList())["o1"])
}

// The tools of a turn wait a little for a reader that is late.
func TestAReaderThatComesALittleLateStopsTheRunBeforeItsTools(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var ran executions
		result := runner.RunStreamed(t.Context(), newAgent("A", script(calls("free", "c1"), says("Done.")), ran.free("free")), runner.Text("Go."))
		time.Sleep(50 * time.Millisecond) // of the test's own clock
		for event, err := range result.Events() {
			require.NoError(t, err)
			if event.Type == runner.RunItemStreamEvent {
				result.Cancel(runner.CancelImmediate)
			}
		}
		assert.Empty(t, ran.ids())
	})
}
