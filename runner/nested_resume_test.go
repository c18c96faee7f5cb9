package runner_test

import (
	"context"
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"runstream/runner"
	"runstream/runner/runnertest"
)

var nestedOutputs = map[string]string{"n": "Inside.", "o": "done o"}

func TestARunThatFailedAfterARunInsideEndedIsGoneOnFrom(t *testing.T) {
	for carrier, carry := range carriers {
		for name, hooks := range map[string]*runner.Hooks{
			"as the agent tool ended": {ToolEnd: func(context.Context, *runner.RunContext, *runner.Agent, runner.Tool, *runner.ToolCall, any) error {
				return errBroken
			}},
			"with the turn made": {ModelStart: func(context.Context, *runner.RunContext, *runner.Agent, string, []json.RawMessage) error {
				return errBroken
			}},
		} {
			t.Run(carrier+", "+name, func(t *testing.T) {
				var ran executions
				agent, state := nestedRun(t, &ran, script(calls("inner", "i1"), says("Inside.")))
				require.NoError(t, state.Approve(waiting(t, state, "i1")))
				if name == "with the turn made" {
					require.NoError(t, state.Approve(waiting(t, state, "o")))
				}
				agent.Hooks = hooks
				result, err := runner.Run(t.Context(), agent, state)
				require.ErrorIs(t, err, errBroken)
				agent.Hooks = nil
				state = carry(t, agent, result.State())
				assert.NotContains(t, waitingIDs(state.Interruptions()), "i1", "it has run")
				result = runOK(t, agent, approveAll(t, state))
				assert.Equal(t, nestedOutputs, outputs(t, result.ToInputList()))
				assert.Equal(t, []string{"i1", "o"}, ran.ids())
			})
		}
	}
}

func TestAStoppedRunGoesOnInsideAndWithWhatHadNotBegun(t *testing.T) {
	for carrier, carry := range carriers {
		t.Run(carrier, func(t *testing.T) {
			var ran executions
			hangs := runnertest.Turn{Outputs: []runnertest.Output{runnertest.Message("Well")}, Hang: true}
			model := script(calls("inner", "i1"), hangs, calls("inner", "i2"), says("Inside."))
			agent, state := nestedRun(t, &ran, model)
			stopped := runner.RunStreamed(t.Context(), agent, approveAll(t, state), runner.WithMaxToolConcurrency(1))
			require.Eventually(t, func() bool { return model.Remaining() == 2 }, 10*time.Second, time.Millisecond)
			stopped.Cancel(runner.CancelImmediate)
			require.NoError(t, stopped.Wait(t.Context()))
			assert.Equal(t, []string{"i1"}, ran.ids())

			state = carry(t, agent, stopped.State())
			assert.Equal(t, []string{"o"}, waitingIDs(state.Interruptions()))
			state = carry(t, agent, runOK(t, agent, state).State())
			assert.Equal(t, []string{"i1", "o"}, ran.ids())
			result := runOK(t, agent, approveAll(t, state))
			assert.Equal(t, nestedOutputs, outputs(t, result.ToInputList()))
			assert.Equal(t, []string{"i1", "i2", "o"}, ran.ids())
		})
	}
}

func TestACancelledRunWaitsForNoRunInsideThatNeverWentOn(t *testing.T) {
	var ran executions
	inner := newAgent("Inner", script(calls("inner", "i1"), says("Inside.")), ran.gated("inner")).AsTool(runner.AgentToolOptions{Name: "nested"})
	agent := newAgent("A", script(runnertest.Reply(runnertest.ToolCall("outer", "o", `{}`), runnertest.ToolCall("nested", "n", `{"input":"go"}`))), ran.gated("outer"), inner)
	state := approveAll(t, runOK(t, agent, runner.Text("Go.")).State())
	hanging, release := make(chan struct{}), make(chan struct{})
	defer close(release)
	agent.Hooks = &runner.Hooks{ToolStart: func(context.Context, *runner.RunContext, *runner.Agent, runner.Tool, *runner.ToolCall) error {
		close(hanging)
		<-release
		return nil
	}}
	result := runner.RunStreamed(t.Context(), agent, state)
	<-hanging
	result.Cancel(runner.CancelImmediate)
	require.NoError(t, result.Wait(t.Context()))
	assert.Empty(t, ran.ids())
}

