package runner_test

import (
	"context"
	"encoding/json"
	"errors"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"runstream/runner"
	"runstream/runner/runnertest"
)

// inputVerdict is an input guardrail that says this at once.
func inputVerdict(name string, tripped bool) runner.InputGuardrail {
	return runner.InputGuardrail{Name: name, Run: func(context.Context, *runner.RunContext, *runner.Agent, []json.RawMessage) (runner.GuardrailOutput, error) {
		return runner.GuardrailOutput{Tripped: tripped, Info: name + " looked"}, nil
	}}
}

func outputVerdict(name string, tripped bool) runner.OutputGuardrail {
	return runner.OutputGuardrail{Name: name, Run: func(context.Context, *runner.RunContext, *runner.Agent, any) (runner.GuardrailOutput, error) {
		return runner.GuardrailOutput{Tripped: tripped, Info: name + " looked"}, nil
	}}
}

func TestABlockingGuardrailThatTripsKeepsTheModelFromBeingAsked(t *testing.T) {
	guardrail := inputVerdict("guard", true)
	guardrail.Blocking = true
	for name, options := range map[string][]runner.Option{
		"of the agent": nil,
		"of the run":   {runner.WithInputGuardrails(guardrail)},
	} {
		t.Run(name, func(t *testing.T) {
			model := script(says("Done."))
			agent := newAgent("A", model)
			if options == nil {
				agent.InputGuardrails = []runner.InputGuardrail{guardrail}
			}
			session := &notedSession{}
			result := runner.RunStreamed(t.Context(), agent, runner.Text("Go."), append(options, runner.WithSession(session))...)
			lines, err := story(result)
			var tripped *runner.InputGuardrailTripwireTriggered
			require.ErrorAs(t, err, &tripped)
			assert.Equal(t, "guard", tripped.Result.Guardrail)
			assert.Equal(t, []string{"agent A"}, lines)
			assert.Empty(t, model.Requests())
			assert.Equal(t, []string{"user"}, session.log(t), "what the user said is remembered, and nothing else")
			require.Len(t, result.InputGuardrailResults(), 1)
			assert.Equal(t, "guard looked", result.InputGuardrailResults()[0].Output.Info)
		})
	}
}

func TestGuardrailsThatPassAreInTheResultInTheirOrder(t *testing.T) {
	agent := newAgent("A", script(says("Done.")))
	agent.InputGuardrails = []runner.InputGuardrail{inputVerdict("one", false)}
	agent.OutputGuardrails = []runner.OutputGuardrail{outputVerdict("three", false)}
	result := runOK(t, agent, runner.Text("Go."), runner.WithInputGuardrails(inputVerdict("two", false)), runner.WithOutputGuardrails(outputVerdict("four", false)))
	names := []string{}
	for _, said := range append(result.InputGuardrailResults(), result.OutputGuardrailResults()...) {
		names = append(names, said.Guardrail)
	}
	assert.Equal(t, []string{"one", "two", "three", "four"}, names)
	assert.Equal(t, "Done.", result.OutputGuardrailResults()[0].AgentOutput)
}

// A parallel guardrail that trips while the model still answers, while a tool
// runs, or before either: whatever has not started then never does.
func TestAParallelGuardrailThatTripsStopsWhatHasNotStarted(t *testing.T) {
	t.Run("while the model answers", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			var ran executions
			answered := make(chan struct{})
			model := &answering{begin: make(chan struct{}), turn: func(*runner.ModelRequest, int) runnertest.Turn {
				close(answered)
				return calls("tool", "c1")
			}}
			agent := newAgent("A", model, ran.free("tool"))
			release := make(chan struct{})
			agent.InputGuardrails = []runner.InputGuardrail{{Name: "guard", Run: func(context.Context, *runner.RunContext, *runner.Agent, []json.RawMessage) (runner.GuardrailOutput, error) {
				<-release
				return runner.GuardrailOutput{Tripped: true}, nil
			}}}
			result := runner.RunStreamed(t.Context(), agent, runner.Text("Go."))
			synctest.Wait()
			assert.Equal(t, 1, model.asked(), "the model is asked meanwhile")
			close(release)
			synctest.Wait()
			close(model.begin)
			<-answered
			var tripped *runner.InputGuardrailTripwireTriggered
			require.ErrorAs(t, result.Wait(t.Context()), &tripped)
			synctest.Wait()
			assert.Empty(t, ran.ids())
			assert.Nil(t, result.FinalOutput())
		})
	})
	t.Run("while a tool runs", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			release := make(chan struct{})
			var cause error
			model := script(calls("tool", "c1"), says("Done."))
			agent := newAgent("A", model, &runner.FunctionTool{Name: "tool", Invoke: func(ctx context.Context, _ *runner.ToolCall) (any, error) {
				<-ctx.Done()
				cause = context.Cause(ctx)
				return nil, cause
			}})
			agent.InputGuardrails = []runner.InputGuardrail{{Name: "guard", Run: func(context.Context, *runner.RunContext, *runner.Agent, []json.RawMessage) (runner.GuardrailOutput, error) {
				<-release
				return runner.GuardrailOutput{Tripped: true}, nil
			}}}
			result := runner.RunStreamed(t.Context(), agent, runner.Text("Go."))
			time.Sleep(time.Minute) // nobody reads the events; a reader might have come
			close(release)
			var tripped *runner.InputGuardrailTripwireTriggered
			require.ErrorAs(t, result.Wait(t.Context()), &tripped)
			synctest.Wait()
			assert.ErrorAs(t, cause, &tripped, "the tool's context says why")
			assert.Len(t, model.Requests(), 1)
			outputs(t, result.ToInputList())
		})
	})
}

