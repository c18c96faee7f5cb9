package runner_test

import (
	"context"
	"encoding/json"
	"iter"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"runstream/runner"
	"runstream/runner/runnertest"
)

func passes(context.Context, *runner.RunContext, *runner.Agent, any) (runner.GuardrailOutput, error) {
	return runner.GuardrailOutput{}, nil
}

func chat(items ...string) *notedSession {
	session := &notedSession{}
	session.ID = "chat"
	for _, item := range items {
		_ = session.MemorySession.AddItems(context.Background(), []json.RawMessage{json.RawMessage(item)})
	}
	return session
}

const earlier = `{"role":"user","content":"Before."}`

func TestARefusedResumeOwesTheSessionNothing(t *testing.T) {
	var ran executions
	agent := newAgent("A", script(calls("tool", "c1"), says("Done.")), ran.free("tool"))
	onServer := runner.WithConversationID("conv_1")
	result, err := runner.Run(t.Context(), agent, runner.Text("Go."), onServer, runner.WithMaxTurns(1))
	require.ErrorAs(t, err, new(*runner.MaxTurnsExceeded))
	for name, options := range map[string][]runner.Option{
		"out of turns":         {onServer},
		"a session by mistake": {runner.WithSession(chat())},
	} {
		before := result.State()
		refused, err := runner.Run(t.Context(), agent, result.State(), options...)
		require.Error(t, err, name)
		assert.JSONEq(t, string(document(t, before)), string(document(t, refused.State())), name)
	}
}

func TestARunWhoseSessionInputFailedBeginsAnew(t *testing.T) {
	for carrier, carry := range carriers {
		t.Run(carrier, func(t *testing.T) {
			model := script(says("Done."))
			agent, session := newAgent("A", model), chat(earlier)
			failing := runner.WithSessionInput(func(context.Context, []json.RawMessage, []json.RawMessage) ([]json.RawMessage, error) {
				return nil, errBroken
			})
			result, err := runner.Run(t.Context(), agent, runner.Text("And now?"), runner.WithSession(session), failing)
			require.ErrorIs(t, err, errBroken)
			runOK(t, agent, carry(t, agent, result.State()), runner.WithSession(session))
			assert.Equal(t, []string{"user", "user"}, itemLines(t, lastInput(model)))
			assert.Equal(t, []string{"user", "user", "message"}, session.log(t))
		})
	}
}

func TestAStateTakenInTheFirstTurnHasTheSessionsItems(t *testing.T) {
	for carrier, carry := range carriers {
		t.Run(carrier, func(t *testing.T) {
			model := script(says("One."), says("Two."))
			agent, session := newAgent("A", model), chat(earlier)
			result := runner.RunStreamed(t.Context(), agent, runner.Text("And now?"), runner.WithSession(session))
			var taken *runner.State
			for event := range result.Events() {
				if event.Type == runner.RawResponseEvent && taken == nil {
					taken = carry(t, agent, result.State())
					result.Cancel(runner.CancelImmediate)
				}
			}
			require.NoError(t, result.Wait(t.Context()))
			runOK(t, agent, taken, runner.WithSession(session))
			assert.Equal(t, []string{"user", "user"}, itemLines(t, lastInput(model)))
			assert.Equal(t, []string{"user", "user", "message"}, session.log(t))
		})
	}
}

func TestAToolCheckpointOwesTheSessionWhatItHas(t *testing.T) {
	var ran executions
	agent := newAgent("A", script(calls("tool", "c1"), says("Done.")), ran.free("tool"))
	session := chat()
	var taken []byte
	crash := runner.WithToolCheckpoint(func(_ context.Context, state *runner.State) (err error) {
		taken, err = state.MarshalJSON()
		assert.NoError(t, err)
		return errBroken
	})
	_, err := runner.Run(t.Context(), agent, runner.Text("Go."), runner.WithSession(session), crash)
	require.ErrorIs(t, err, errBroken)
	crashed := chat(`{"role":"user","content":"Go."}`) // the process ended at the checkpoint
	state, err := runner.ParseState(taken, agent)
	require.NoError(t, err)
	runOK(t, agent, state, runner.WithSession(crashed))
	assert.Equal(t, []string{"user", "function_call c1", "function_call_output c1", "message"}, crashed.log(t))
}