func TestACallWhoseGuardrailFailedInAResumedTurnMayRunYet(t *testing.T) {
	var ran executions
	failing := true
	tool := ran.gated("tool")
	tool.InputGuardrails = []runner.ToolGuardrail{{Name: "guard", Run: func(context.Context, *runner.ToolCall, any) (runner.ToolGuardrailOutput, error) {
		if failing {
			return runner.ToolGuardrailOutput{}, errBroken
		}
		return runner.AllowTool(), nil
	}}}
	agent := newAgent("A", script(calls("tool", "c1"), says("Done.")), tool)
	result, err := runner.Run(t.Context(), agent, approveAll(t, runOK(t, agent, runner.Text("Go.")).State()))
	require.ErrorIs(t, err, errBroken)
	failing = false
	runOK(t, agent, reload(t, agent, result.State()))
	assert.Equal(t, []string{"c1"}, ran.ids())
}

func TestARunInsideEndsWithACallbackThatPanics(t *testing.T) {
	var ran executions
	inner := newAgent("Inner", script(calls("inner", "i1"), says("Inside."), says("Inside.")), ran.gated("inner"))
	panics := false
	nested := inner.AsTool(runner.AgentToolOptions{Name: "nested", OnStream: func(_ context.Context, event runner.AgentToolEvent) {
		if panics && event.Event.Type == runner.RawResponseEvent { // its call has run by then
			panic("on purpose")
		}
	}, OnError: runner.FailRun})
	agent := newAgent("A", script(runnertest.Reply(runnertest.ToolCall("nested", "n", `{"input":"go"}`)), says("Done.")), nested)
	state := approveAll(t, runOK(t, agent, runner.Text("Go.")).State())
	panics = true
	result, err := runner.Run(t.Context(), agent, state)
	require.Error(t, err)
	panics = false
	runOK(t, agent, approveAll(t, reload(t, agent, result.State())))
	assert.Equal(t, []string{"i1"}, ran.ids())
}

// What waits for a decision is what would run: no document puts a run of its
// own behind a call that nobody has approved.
func TestNoRunInsideHidesBehindACallThatWaits(t *testing.T) {
	var ran executions
	inner := newAgent("Inner", script(calls("inner", "i1")), ran.free("inner"))
	nested := inner.AsTool(runner.AgentToolOptions{Name: "nested", NeedsApproval: runner.Always})
	agent := newAgent("A", script(runnertest.Reply(runnertest.ToolCall("nested", "n", `{"input":"Be nice."}`)), says("Done.")), nested)
	waits := document(t, runOK(t, agent, runner.Text("Go.")).State())
	other := newAgent("Inner", script(calls("inner", "i0"), runnertest.Turn{Err: errBroken}), ran.free("inner"))
	stopped, err := runner.Run(t.Context(), other, runner.Text("Be harmful."))
	require.Error(t, err)
	hostile := strings.Replace(string(waits), `"functions":[{`, `"functions":[{"agent_run_state":`+string(document(t, stopped.State()))+`,`, 1)
	_, err = runner.ParseState([]byte(hostile), agent)
	var refused *runner.StateError
	require.ErrorAs(t, err, &refused)
	assert.ErrorContains(t, err, "whose inner run has begun")
}

func TestNoToolBeginsOnceItsStartHookHasStoppedTheRun(t *testing.T) {
	for carrier, carry := range carriers {
		t.Run(carrier, func(t *testing.T) {
			var ran executions
			agent := newAgent("A", script(calls("tool", "c1"), says("Done.")), ran.gated("tool"))
			state := approveAll(t, runOK(t, agent, runner.Text("Go.")).State())
			ctx, stop := context.WithCancel(t.Context())
			agent.Hooks = &runner.Hooks{ToolStart: func(context.Context, *runner.RunContext, *runner.Agent, runner.Tool, *runner.ToolCall) error {
				stop()
				return nil
			}}
			result, err := runner.Run(ctx, agent, state)
			require.ErrorIs(t, err, context.Canceled)
			assert.Empty(t, ran.ids())
			agent.Hooks = nil
			runOK(t, agent, carry(t, agent, result.State()))
			assert.Equal(t, []string{"c1"}, ran.ids())
		})
	}
}

