package runner_test

import (
	"context"
	"encoding/json"
	"slices"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"runstream/runner"
	"runstream/runner/runnertest"
)

type merge = func(ctx context.Context, history, fresh []json.RawMessage) ([]json.RawMessage, error)

// rewritten gives a callback whose items were decoded and encoded on their way,
// as those of a page are.
func rewritten(choose merge) merge {
	return func(ctx context.Context, history, fresh []json.RawMessage) ([]json.RawMessage, error) {
		chosen, err := choose(ctx, history, fresh)
		var items []json.RawMessage
		for _, raw := range chosen {
			var value map[string]any
			if err := json.Unmarshal(raw, &value); err != nil {
				return nil, err
			}
			written, err := json.MarshalIndent(value, "", " ")
			if err != nil {
				return nil, err
			}
			items = append(items, written)
		}
		return items, err
	}
}

func TestASessionGetsWhatItsInputCallbackAdds(t *testing.T) {
	chosen := map[string]merge{
		"all": func(_ context.Context, history, fresh []json.RawMessage) ([]json.RawMessage, error) {
			return slices.Concat(history, fresh), nil
		},
		"the latest": func(_ context.Context, history, fresh []json.RawMessage) ([]json.RawMessage, error) {
			return slices.Concat(history[max(0, len(history)-1):], fresh), nil
		},
		"only what is new": func(_ context.Context, _, fresh []json.RawMessage) ([]json.RawMessage, error) { return fresh, nil },
		"the history twice": func(_ context.Context, history, fresh []json.RawMessage) ([]json.RawMessage, error) {
			return slices.Concat(history, history, fresh), nil
		},
	}
	for name, choose := range chosen {
		for way, choose := range map[string]merge{"as they are": choose, "rewritten": rewritten(choose)} {
			if name == "the history twice" && way == "rewritten" {
				continue // nobody can tell a repeated item from one that says the same
			}
			t.Run(name+" "+way, func(t *testing.T) {
				session := chat(earlier)
				agent := newAgent("A", script(says("One."), says("Two.")))
				for range 2 { // the same words again
					runOK(t, agent, runner.Text("Yes."), runner.WithSession(session), runner.WithSessionInput(choose))
				}
				assert.Equal(t, []string{"user", "user", "message", "user", "message"}, session.log(t))
			})
		}
	}
}

func TestACallbackGetsNoCallOfTheHistoryPastThatNothingAnswers(t *testing.T) {
	model := script(says("Done."))
	session := chat(earlier, `{"type":"reasoning","id":"rs_1","summary":[]}`, `{"type":"function_call","call_id":"lost","name":"t","arguments":"{}"}`)
	fresh := runner.Items{
		json.RawMessage(`{"type":"function_call","call_id":"own","name":"t","arguments":"{}"}`),
		json.RawMessage(`{"type":"function_call_output","call_id":"own","output":"x"}`),
	}
	runOK(t, newAgent("A", model), fresh, runner.WithSession(session),
		runner.WithSessionInput(func(_ context.Context, history, fresh []json.RawMessage) ([]json.RawMessage, error) {
			return slices.Concat(history, fresh), nil
		}))
	assert.Equal(t, []string{"user", "function_call own", "function_call_output own"}, itemLines(t, lastInput(model)))
}

func TestATurnThatItsInputGuardrailFailedIsSavedOnceOneHasPassed(t *testing.T) {
	for name, verdict := range map[string]func() (runner.GuardrailOutput, error){
		"it failed":  func() (runner.GuardrailOutput, error) { return runner.GuardrailOutput{}, errBroken },
		"it tripped": func() (runner.GuardrailOutput, error) { return runner.GuardrailOutput{Tripped: true}, nil },
	} {
		for carrier, carry := range carriers {
			t.Run(name+", "+carrier, func(t *testing.T) {
				var ran executions
				hasOutput, failures := make(chan struct{}), 2
				agent := newAgent("A", script(calls("tool", "c1"), says("Done.")), ran.free("tool"))
				session := chat()
				agent.InputGuardrails = []runner.InputGuardrail{{Name: "g", Run: func(context.Context, *runner.RunContext, *runner.Agent, []json.RawMessage) (runner.GuardrailOutput, error) {
					<-hasOutput
					if failures--; failures >= 0 {
						return verdict()
					}
					return runner.GuardrailOutput{}, nil
				}}}
				result := runner.RunStreamed(t.Context(), agent, runner.Text("Go."), runner.WithSession(session))
				for event := range result.Events() {
					if event.Name == runner.ToolOutput {
						close(hasOutput)
					}
				}
				require.Error(t, result.Wait(t.Context()))
				agent.InputGuardrails[0].Blocking = true // or the model would answer beside it
				result, err := runner.Run(t.Context(), agent, carry(t, agent, result.State()), runner.WithSession(session))
				require.Error(t, err)
				assert.Equal(t, []string{"user"}, session.log(t), "not before it has passed")

				runOK(t, agent, carry(t, agent, result.State()), runner.WithSession(session))
				assert.Equal(t, []string{"user", "function_call c1", "function_call_output c1", "message"}, session.log(t))
			})
		}
	}
}

// A session that has a call twice is refused by servers from then on.
func TestASessionGetsOnceWhatAHandoffsFilterHasDoubled(t *testing.T) {
	session := chat()
	agent := pair(script(runnertest.Reply(runnertest.ToolCall("transfer_to_b", "h1", `{}`)), says("Done.")),
		&runner.Handoff{Filter: func(_ context.Context, data runner.HandoffInput) (runner.HandoffInput, error) {
			data.New = slices.Concat(data.New, data.New)
			return data, nil
		}})
	runOK(t, agent, runner.Text("Go."), runner.WithSession(session))
	assert.Equal(t, []string{"user", "function_call h1", "function_call_output h1", "message"}, session.log(t))
}