// heldRun pauses at a call whose output may be the final one, which an output
// guardrail has to pass first: the session has the user's input alone.
func heldRun(t *testing.T, ran *executions, stops bool) (*runner.Agent, *notedSession, *runner.State) {
	t.Helper()
	agent := newAgent("A", script(calls("tool", "c1"), says("Done.")), ran.gated("tool"))
	agent.ToolUse = runner.ToolUseBehavior{StopAtTools: []string{"another"}}
	if stops {
		agent.ToolUse = runner.ToolUseBehavior{StopOnFirstTool: true}
	}
	agent.OutputGuardrails = []runner.OutputGuardrail{{Name: "passes", Run: passes}}
	session := chat()
	state := runOK(t, agent, runner.Text("Go."), runner.WithSession(session)).State()
	require.Equal(t, []string{"user"}, session.log(t))
	return agent, session, approveAll(t, state)
}

func TestWhatWasHeldBackIsSavedThoughTheRunWasDisturbedAtItsEnd(t *testing.T) {
	for carrier, carry := range carriers {
		t.Run(carrier, func(t *testing.T) {
			var ran executions
			agent, session, state := heldRun(t, &ran, true)
			agent.Hooks = &runner.Hooks{AgentEnd: func(context.Context, *runner.RunContext, *runner.Agent, any) error { return errBroken }}
			result, err := runner.Run(t.Context(), agent, state, runner.WithSession(session))
			require.ErrorIs(t, err, errBroken)
			assert.Equal(t, []string{"user"}, session.log(t))
			agent.Hooks = nil
			result = runOK(t, agent, carry(t, agent, result.State()), runner.WithSession(session))
			assert.Equal(t, "done c1", result.FinalOutput())
			assert.Equal(t, []string{"user", "function_call c1", "function_call_output c1"}, session.log(t))
			assert.Equal(t, 1, ran.times("c1"))
		})
	}
}

func TestWhatWasHeldBackGoesToNoOtherSession(t *testing.T) {
	for carrier, carry := range carriers {
		t.Run(carrier, func(t *testing.T) {
			var ran executions
			agent, session, state := heldRun(t, &ran, false)
			other := &notedSession{}
			other.ID = "another chat"
			_, result := requireError[*runner.UserError](t, agent, carry(t, agent, state), runner.WithSession(other))
			assert.Empty(t, ran.ids(), "refused before anything ran")
			runOK(t, agent, carry(t, agent, result.State()), runner.WithSession(session))
			assert.Empty(t, other.log(t))
			assert.Equal(t, []string{"user", "function_call c1", "function_call_output c1", "message"}, session.log(t))
		})
	}
}

func TestWhatWasHeldBackWaitsForItsSession(t *testing.T) {
	var ran executions
	agent, session, state := heldRun(t, &ran, false)
	result := runner.RunStreamed(t.Context(), agent, state) // without the session for a turn
	result.Cancel(runner.CancelAfterTurn)
	require.NoError(t, result.Wait(t.Context()))
	runOK(t, agent, reload(t, agent, result.State()), runner.WithSession(session))
	assert.Equal(t, []string{"user", "function_call c1", "function_call_output c1", "message"}, session.log(t))
}

func TestAStateIsFreeOnceItsRunHasEnded(t *testing.T) {
	var ran executions
	agent := newAgent("A", script(calls("tool", "c1"), calls("tool", "c2")), ran.gated("tool"))
	state := approveAll(t, runOK(t, agent, runner.Text("Go.")).State())
	result := runner.RunStreamed(t.Context(), agent, state)
	<-result.Done()
	require.NoError(t, state.Approve(waiting(t, state, "c2")))
}

// hesitant is a model that answers only once it may.
type hesitant struct {
	*runnertest.ScriptedModel
	may bool
}

