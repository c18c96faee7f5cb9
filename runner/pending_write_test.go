package runner_test

import (
	"context"
	"encoding/json"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"runstream/runner"
)

func TestAWriteThatFailedIsMadeByTheResumedRun(t *testing.T) {
	for carrier, carry := range carriers {
		for name, tc := range map[string]struct {
			fails int
			saved int
		}{
			"the input":         {1, 0},
			"a turn":            {2, 1},
			"a handoff":         {3, 7},
			"the turn after it": {4, 9},
			"the answer":        {5, 11},
		} {
			t.Run(carrier+", "+name, func(t *testing.T) {
				var ran executions
				agent, model := longRun(&ran)
				session := failingAt(tc.fails)
				session.ID = "chat"
				_, result := requireError[*runner.UserError](t, agent, runner.Text("Go."), runner.WithSession(session))
				require.Equal(t, longRunLog[:tc.saved], session.log(t))
				state := carry(t, agent, result.State())

				other := &runner.MemorySession{ID: "another chat"}
				for _, wrong := range [][]runner.Option{nil, {runner.WithSession(other)}} {
					failed, _ := requireError[*runner.UserError](t, agent, state, wrong...)
					assert.ErrorContains(t, failed, "original Session")
				}
				result = runOK(t, agent, carry(t, agent, state), runner.WithSession(session))
				assert.Equal(t, "Done.", result.FinalOutput())
				assert.Equal(t, 4, model.asked())
				assert.Equal(t, longRunLog, session.log(t))
				items, err := other.Items(t.Context(), 0)
				require.NoError(t, err)
				assert.Empty(t, items)
				for _, callID := range ran.ids() {
					assert.Equal(t, 1, ran.times(callID))
				}
			})
		}
	}
}

func TestAWriteThatFailsAgainIsKept(t *testing.T) {
	var ran executions
	agent, _ := longRun(&ran)
	failing := true
	session := &notedSession{fail: func(int) error {
		if failing {
			return errBroken
		}
		return nil
	}}
	_, result := requireError[*runner.UserError](t, agent, runner.Text("Go."), runner.WithSession(session))
	_, result = requireError[*runner.UserError](t, agent, result.State(), runner.WithSession(session))
	failing = false
	runOK(t, agent, result.State(), runner.WithSession(session))
	assert.Equal(t, longRunLog, session.log(t))
}

func TestAWriteThatTheSessionHasAlthoughItFailedIsNotMadeTwice(t *testing.T) {
	var ran executions
	agent, _ := longRun(&ran)
	session := &lateFailure{fails: 2}
	_, result := requireError[*runner.UserError](t, agent, runner.Text("Go."), runner.WithSession(session))
	runOK(t, agent, result.State(), runner.WithSession(session))
	assert.Equal(t, longRunLog, session.log(t))
}

// lateFailure is a session whose write fails after it was made, as when a
// server's answer is lost.
type lateFailure struct {
	notedSession
	fails int
}

func (s *lateFailure) AddItems(ctx context.Context, items []json.RawMessage) error {
	if err := s.notedSession.AddItems(ctx, items); err != nil || len(s.writes) != s.fails {
		return err
	}
	return errBroken
}

func TestTheInputIsSavedThoughTheRunFailedBeforeItsFirstModelCall(t *testing.T) {
	for carrier, carry := range carriers {
		t.Run(carrier, func(t *testing.T) {
			failing := true
			agent := newAgent("A", script(says("Done.")))
			agent.Hooks = &runner.Hooks{ModelStart: func(context.Context, *runner.RunContext, *runner.Agent, string, []json.RawMessage) error {
				if failing {
					return errBroken
				}
				return nil
			}}
			session := &notedSession{}
			result, err := runner.Run(t.Context(), agent, runner.Text("Go."), runner.WithSession(session))
			require.ErrorIs(t, err, errBroken)
			assert.Empty(t, session.log(t))
			failing = false
			runOK(t, agent, carry(t, agent, result.State()), runner.WithSession(session))
			assert.Equal(t, []string{"user", "message"}, session.log(t))
		})
	}
}

func TestASessionThatCouldNotBeReadIsReadByTheResumedRun(t *testing.T) {
	model := script(says("Done."))
	agent := newAgent("A", model)
	_, result := requireError[*runner.UserError](t, agent, runner.Text("And now?"), runner.WithSession(unreadable{}))
	session := &notedSession{}
	require.NoError(t, session.AddItems(t.Context(), []json.RawMessage{json.RawMessage(`{"role":"user","content":"Before."}`)}))
	runOK(t, agent, result.State(), runner.WithSession(session))
	assert.Equal(t, []string{"user", "user"}, itemLines(t, lastInput(model)))
	assert.Equal(t, []string{"user", "user", "message"}, session.log(t))
}

func TestWhatOutputGuardrailsHaveNotPassedStaysOutOfTheSession(t *testing.T) {
	agent := newAgent("A", script(says("Secret."), says("Done.")))
	failing := true
	agent.Hooks = &runner.Hooks{AgentEnd: func(context.Context, *runner.RunContext, *runner.Agent, any) error {
		if failing {
			return errBroken
		}
		return nil
	}}
	agent.OutputGuardrails = []runner.OutputGuardrail{{Name: "passes", Run: func(context.Context, *runner.RunContext, *runner.Agent, any) (runner.GuardrailOutput, error) {
		return runner.GuardrailOutput{}, nil
	}}}
	session := &notedSession{}
	result, err := runner.Run(t.Context(), agent, runner.Text("Go."), runner.WithSession(session))
	require.ErrorIs(t, err, errBroken)
	assert.Equal(t, []string{"user"}, session.log(t))
	state := document(t, result.State())
	assert.NotContains(t, string(state), "pending_session_write", "no other runner may write it unseen")
	failing = false
	back, err := runner.ParseState(state, agent)
	require.NoError(t, err)
	assert.Equal(t, "Secret.", runOK(t, agent, back, runner.WithSession(session)).FinalOutput())
	assert.Equal(t, []string{"user", "message"}, session.log(t))
}
