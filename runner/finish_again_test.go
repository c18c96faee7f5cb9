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
	t.Run("it takes no input", func(t *testing.T) {
		agent := newAgent("A", script(says("Done.")))
		result, _ := unsaved(t, agent)
		var refused *runner.UserError
		require.ErrorAs(t, result.State().AddInput(json.RawMessage(`{"role":"user","content":"More."}`)), &refused)
	})
}

// A run that ends while its output is looked at goes on with that output.
func TestAnOutputThatNotAllHavePassedIsNotAskedForAgain(t *testing.T) {
	tool := &runner.FunctionTool{Name: "tool", Invoke: func(context.Context, *runner.ToolCall) (any, error) { return "From the tool.", nil }}
	for name, tc := range map[string]struct {
		turn  runnertest.Turn
		use   runner.ToolUseBehavior
		final string
		saved []string
	}{
		"an answer":       {says("From the model."), runner.ToolUseBehavior{}, "From the model.", []string{"user", "message"}},
		"a tool's output": {calls("tool", "c1"), runner.ToolUseBehavior{StopOnFirstTool: true}, "From the tool.", []string{"user", "function_call c1", "function_call_output c1"}},
	} {
		for way, end := range map[string]func(*runner.StreamResult) error{
			"the guardrail fails":  func(*runner.StreamResult) error { return errBroken },
			"the guardrail panics": func(*runner.StreamResult) error { panic("oops") },
			"the run is cancelled": func(r *runner.StreamResult) error { r.Cancel(runner.CancelImmediate); return errBroken },
		} {
			for how, carry := range carriers {
				t.Run(name+", "+way+", "+how, func(t *testing.T) {
					model := script(tc.turn)
					agent := newAgent("A", model, tool)
					agent.ToolUse = tc.use
					ends, trips := true, false
					results := make(chan *runner.StreamResult, 1)
					agent.OutputGuardrails = []runner.OutputGuardrail{{Name: "g", Run: func(context.Context, *runner.RunContext, *runner.Agent, any) (runner.GuardrailOutput, error) {
						if ends {
							return runner.GuardrailOutput{}, end(<-results)
						}
						return runner.GuardrailOutput{Tripped: trips}, nil
					}}}
					session := &notedSession{}
					result := runner.RunStreamed(t.Context(), agent, runner.Text("Go."), runner.WithSession(session))
					results <- result
					_ = result.Wait(t.Context())
					assert.Equal(t, []string{"user"}, session.log(t))
					state := result.State()
					ends = false

					trips = true
					_, tripped := requireError[*runner.OutputGuardrailTripwireTriggered](t, agent, reload(t, agent, state), runner.WithSession(&notedSession{}))
					assert.Nil(t, tripped.FinalOutput())
					trips = false

					again := runOK(t, agent, carry(t, agent, state), runner.WithSession(session))
					assert.Equal(t, tc.final, again.FinalOutput())
					assert.Equal(t, tc.saved, session.log(t))
					assert.Len(t, again.OutputGuardrailResults(), 1)
					model.AssertDone(t)
					assert.Len(t, model.Requests(), 1)
				})
			}
		}
	}
}

// Python says of a run whose session failed that it must not go on, and not what
// the session lacks.
func TestATerminalStateThatMayHaveSavedNothingIsRefused(t *testing.T) {
	agent := newAgent("A", script(says("Done.")))
	document, err := runOK(t, agent, runner.Text("Go.")).State().MarshalJSON()
	require.NoError(t, err)
	document = append([]byte(`{"terminal_unrecoverable":true,`), document[1:]...)
	state, err := runner.ParseState(document, agent)
	require.NoError(t, err)
	refused, _ := requireError[*runner.UserError](t, agent, state, runner.WithSession(&notedSession{}))
	assert.ErrorContains(t, refused, "start a new run")
}