func TestHeldToolsWaitForTheParallelGuardrails(t *testing.T) {
	for _, trips := range []bool{true, false} {
		for _, held := range []bool{true, false} {
			synctest.Test(t, func(t *testing.T) {
				var ran executions
				release := make(chan struct{})
				agent := newAgent("A", script(calls("tool", "c1"), says("Done.")), ran.free("tool"))
				agent.InputGuardrails = []runner.InputGuardrail{{Name: "guard", Run: func(context.Context, *runner.RunContext, *runner.Agent, []json.RawMessage) (runner.GuardrailOutput, error) {
					<-release
					return runner.GuardrailOutput{Tripped: trips}, nil
				}}}
				var options []runner.Option
				if held {
					options = append(options, runner.WithHeldTools())
				}
				result := runner.RunStreamed(t.Context(), agent, runner.Text("Go."), options...)
				time.Sleep(time.Minute) // nobody reads the events; a reader might have come
				synctest.Wait()
				assert.Equal(t, !held, len(ran.ids()) == 1, "whether the tool ran beside the guardrail")
				close(release)
				err := result.Wait(t.Context())
				if trips {
					assert.Error(t, err)
					assert.Nil(t, result.FinalOutput())
				} else {
					require.NoError(t, err)
					assert.Equal(t, []string{"c1"}, ran.ids())
				}
				assert.Equal(t, held && trips, len(ran.ids()) == 0)
			})
		}
	}
}

// No resumed run asks them again.
func TestARunThatMayBeResumedEndsOnceTheParallelGuardrailsHaveSpoken(t *testing.T) {
	broken := errors.New("no moderation today")
	for name, turns := range map[string][]runnertest.Turn{
		"paused in the first turn":  {calls("gated", "c1")},
		"paused in the second turn": {calls("free", "c0"), calls("gated", "c1")},
		"stopped after a turn":      {calls("free", "c0")},
	} {
		for verdict, failure := range map[string]error{"trips": nil, "fails": broken} {
			t.Run(name+", "+verdict, func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					var ran executions
					release := make(chan struct{})
					agent := newAgent("A", script(turns...), ran.free("free"), ran.gated("gated"))
					agent.InputGuardrails = []runner.InputGuardrail{{Name: "guard", Run: func(context.Context, *runner.RunContext, *runner.Agent, []json.RawMessage) (runner.GuardrailOutput, error) {
						<-release
						return runner.GuardrailOutput{Tripped: true}, failure
					}}}
					result := runner.RunStreamed(t.Context(), agent, runner.Text("Go."))
					if name == "stopped after a turn" {
						result.Cancel(runner.CancelAfterTurn)
					}
					time.Sleep(time.Minute) // nobody reads the events; a reader might have come
					synctest.Wait()
					close(release)
					err := result.Wait(t.Context())
					if failure != nil {
						require.ErrorIs(t, err, broken)
					} else {
						var tripped *runner.InputGuardrailTripwireTriggered
						require.ErrorAs(t, err, &tripped)
						assert.Len(t, result.InputGuardrailResults(), 1)
					}
					assert.Empty(t, result.Interruptions())
				})
			})
		}
	}
}