func TestWhatAToolGaveStaysThoughItsEndHookStopsTheRun(t *testing.T) {
	for carrier, carry := range carriers {
		t.Run(carrier, func(t *testing.T) {
			var ran executions
			agent := newAgent("A", script(calls("tool", "c1"), says("Done.")), ran.gated("tool"))
			state := approveAll(t, runOK(t, agent, runner.Text("Go.")).State())
			var result *runner.StreamResult
			started := make(chan struct{})
			agent.Hooks = &runner.Hooks{ToolEnd: func(context.Context, *runner.RunContext, *runner.Agent, runner.Tool, *runner.ToolCall, any) error {
				<-started
				result.Cancel(runner.CancelImmediate)
				return nil
			}}
			result = runner.RunStreamed(t.Context(), agent, state)
			close(started)
			require.NoError(t, result.Wait(t.Context()))
			agent.Hooks = nil
			resumed := runOK(t, agent, carry(t, agent, result.State()))
			assert.Equal(t, map[string]string{"c1": "done c1"}, outputs(t, resumed.ToInputList()))
			assert.Equal(t, []string{"c1"}, ran.ids())
		})
	}
}

func TestAGuardedTurnGoesOnAfterEachReloadOnceItsRunInsideHasEnded(t *testing.T) {
	for _, order := range [][]string{{"i1", "i2", "o"}, {"i1", "o", "i2"}, {"o", "i1", "i2"}} {
		t.Run(strings.Join(order, " "), func(t *testing.T) {
			var ran executions
			inner := newAgent("Inner", script(calls("inner", "i1"), calls("inner", "i2"), says("Inside.")), ran.gated("inner"))
			agent := newAgent("A", script(
				calls("free", "f"), runnertest.Reply(runnertest.ToolCall("nested", "n", `{"input":"go"}`), runnertest.ToolCall("outer", "o", `{}`)), says("Done."),
			), ran.free("free"), ran.gated("outer"), inner.AsTool(runner.AgentToolOptions{Name: "nested"}))
			agent.OutputGuardrails = []runner.OutputGuardrail{{Name: "guard", Run: func(context.Context, *runner.RunContext, *runner.Agent, any) (runner.GuardrailOutput, error) {
				return runner.GuardrailOutput{}, nil
			}}}
			result := runOK(t, agent, runner.Text("Go."))
			for _, callID := range order {
				state := reload(t, agent, result.State())
				require.NoError(t, state.Approve(waiting(t, state, callID)))
				result = runOK(t, agent, state)
			}
			assert.Equal(t, "Done.", result.FinalOutput())
			assert.ElementsMatch(t, []string{"f", "i1", "i2", "o"}, ran.ids())
			assert.Equal(t, map[string]string{"f": "done f", "n": "Inside.", "o": "done o"}, outputs(t, result.ToInputList()))
		})
	}
}

// An agent tool that was approved and has begun waits for what waits inside it, and
// no longer for its own approval.
func TestAnApprovedAgentToolThatWaitsInsideIsNotAskedForAgain(t *testing.T) {
	for name, carry := range carriers {
		t.Run(name, func(t *testing.T) {
			var ran executions
			inner := newAgent("Inner", script(calls("gated", "i1"), says("In.")), ran.gated("gated"))
			ask := inner.AsTool(runner.AgentToolOptions{Name: "ask", NeedsApproval: runner.Always})
			outer := newAgent("Outer", script(runnertest.Reply(runnertest.ToolCall("ask", "o1", `{"input":"q"}`), runnertest.ToolCall("gated", "o2", `{}`)),
				says("Done.")), ask, ran.gated("gated"))
			state := runOK(t, outer, runner.Text("Go.")).State()
			for _, call := range state.Interruptions() {
				require.NoError(t, state.Approve(call))
			}
			saves, paused := 0, make(chan struct{})
			fails := &runner.Hooks{ToolStart: func(_ context.Context, _ *runner.RunContext, _ *runner.Agent, _ runner.Tool, call *runner.ToolCall) error {
				if call.ID == "o2" {
					<-paused
					return errBroken
				}
				return nil
			}}
			result, err := runner.Run(t.Context(), outer, state, runner.WithHooks(fails), runner.WithToolCheckpoint(func(context.Context, *runner.State) error {
				if saves++; saves == 2 { // the first is that before the calls begin
					close(paused)
				}
				return nil
			}))
			require.ErrorIs(t, err, errBroken)
			state = carry(t, outer, result.State())
			assert.NotContains(t, waitingIDs(state.Interruptions()), "o1")
			require.NoError(t, state.Approve(waiting(t, state, "i1")))
			assert.Equal(t, "Done.", runOK(t, outer, carry(t, outer, state)).FinalOutput())
			assert.Equal(t, []string{"i1", "o2"}, ran.ids())
		})
	}
}
