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

func TestACopyOfADocumentIsGuardedToo(t *testing.T) {
	var ran executions
	agent := newAgent("A", script(calls("gated", "c1"), says("Done.")), ran.gated("gated"))
	state := reload(t, agent, runOK(t, agent, runner.Text("Go.")).State())
	require.NoError(t, state.Approve(waiting(t, state, "c1")))
	agent.InputGuardrails = []runner.InputGuardrail{inputVerdict("guard", true)}
	shown, err := state.Result()
	require.NoError(t, err)
	requireError[*runner.InputGuardrailTripwireTriggered](t, agent, shown.State())
}

func TestNoInputWhereAFunctionMayEndTheRun(t *testing.T) {
	var ran executions
	agent := newAgent("A", script(calls("gated", "c1")), ran.gated("gated"))
	agent.ToolUse.Func = func(context.Context, *runner.RunContext, []runner.ToolResult) (runner.ToolsToFinalOutput, error) {
		return runner.ToolsToFinalOutput{}, nil
	}
	state := runOK(t, agent, runner.Text("Go.")).State()
	var refused *runner.UserError
	require.ErrorAs(t, state.AddInput(runner.UserMessage("More.")), &refused)
}

func TestAMessageThatWasTrippedOnIsNotGivenAgain(t *testing.T) {
	for name, carry := range carriers {
		t.Run(name, func(t *testing.T) {
			agent, look := lookedAt(says("Bad."), says("Good."))
			session := &notedSession{}
			state := carry(t, agent, left(t, agent, look, session))
			*look = guardTrips
			_, result := requireError[*runner.OutputGuardrailTripwireTriggered](t, agent, state, runner.WithSession(session))
			*look = guardPasses
			state = carry(t, agent, result.State())
			result = runOK(t, agent, state, runner.WithSession(session))
			assert.Equal(t, "Good.", result.FinalOutput())
		})
	}
}

// apologizing answers a refusal, and counts how often it did.
func apologizing(handled *int) runner.Option {
	return runner.WithErrorHandlers(runner.ErrorHandlers{ModelRefusal: func(context.Context, *runner.RunContext, error) (*runner.HandledError, error) {
		*handled++
		return &runner.HandledError{FinalOutput: "Sorry."}, nil
	}})
}

func TestAHandlersAnswerThatNobodyPassedIsNotSaved(t *testing.T) {
	session := &notedSession{}
	agent, look := lookedAt(runnertest.Reply(runnertest.Refusal("No.")), says("Done."))
	*look = guardFails
	result, err := runner.Run(t.Context(), agent, runner.Text("Go."), runner.WithSession(session), apologizing(new(int)))
	require.ErrorIs(t, err, errBroken)
	assert.NotContains(t, string(document(t, result.State())), `"pending_session_write"`)
	assert.Equal(t, []string{"user"}, session.log(t))
}

func TestAnInputThatCouldNotBeSavedIsSavedOnceByItsDocument(t *testing.T) {
	session := failingAt(1)
	fails := true
	agent := newAgent("A", script(says("Done.")))
	agent.InputGuardrails = []runner.InputGuardrail{{Name: "g", Blocking: true, Run: func(context.Context, *runner.RunContext, *runner.Agent, []json.RawMessage) (runner.GuardrailOutput, error) {
		if fails {
			return runner.GuardrailOutput{}, errBroken
		}
		return runner.GuardrailOutput{}, nil
	}}}
	result, err := runner.Run(t.Context(), agent, runner.Text("Go."), runner.WithSession(session))
	require.ErrorIs(t, err, errBroken)
	fails = false
	runOK(t, agent, reload(t, agent, result.State()), runner.WithSession(session))
	assert.Equal(t, []string{"user", "message"}, session.log(t))
}

func TestInputThatIsTheSessionsOwnIsSavedAgain(t *testing.T) {
	session := runner.NewMemorySession(runner.UserMessage("Again."))
	items, err := session.Items(t.Context(), 0)
	require.NoError(t, err)
	runOK(t, newAgent("A", script(says("Done."))), runner.Items(items), runner.WithSession(session),
		runner.WithSessionInput(func(_ context.Context, history, fresh []json.RawMessage) ([]json.RawMessage, error) {
			return append(history, fresh...), nil
		}))
	items, err = session.Items(t.Context(), 0)
	require.NoError(t, err)
	assert.Equal(t, []string{"user", "user", "message"}, itemLines(t, items))
}

func TestAHandlersAnswerIsNotGivenByALaterRun(t *testing.T) {
	agent, look := lookedAt(runnertest.Reply(runnertest.Refusal("No.")), says("Done."))
	*look = guardFails
	handled := 0
	result, err := runner.Run(t.Context(), agent, runner.Text("Go."), apologizing(&handled))
	require.ErrorIs(t, err, errBroken)
	*look = guardPasses
	result = runOK(t, agent, result.State(), apologizing(&handled))
	assert.Equal(t, "Done.", result.FinalOutput())
	assert.Equal(t, 1, handled)
}

func TestStagedInputIsSavedBeforeTheModelIsAsked(t *testing.T) {
	var ran executions
	session := &notedSession{}
	agent := newAgent("A", script(calls("gated", "c1")), ran.gated("gated"))
	state := runOK(t, agent, runner.Text("Go."), runner.WithSession(session)).State()
	require.NoError(t, state.Approve(waiting(t, state, "c1")))
	require.NoError(t, state.AddInput(runner.UserMessage("And hurry.")))
	agent.Model = script(runnertest.Break(errBroken))
	_, err := runner.Run(t.Context(), agent, state, runner.WithSession(session))
	require.ErrorIs(t, err, errBroken)
	assert.Equal(t, []string{"user", "function_call c1", "function_call_output c1", "user"}, session.log(t))
}