func TestARunWhoseSessionWasNotCompactedHasItsAnswer(t *testing.T) {
	for name, carry := range carriers {
		t.Run(name, func(t *testing.T) {
			model, session, compacted := script(says("Done.")), &notedSession{}, 0
			agent := newAgent("A", model)
			options := []runner.Option{runner.WithSession(session), runner.WithCompaction(func(context.Context, runner.Session) error {
				if compacted++; compacted == 1 {
					return errBroken
				}
				return nil
			})}
			result, err := runner.Run(t.Context(), agent, runner.Text("Go."), options...)
			require.ErrorIs(t, err, errBroken)
			left := carry(t, agent, result.State())
			_, err = runner.Run(t.Context(), agent, left)
			assert.ErrorContains(t, err, "original Session", "another one lacks the answer")
			result = runOK(t, agent, left, options...)
			assert.Equal(t, "Done.", result.FinalOutput())
			assert.Equal(t, 2, compacted)
			assert.Equal(t, []string{"user", "message"}, session.log(t))
			assert.Len(t, model.Requests(), 1)
		})
	}
}

// failingOnce is an output guardrail that fails when it is asked first.
func failingOnce() []runner.OutputGuardrail {
	asked := 0
	return []runner.OutputGuardrail{{Name: "g", Run: func(context.Context, *runner.RunContext, *runner.Agent, any) (runner.GuardrailOutput, error) {
		if asked++; asked == 1 {
			return runner.GuardrailOutput{}, errBroken
		}
		return runner.GuardrailOutput{}, nil
	}}}
}

// Some run has to announce what an approved tool gave, and one alone.
func TestAnApprovedToolsOutputIsAnnouncedWhereItIsTheFinalOneAndHasNotPassed(t *testing.T) {
	for name, carry := range carriers {
		t.Run(name, func(t *testing.T) {
			var ran executions
			agent := newAgent("A", script(calls("gated", "c1")), ran.gated("gated"))
			agent.ToolUse.StopOnFirstTool, agent.OutputGuardrails = true, failingOnce()
			state := runOK(t, agent, runner.Text("Go.")).State()
			require.NoError(t, state.Approve(waiting(t, state, "c1")))
			failed := runner.RunStreamed(t.Context(), agent, state)
			lines, err := story(failed)
			require.ErrorIs(t, err, errBroken)
			assert.Equal(t, []string{"agent A", "tool_output c1"}, lines)

			again := runner.RunStreamed(t.Context(), agent, carry(t, agent, failed.State()))
			lines, err = story(again)
			require.NoError(t, err)
			assert.Equal(t, []string{"agent A"}, lines)
			assert.Equal(t, "done c1", again.FinalOutput())
			assert.Equal(t, 1, ran.times("c1"))
		})
	}
}

func TestAHandlersAnswerThatNobodyHasPassedIsNotSaved(t *testing.T) {
	agent := newAgent("A", script(runnertest.Reply(runnertest.Refusal("No."))))
	agent.OutputGuardrails = failingOnce()
	session := &notedSession{}
	_, err := runner.Run(t.Context(), agent, runner.Text("Go."), runner.WithSession(session),
		runner.WithErrorHandlers(runner.ErrorHandlers{ModelRefusal: func(context.Context, *runner.RunContext, error) (*runner.HandledError, error) {
			return &runner.HandledError{FinalOutput: "Handled."}, nil
		}}))
	require.ErrorIs(t, err, errBroken)
	assert.Equal(t, []string{"user"}, session.log(t))
}

func TestTheHandlerOfMaxTurnsIsAskedByAResumedRun(t *testing.T) {
	for name, carry := range carriers {
		t.Run(name, func(t *testing.T) {
			var ran executions
			agent := newAgent("A", script(calls("tool", "c1")), ran.free("tool"))
			agent.OutputGuardrails = failingOnce()
			options := []runner.Option{runner.WithMaxTurns(1), runner.WithErrorHandlers(runner.ErrorHandlers{
				MaxTurns: func(context.Context, *runner.RunContext, error) (*runner.HandledError, error) {
					return &runner.HandledError{FinalOutput: "Handled."}, nil
				},
			})}
			result, err := runner.Run(t.Context(), agent, runner.Text("Go."), options...)
			require.ErrorIs(t, err, errBroken)
			assert.Equal(t, 2, result.CurrentTurn())
			again := runOK(t, agent, carry(t, agent, result.State()), options...)
			assert.Equal(t, "Handled.", again.FinalOutput())
			assert.LessOrEqual(t, again.CurrentTurn(), 2, "which no model call has begun")
			assert.Equal(t, 1, ran.times("c1"))
		})
	}
}