func TestInputGuardrailsLookAtTheStartOnly(t *testing.T) {
	looked := 0
	guardrail := runner.InputGuardrail{Name: "guard", Blocking: true, Run: func(context.Context, *runner.RunContext, *runner.Agent, []json.RawMessage) (runner.GuardrailOutput, error) {
		looked++
		return runner.GuardrailOutput{}, nil
	}}
	var ran executions
	model := script(runnertest.Reply(runnertest.ToolCall("transfer_to_b", "h", `{}`)), calls("gated", "c1"), says("Done."))
	other := newAgent("B", model, ran.gated("gated"))
	other.InputGuardrails = []runner.InputGuardrail{guardrail}
	agent := newAgent("A", model)
	agent.Handoffs, agent.InputGuardrails = []runner.HandoffTarget{other}, []runner.InputGuardrail{guardrail}
	state := runOK(t, agent, runner.Text("Go.")).State()
	require.NoError(t, state.Approve(waiting(t, state, "c1")))
	runOK(t, agent, state)
	assert.Equal(t, 1, looked, "not after a handoff, and not when resumed")
}

// A filter may leave nothing of the handoff in the run's items.
func TestTheGuardrailsOfAnAgentThatWasHandedToAreNotAskedByAResumedRun(t *testing.T) {
	for name, again := range carriers {
		t.Run(name, func(t *testing.T) {
			var ran executions
			other := newAgent("B", script(calls("gated", "c1"), says("Done.")), ran.gated("gated"))
			other.InputGuardrails = []runner.InputGuardrail{inputVerdict("guard", true)}
			agent := newAgent("A", script(calls("transfer_to_b", "h")))
			agent.Handoffs = []runner.HandoffTarget{&runner.Handoff{Agent: other, Filter: runner.RemoveAllTools}}
			state := again(t, agent, runOK(t, agent, runner.Text("Go.")).State())
			require.NoError(t, state.Approve(waiting(t, state, "c1")))
			assert.Equal(t, "Done.", runOK(t, agent, state).FinalOutput())
		})
	}
}

func TestStagedInputIsLookedAtByTheCurrentAgentsGuardrails(t *testing.T) {
	var ran executions
	model := script(calls("gated", "c1"), says("Done."))
	agent := newAgent("A", model, ran.gated("gated"))
	state := runOK(t, agent, runner.Text("Go.")).State()
	require.NoError(t, state.Approve(waiting(t, state, "c1")))
	require.NoError(t, state.AddInput(runner.UserMessage("Bad words.")))
	agent.InputGuardrails = []runner.InputGuardrail{inputVerdict("guard", true)}
	requireError[*runner.InputGuardrailTripwireTriggered](t, agent, state)
	assert.Len(t, model.Requests(), 1)
}

func TestAnOutputGuardrailThatTripsWithholdsTheFinalOutput(t *testing.T) {
	agent := newAgent("A", script(says("Secret.")))
	agent.OutputGuardrails = []runner.OutputGuardrail{outputVerdict("first", false), outputVerdict("guard", true)}
	session := &notedSession{}
	result := runner.RunStreamed(t.Context(), agent, runner.Text("Go."), runner.WithSession(session))
	lines, err := story(result)
	var tripped *runner.OutputGuardrailTripwireTriggered
	require.ErrorAs(t, err, &tripped)
	assert.Equal(t, "guard", tripped.Result.Guardrail)
	assert.Equal(t, []string{"agent A", "raw", "message_output_created"}, lines)
	assert.Nil(t, result.FinalOutput())
	assert.Equal(t, []string{"user"}, session.log(t))
}

func TestTheTextInPlaceOfAWithheldOutputIsTheRuns(t *testing.T) {
	var ran executions
	agent := newAgent("A", script(calls("tool", "c1")), ran.free("tool"))
	agent.ToolUse = runner.ToolUseBehavior{StopOnFirstTool: true}
	agent.OutputGuardrails = []runner.OutputGuardrail{outputVerdict("guard", true)}
	result, err := runner.Run(t.Context(), agent, runner.Text("Go."), runner.WithWithheldText("Not for you."))
	var tripped *runner.OutputGuardrailTripwireTriggered
	require.ErrorAs(t, err, &tripped)
	assert.Equal(t, map[string]string{"c1": "Not for you."}, outputs(t, result.ToInputList()))
}

