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

// unsaved runs an agent whose session fails at its second write, that of the
// final output.
func unsaved(t *testing.T, agent *runner.Agent, options ...runner.Option) (*runner.StreamResult, runner.Option) {
	t.Helper()
	session := runner.WithSession(failingAt(2))
	failed, result := requireError[*runner.UserError](t, agent, runner.Text("Go."), append(options, session)...)
	require.ErrorIs(t, failed, errBroken)
	return result, session
}

func TestAnAnswerThatCouldNotBeSavedIsGivenByTheResumedRun(t *testing.T) {
	for carrier, carry := range carriers {
		for name, tc := range map[string]struct {
			turn   runnertest.Turn
			change func(*runner.Agent)
			output any
		}{
			"a message": {says("Done."), func(*runner.Agent) {}, "Done."},
			"a structured one": {says(`{"city":"Oslo"}`), func(a *runner.Agent) {
				a.Output = &runner.OutputSchema{Schema: json.RawMessage(`{}`)}
			}, map[string]any{"city": "Oslo"}},
			"a tool's": {calls("tool", "c1"), func(a *runner.Agent) { a.ToolUse.StopOnFirstTool = true }, "done c1"},
			"one that a function chooses": {calls("tool", "c1"), func(a *runner.Agent) {
				a.ToolUse.Func = func(_ context.Context, _ *runner.RunContext, results []runner.ToolResult) (runner.ToolsToFinalOutput, error) {
					return runner.ToolsToFinalOutput{IsFinal: true, Output: results[0].Tool.Name + " has " + results[0].Output.(string)}, nil
				}
			}, "tool has done c1"},
		} {
			t.Run(carrier+", "+name, func(t *testing.T) {
				var ran executions
				model := script(tc.turn)
				agent := newAgent("A", model, ran.free("tool"))
				tc.change(agent)
				result, session := unsaved(t, agent)
				before := len(result.NewItems())
				result = runOK(t, agent, carry(t, agent, result.State()), session)
				assert.Equal(t, tc.output, result.FinalOutput())
				assert.Len(t, result.NewItems(), before)
				assert.Len(t, model.Requests(), 1)
				assert.LessOrEqual(t, ran.times("c1"), 1)
			})
		}
	}
}

func TestAnUnsavedAnswerIsGuardedAgain(t *testing.T) {
	agent := newAgent("A", script(says("Secret.")))
	trips := false
	agent.OutputGuardrails = []runner.OutputGuardrail{{Name: "g", Run: func(context.Context, *runner.RunContext, *runner.Agent, any) (runner.GuardrailOutput, error) {
		return runner.GuardrailOutput{Tripped: trips}, nil
	}}}
	result, session := unsaved(t, agent)
	again := runOK(t, agent, result.State(), session)
	assert.Len(t, again.OutputGuardrailResults(), 1)

	trips = true
	requireError[*runner.OutputGuardrailTripwireTriggered](t, agent, result.State(), session)
}

func TestARunWithAnUnsavedAnswerIsNotAskedAgain(t *testing.T) {
	handled := runner.WithErrorHandlers(runner.ErrorHandlers{MaxTurns: func(context.Context, *runner.RunContext, error) (*runner.HandledError, error) {
		return &runner.HandledError{FinalOutput: "Enough."}, nil
	}})
	t.Run("the answer is that of a handler", func(t *testing.T) {
		var ran executions
		agent := newAgent("A", script(calls("tool", "c1")), ran.free("tool"))
		session := runner.WithSession(failingAt(3))
		_, result := requireError[*runner.UserError](t, agent, runner.Text("Go."), session, handled, runner.WithMaxTurns(1))
		refused, _ := requireError[*runner.UserError](t, agent, result.State(), session, handled)
		assert.ErrorContains(t, refused, "start a new run")
	})
	for name, item := range map[string]string{
		"and the model's last words are beside a call of another kind": `{"type":"message","role":"assistant","content":[{"type":"output_text","text":"Let me look."}]},{"type":"custom_tool_call","call_id":"c1","name":"custom","input":""}`,
		"and the server ran a tool":                                    `{"type":"web_search_call","id":"w1","status":"completed"}`,
	} {
		t.Run("the answer is that of a handler, "+name, func(t *testing.T) {
			custom := &runner.CustomTool{Name: "custom", Invoke: func(context.Context, *runner.ToolCall) (string, error) { return "ok", nil }}
			agent := newAgent("A", &completing{responses: []string{`{"id":"r","output":[` + item + `]}`}}, custom)
			session := runner.WithSession(failingAt(3))
			_, result := requireError[*runner.UserError](t, agent, runner.Text("Go."), session, handled, runner.WithMaxTurns(1))
			for _, carry := range carriers {
				refused, _ := requireError[*runner.UserError](t, agent, carry(t, agent, result.State()), session, handled)
				assert.ErrorContains(t, refused, "start a new run")
			}
		})
	}
	t.Run("the session was not compacted", func(t *testing.T) {
		agent := newAgent("A", script(says("Done.")))
		options := []runner.Option{
			runner.WithSession(&notedSession{}),
			runner.WithCompaction(func(context.Context, runner.Session) error { return errBroken }),
		}
		result, err := runner.Run(t.Context(), agent, runner.Text("Go."), options...)
		require.ErrorIs(t, err, errBroken)
		refused, _ := requireError[*runner.UserError](t, agent, result.State(), options...)
		assert.ErrorContains(t, refused, "start a new run")
	})
	t.Run("it takes no input", func(t *testing.T) {
		agent := newAgent("A", script(says("Done.")))
		result, _ := unsaved(t, agent)
		var refused *runner.UserError
		require.ErrorAs(t, result.State().AddInput(json.RawMessage(`{"role":"user","content":"More."}`)), &refused)
	})
}