func (m *hesitant) Stream(ctx context.Context, request *runner.ModelRequest) iter.Seq2[runner.RawEvent, error] {
	if m.may {
		return m.ScriptedModel.Stream(ctx, request)
	}
	return func(yield func(runner.RawEvent, error) bool) {
		<-ctx.Done()
		yield(runner.RawEvent{}, context.Cause(ctx))
	}
}

func TestAnInputThatNoGuardrailHasPassedIsGuardedWhenTheRunIsResumed(t *testing.T) {
	for carrier, carry := range carriers {
		for name, blocking := range map[string]bool{"blocking": true, "parallel": false} {
			for cause, first := range map[string]error{"tripped": nil, "failed": errBroken} {
				t.Run(carrier+" "+name+" "+cause, func(t *testing.T) {
					tripping, failure, asked := first == nil, first, 0
					model := &hesitant{ScriptedModel: script(says("Done."), says("Done again."))}
					agent := newAgent("A", model)
					agent.InputGuardrails = []runner.InputGuardrail{{Name: "guard", Blocking: blocking, Run: func(context.Context, *runner.RunContext, *runner.Agent, []json.RawMessage) (runner.GuardrailOutput, error) {
						asked++
						return runner.GuardrailOutput{Tripped: tripping}, failure
					}}}
					result, err := runner.Run(t.Context(), agent, runner.Text("Go."))
					require.Error(t, err)
					result, err = runner.Run(t.Context(), agent, carry(t, agent, result.State()))
					require.Error(t, err, "the guardrail is asked again")
					assert.Nil(t, result.FinalOutput())

					tripping, failure, model.may = false, nil, true
					result = runOK(t, agent, carry(t, agent, result.State()))
					assert.Equal(t, "Done.", result.FinalOutput())
					require.Len(t, result.InputGuardrailResults(), 1)
					assert.False(t, result.InputGuardrailResults()[0].Output.Tripped)
					runOK(t, agent, carry(t, agent, result.State()))
					assert.Equal(t, 3, asked, "one that has passed is not asked again")
				})
			}
		}
	}
}

func TestAStopBeforeTheGuardrailHasSpokenLetsNothingPass(t *testing.T) {
	for carrier, carry := range carriers {
		t.Run(carrier, func(t *testing.T) {
			var ran executions
			tripping, release := &atomic.Bool{}, make(chan struct{})
			tripping.Store(true)
			agent := newAgent("A", script(calls("gated", "c1"), calls("gated", "c1"), says("Done.")), ran.gated("gated"))
			agent.InputGuardrails = []runner.InputGuardrail{{Name: "slow", Run: func(context.Context, *runner.RunContext, *runner.Agent, []json.RawMessage) (runner.GuardrailOutput, error) {
				<-release // whatever becomes of the run
				return runner.GuardrailOutput{Tripped: tripping.Load()}, nil
			}}}
			result := runner.RunStreamed(t.Context(), agent, runner.Text("Go."))
			for event := range result.Events() {
				if event.Type == runner.RunItemStreamEvent {
					result.Cancel(runner.CancelImmediate)
				}
			}
			require.NoError(t, result.Wait(t.Context()))
			close(release)
			state := carry(t, agent, result.State())
			_, failed := requireError[*runner.InputGuardrailTripwireTriggered](t, agent, approveAll(t, state))
			assert.Empty(t, ran.ids())
			tripping.Store(false)
			again := runOK(t, agent, carry(t, agent, failed.State()))
			assert.Len(t, again.InputGuardrailResults(), 1)
		})
	}
}

func TestWhatWasHeldBackWaitsForItsSessionPastTheRunsEnd(t *testing.T) {
	for carrier, carry := range carriers {
		t.Run(carrier, func(t *testing.T) {
			var ran executions
			agent, session, state := heldRun(t, &ran, true)
			result := runOK(t, agent, state) // to its end, without the session
			assert.Equal(t, "done c1", result.FinalOutput())
			runOK(t, agent, carry(t, agent, result.State()), runner.WithSession(session))
			assert.Equal(t, []string{"user", "function_call c1", "function_call_output c1", "message"}, session.log(t))
		})
	}
}