func TestAToolsOutputThatAGuardrailTripsOnIsInNoHistory(t *testing.T) {
	for _, gated := range []bool{false, true} {
		var ran executions
		tool := ran.free("tool")
		if gated {
			tool = ran.gated("tool")
		}
		tool.Invoke = func(context.Context, *runner.ToolCall) (any, error) { return "a secret", nil }
		agent := newAgent("A", script(calls("tool", "c1")), tool)
		agent.ToolUse = runner.ToolUseBehavior{StopOnFirstTool: true}
		agent.OutputGuardrails = []runner.OutputGuardrail{{Name: "guard", Run: func(_ context.Context, _ *runner.RunContext, _ *runner.Agent, output any) (runner.GuardrailOutput, error) {
			return runner.GuardrailOutput{Tripped: true, Info: output}, nil
		}}}
		session := &notedSession{}
		result, err := runner.Run(t.Context(), agent, runner.Text("Go."), runner.WithSession(session))
		if gated {
			require.NoError(t, err)
			state := result.State()
			require.NoError(t, state.Approve(waiting(t, state, "c1")))
			result, err = runner.Run(t.Context(), agent, state, runner.WithSession(session))
		}
		var tripped *runner.OutputGuardrailTripwireTriggered
		require.ErrorAs(t, err, &tripped)
		assert.NotContains(t, string(document(t, result.State())), "a secret")
		assert.Equal(t, runner.GuardrailResult{
			Guardrail: "guard", Output: runner.GuardrailOutput{Tripped: true}, Agent: agent, AgentOutput: "Output withheld by an output guardrail.",
		}, tripped.Result)
		remembered, err := session.Items(t.Context(), 0)
		require.NoError(t, err)
		for name, items := range map[string][]json.RawMessage{"result": result.ToInputList(), "session": remembered} {
			for _, item := range items {
				assert.NotContains(t, string(item), "a secret", name)
			}
			assert.Equal(t, map[string]string{"c1": "Output withheld by an output guardrail."}, outputs(t, items), name)
		}
		if gated { // the events of a fresh turn come before the guardrail looks
			for event := range result.Events() {
				assert.NotEqual(t, runner.ToolOutput, event.Name)
			}
		}
	}
}

func TestToolGuardrails(t *testing.T) {
	guardrail := func(name string, verdict runner.ToolGuardrailOutput) runner.ToolGuardrail {
		return runner.ToolGuardrail{Name: name, Run: func(context.Context, *runner.ToolCall, any) (runner.ToolGuardrailOutput, error) { return verdict, nil }}
	}
	for name, tc := range map[string]struct {
		in, out []runner.ToolGuardrail
		ran     []string
		text    string
		fails   string
	}{
		"all pass":                {[]runner.ToolGuardrail{guardrail("a", runner.AllowTool())}, []runner.ToolGuardrail{guardrail("b", runner.AllowTool())}, []string{"c1"}, "done c1", ""},
		"the input is rejected":   {[]runner.ToolGuardrail{guardrail("a", runner.RejectTool("not that")), guardrail("never asked", runner.RaiseTool())}, nil, []string{}, "not that", ""},
		"the output is rejected":  {nil, []runner.ToolGuardrail{guardrail("b", runner.RejectTool("hidden"))}, []string{"c1"}, "hidden", ""},
		"the input ends the run":  {[]runner.ToolGuardrail{guardrail("a", runner.RaiseTool())}, nil, []string{}, "", "ToolInputGuardrailTripwireTriggered"},
		"the output ends the run": {nil, []runner.ToolGuardrail{guardrail("b", runner.RaiseTool())}, []string{"c1"}, "", "ToolOutputGuardrailTripwireTriggered"},
		"a guardrail panics": {[]runner.ToolGuardrail{{Name: "a", Run: func(context.Context, *runner.ToolCall, any) (runner.ToolGuardrailOutput, error) {
			panic("broken on purpose")
		}}}, nil, []string{}, "", "PanicError"},
		"an out guardrail panics": {nil, []runner.ToolGuardrail{{Name: "a", Run: func(context.Context, *runner.ToolCall, any) (runner.ToolGuardrailOutput, error) {
			panic("broken on purpose")
		}}}, []string{"c1"}, "", "PanicError"},
	} {
		t.Run(name, func(t *testing.T) {
			var ran executions
			tool := ran.free("tool")
			tool.InputGuardrails, tool.OutputGuardrails = tc.in, tc.out
			model := script(calls("tool", "c1"), says("Done."))
			result, err := runner.Run(t.Context(), newAgent("A", model, tool), runner.Text("Go."))
			assert.Equal(t, tc.ran, ran.ids())
			if tc.fails != "" {
				assert.Equal(t, tc.fails, runner.ErrorName(err))
				outputs(t, result.ToInputList())
				return
			}
			require.NoError(t, err)
			assert.Equal(t, map[string]string{"c1": tc.text}, outputs(t, lastInput(model)))
		})
	}
}

func TestAGuardrailOfOneCallThatEndsTheRunKeepsTheOthersFromStarting(t *testing.T) {
	var ran executions
	checked := ran.free("checked")
	checked.InputGuardrails = []runner.ToolGuardrail{{Name: "guard", Run: func(context.Context, *runner.ToolCall, any) (runner.ToolGuardrailOutput, error) {
		return runner.RaiseTool(), nil
	}}}
	agent := newAgent("A", script(runnertest.Reply(runnertest.ToolCall("free", "c1", `{}`), runnertest.ToolCall("checked", "c2", `{}`))), ran.free("free"), checked)
	requireError[*runner.ToolInputGuardrailTripwireTriggered](t, agent, runner.Text("Go."))
	assert.Empty(t, ran.ids())
}

// Others may have ended before the one that trips; they are not told of, for
// another time they would not have.
func TestTheResultsOfGuardrailsEndWithTheOneThatTripped(t *testing.T) {
	passed := make(chan struct{})
	passes := func(context.Context, *runner.RunContext, *runner.Agent, []json.RawMessage) (runner.GuardrailOutput, error) {
		return runner.GuardrailOutput{}, nil
	}
	agent := newAgent("A", script(says("Done.")))
	agent.InputGuardrails = []runner.InputGuardrail{
		{Name: "first", Blocking: true, Run: passes},
		{Name: "trips", Run: func(context.Context, *runner.RunContext, *runner.Agent, []json.RawMessage) (runner.GuardrailOutput, error) {
			<-passed
			return runner.GuardrailOutput{Tripped: true}, nil
		}},
		{Name: "later", Run: func(context.Context, *runner.RunContext, *runner.Agent, []json.RawMessage) (runner.GuardrailOutput, error) {
			defer close(passed)
			return runner.GuardrailOutput{}, nil
		}},
	}
	_, result := requireError[*runner.InputGuardrailTripwireTriggered](t, agent, runner.Text("Go."))
	var named []string
	for _, said := range result.InputGuardrailResults() {
		named = append(named, said.Guardrail)
	}
	assert.Equal(t, []string{"first", "trips"}, named)
}

func TestAResultIsThereThoughAnotherGuardrailHangs(t *testing.T) {
	release := make(chan struct{})
	defer close(release)
	agent := newAgent("A", script(says("Done.")))
	agent.InputGuardrails = []runner.InputGuardrail{
		{Name: "trips", Run: func(context.Context, *runner.RunContext, *runner.Agent, []json.RawMessage) (runner.GuardrailOutput, error) {
			return runner.GuardrailOutput{Tripped: true}, nil
		}},
		{Name: "hangs", Run: func(context.Context, *runner.RunContext, *runner.Agent, []json.RawMessage) (runner.GuardrailOutput, error) {
			<-release
			return runner.GuardrailOutput{}, nil
		}},
	}
	_, result := requireError[*runner.InputGuardrailTripwireTriggered](t, agent, runner.Text("Go."))
	require.Len(t, result.InputGuardrailResults(), 1)
	assert.Equal(t, "trips", result.InputGuardrailResults()[0].Guardrail)
}

// A document tells guardrails apart by name alone.
func TestAResumedRunAsksGuardrailsOfOneNameThatHaveNotSpoken(t *testing.T) {
	passed := make(chan struct{})
	var asked atomic.Int32
	guard := func(trips bool) runner.InputGuardrail {
		return runner.InputGuardrail{Run: func(ctx context.Context, _ *runner.RunContext, _ *runner.Agent, _ []json.RawMessage) (runner.GuardrailOutput, error) {
			if !trips {
				if asked.Add(1) == 1 {
					close(passed)
				}
				return runner.GuardrailOutput{}, nil
			}
			if asked.Load() > 1 {
				return runner.GuardrailOutput{Tripped: true}, nil
			}
			<-ctx.Done()
			return runner.GuardrailOutput{}, ctx.Err()
		}}
	}
	agent := newAgent("A", script(says("Done."), says("Done.")))
	first, second := guard(false), guard(true)
	agent.InputGuardrails = []runner.InputGuardrail{first, second}
	stopped := runner.RunStreamed(t.Context(), agent, runner.Text("Go."))
	<-passed
	stopped.Cancel(runner.CancelImmediate)
	require.NoError(t, stopped.Wait(t.Context()))
	first.Blocking = true // so that it has been asked again when the other is
	agent.InputGuardrails = []runner.InputGuardrail{first, second}
	requireError[*runner.InputGuardrailTripwireTriggered](t, agent, reload(t, agent, stopped.State()))
}
