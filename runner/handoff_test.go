package runner_test

import (
	"context"
	"encoding/json"
	"slices"
	"testing"
	"testing/synctest"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"runstream/runner"
	"runstream/runner/runnertest"
)

// pair is an agent that can hand over to B in the way given.
func pair(model runner.Model, handoff *runner.Handoff, tools ...runner.Tool) *runner.Agent {
	agent := newAgent("A", model, tools...)
	handoff.Agent = newAgent("B", model)
	agent.Handoffs = []runner.HandoffTarget{handoff}
	return agent
}

func TestAHandoffsCallbackGetsWhatTheModelSays(t *testing.T) {
	for name, tc := range map[string]struct {
		schema    json.RawMessage
		arguments string
		want      string
		fails     string
	}{
		"input of a schema":          {json.RawMessage(`{"type":"object"}`), `{"why":"billing"}`, `{"why":"billing"}`, ""},
		"no input":                   {nil, `{}`, `{}`, ""},
		"nothing at all":             {nil, ``, `{}`, ""},
		"nothing where input is due": {json.RawMessage(`{"type":"object"}`), ``, "", "ModelBehaviorError"},
		"input that is no JSON":      {json.RawMessage(`{"type":"object"}`), `{"why":`, "", "ModelBehaviorError"},
		"input that is not expected": {json.RawMessage(`{"type":"object"}`), `[1]`, "", "ModelBehaviorError"},
	} {
		t.Run(name, func(t *testing.T) {
			var got json.RawMessage
			handoff := &runner.Handoff{InputSchema: tc.schema, OnHandoff: func(_ context.Context, _ *runner.RunContext, arguments json.RawMessage) error {
				got = arguments
				return nil
			}}
			agent := pair(script(runnertest.Reply(runnertest.ToolCall("transfer_to_b", "h", tc.arguments)), says("Done.")), handoff)
			result, err := runner.Run(t.Context(), agent, runner.Text("Go."))
			if tc.fails != "" {
				assert.Equal(t, tc.fails, runner.ErrorName(err))
				assert.Nil(t, got)
				outputs(t, result.ToInputList())
				return
			}
			require.NoError(t, err)
			assert.Equal(t, tc.want, string(got))
			assert.Equal(t, "B", result.LastAgent().Name)
		})
	}
}

func TestAHandoffsCallbackMayFail(t *testing.T) {
	for name, on := range map[string]func(context.Context, *runner.RunContext, json.RawMessage) error{
		"with an error": func(context.Context, *runner.RunContext, json.RawMessage) error { return errBroken },
		"with a panic":  func(context.Context, *runner.RunContext, json.RawMessage) error { panic("broken on purpose") },
	} {
		t.Run(name, func(t *testing.T) {
			model := script(runnertest.Reply(runnertest.ToolCall("transfer_to_b", "h", `{}`)))
			result, err := runner.Run(t.Context(), pair(model, &runner.Handoff{OnHandoff: on}), runner.Text("Go."))
			assert.Error(t, err)
			assert.Equal(t, "A", result.LastAgent().Name)
			outputs(t, result.ToInputList())
		})
	}
}

// The model is asked anew, and may give the call that it makes then the same id.
func TestAHandoffThatFailedMayBeMadeAgain(t *testing.T) {
	for name, carry := range carriers {
		t.Run(name, func(t *testing.T) {
			turn, failures := runnertest.Reply(runnertest.ToolCall("transfer_to_b", "h", `{}`)), 1
			agent := pair(script(turn, turn, says("Done.")), &runner.Handoff{OnHandoff: func(context.Context, *runner.RunContext, json.RawMessage) error {
				if failures--; failures == 0 {
					return errBroken
				}
				return nil
			}})
			result, err := runner.Run(t.Context(), agent, runner.Text("Go."))
			require.ErrorIs(t, err, errBroken)
			result = runOK(t, agent, carry(t, agent, result.State()))
			assert.Equal(t, "Done.", result.FinalOutput())
			assert.Equal(t, "B", result.LastAgent().Name)
		})
	}
}

// What a failed attempt has answered is answered once.
func TestAResumedHandoffThatFailedAnswersOnce(t *testing.T) {
	for name, carry := range carriers {
		t.Run(name, func(t *testing.T) {
			var ran executions
			failures := 1
			turn := runnertest.Reply(runnertest.ToolCall("gated", "c1", `{}`), runnertest.ToolCall("transfer_to_b", "h1", `{}`), runnertest.ToolCall("transfer_to_b", "h2", `{}`))
			agent := pair(script(turn, says("Done.")), &runner.Handoff{Filter: func(_ context.Context, data runner.HandoffInput) (runner.HandoffInput, error) {
				if failures--; failures == 0 {
					return data, errBroken
				}
				return data, nil
			}}, ran.gated("gated"))
			state := approveAll(t, runOK(t, agent, runner.Text("Go.")).State())
			failed, err := runner.Run(t.Context(), agent, state)
			require.ErrorIs(t, err, errBroken)
			lines, err := story(runner.RunStreamed(t.Context(), agent, carry(t, agent, failed.State())))
			require.NoError(t, err)
			assert.Equal(t, []string{"agent A", "tool_output c1", "tool_output h2", "handoff_occured h1", "agent B", "raw", "message_output_created"}, lines)
		})
	}
}

// A turn that was taken back is made anew, also with the ids that it had.
func TestACallOfATurnThatWasTakenBackMayComeAgain(t *testing.T) {
	for name, carry := range carriers {
		t.Run(name, func(t *testing.T) {
			var ran executions
			tool, asked, failures := ran.free("tool"), 0, 1
			tool.InputGuardrails = []runner.ToolGuardrail{{Name: "g", Run: func(context.Context, *runner.ToolCall, any) (runner.ToolGuardrailOutput, error) {
				if asked++; asked == 1 {
					return runner.RejectTool("no"), nil
				}
				return runner.AllowTool(), nil
			}}}
			agent := newAgent("A", script(calls("tool", "c1"), calls("tool", "c1"), says("Done.")), tool)
			agent.ToolUse.Func = func(context.Context, *runner.RunContext, []runner.ToolResult) (runner.ToolsToFinalOutput, error) {
				if failures--; failures == 0 {
					return runner.ToolsToFinalOutput{}, errBroken
				}
				return runner.ToolsToFinalOutput{}, nil
			}
			failed, err := runner.Run(t.Context(), agent, runner.Text("Go."))
			require.ErrorIs(t, err, errBroken)
			result := runOK(t, agent, carry(t, agent, failed.State()))
			assert.Equal(t, map[string]string{"c1": "done c1"}, outputs(t, result.ToInputList()))
			assert.Equal(t, 1, ran.times("c1"))
		})
	}
}

func TestAHandoffWaitsForTheInputGuardrails(t *testing.T) {
	for name, carry := range carriers {
		t.Run(name, func(t *testing.T) {
			handed, asked, seen := 0, 0, make(chan struct{})
			turn := runnertest.Reply(runnertest.ToolCall("transfer_to_b", "h", `{}`))
			agent := pair(script(turn, turn, says("Done.")), &runner.Handoff{OnHandoff: func(context.Context, *runner.RunContext, json.RawMessage) error {
				handed++
				return nil
			}})
			agent.InputGuardrails = []runner.InputGuardrail{{Name: "g", Run: func(context.Context, *runner.RunContext, *runner.Agent, []json.RawMessage) (runner.GuardrailOutput, error) {
				if asked++; asked == 1 {
					<-seen
					return runner.GuardrailOutput{}, errBroken
				}
				return runner.GuardrailOutput{}, nil
			}}}
			result := runner.RunStreamed(t.Context(), agent, runner.Text("Go."))
			for event := range result.Events() {
				if event.Name == runner.HandoffRequested {
					close(seen)
				}
			}
			require.ErrorIs(t, result.Wait(t.Context()), errBroken)
			assert.Zero(t, handed)
			result = runOK(t, agent, carry(t, agent, result.State()))
			assert.Equal(t, "B", result.LastAgent().Name)
			assert.Equal(t, 1, handed)
			outputs(t, result.ToInputList())
		})
	}
}

// What has been handed over stays so, however the run ends then.
func TestARunThatIsStoppedInItsHandoffGoesOnWithTheNextAgent(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		for range 20 { // it was by chance that it did not
			handing, stopped := make(chan struct{}), make(chan struct{})
			turn := runnertest.Reply(runnertest.ToolCall("transfer_to_b", "h", `{}`))
			agent := pair(script(turn, says("Done.")), &runner.Handoff{OnHandoff: func(context.Context, *runner.RunContext, json.RawMessage) error {
				close(handing)
				<-stopped
				return nil
			}})
			result := runner.RunStreamed(t.Context(), agent, runner.Text("Go."))
			<-handing
			result.Cancel(runner.CancelImmediate)
			close(stopped)
			require.NoError(t, result.Wait(t.Context()))
			result = runOK(t, agent, result.State())
			require.Equal(t, "B", result.LastAgent().Name)
			require.Equal(t, "Done.", result.FinalOutput())
		}
	})
}

// The model would see one of them.
func TestHandoffsThatShareADefaultNameAreRefused(t *testing.T) {
	model := script(says("Done."))
	agent := newAgent("A", model)
	service, sales := newAgent("客服", model), newAgent("销售", model)
	agent.Handoffs = []runner.HandoffTarget{service, sales}
	user, _ := requireError[*runner.UserError](t, agent, runner.Text("Go."))
	assert.Contains(t, user.Message, "客服 and 销售")
	agent.Handoffs = []runner.HandoffTarget{service, &runner.Handoff{Agent: sales, ToolName: "transfer_to_sales"}}
	runOK(t, agent, runner.Text("Go."))
}

// A call of an id that the run has had is left out, and is still no answer.
func TestAHandoffsIDGivenTwiceEndsNothing(t *testing.T) {
	turn := runnertest.Reply(runnertest.ToolCall("transfer_to_b", "h", `{}`))
	agent := pair(script(turn, turn, says("Done.")), &runner.Handoff{})
	agent.Handoffs[0].(*runner.Handoff).Agent.Handoffs = agent.Handoffs
	result := runOK(t, agent, runner.Text("Go."))
	assert.Equal(t, "Done.", result.FinalOutput())
}

func TestAHandoffsInputNeedsSomebodyToTakeIt(t *testing.T) {
	model := script(runnertest.Reply(runnertest.ToolCall("transfer_to_b", "h", `{}`)))
	requireError[*runner.UserError](t, pair(model, &runner.Handoff{InputSchema: json.RawMessage(`{"type":"object"}`)}), runner.Text("Go."))
}

func TestAHandoffsFilterDecidesWhatTheNextAgentSees(t *testing.T) {
	turns := func() *runnertest.ScriptedModel {
		return script(calls("tool", "c1"), runnertest.Reply(runnertest.Message("Wait."), runnertest.ToolCall("transfer_to_b", "h", `{}`)), says("Done."))
	}
	nothing := func(_ context.Context, data runner.HandoffInput) (runner.HandoffInput, error) {
		data.History, data.Before, data.Input = nil, nil, []*runner.RunItem{}
		return data, nil
	}
	for name, tc := range map[string]struct {
		filter runner.HandoffFilter
		run    []runner.Option
		want   []string
	}{
		"none":                            {nil, nil, []string{"user", "function_call c1", "function_call_output c1", "message", "function_call h", "function_call_output h"}},
		"of the handoff":                  {nothing, nil, []string{}},
		"of the run":                      {nil, []runner.Option{runner.WithHandoffFilter(nothing)}, []string{}},
		"of the handoff before the run's": {runner.RemoveAllTools, []runner.Option{runner.WithHandoffFilter(nothing)}, []string{"user", "message"}},
	} {
		t.Run(name, func(t *testing.T) {
			var ran executions
			model := turns()
			agent := pair(model, &runner.Handoff{Filter: tc.filter}, ran.free("tool"))
			result := runOK(t, agent, runner.Text("Go."), tc.run...)
			assert.Equal(t, tc.want, itemLines(t, lastInput(model)))
			assert.Equal(t, "Done.", result.FinalOutput())
		})
	}
}

func TestAHandoffsFilterMayFail(t *testing.T) {
	for name, filter := range map[string]runner.HandoffFilter{
		"with an error": func(context.Context, runner.HandoffInput) (runner.HandoffInput, error) {
			return runner.HandoffInput{}, errBroken
		},
		"with a panic": func(context.Context, runner.HandoffInput) (runner.HandoffInput, error) { panic("broken on purpose") },
	} {
		t.Run(name, func(t *testing.T) {
			model := script(runnertest.Reply(runnertest.ToolCall("transfer_to_b", "h", `{}`)))
			result, err := runner.Run(t.Context(), pair(model, &runner.Handoff{Filter: filter}), runner.Text("Go."))
			assert.Error(t, err)
			outputs(t, result.ToInputList())
		})
	}
}

func TestNestedHistoryGivesTheNextAgentASummary(t *testing.T) {
	no := false
	for name, tc := range map[string]struct {
		nest *bool
		want int
	}{"as the run says": {nil, 1}, "but not for this handoff": {&no, 3}} {
		t.Run(name, func(t *testing.T) {
			model := script(runnertest.Reply(runnertest.ToolCall("transfer_to_b", "h", `{}`)), says("Done."))
			agent := pair(model, &runner.Handoff{NestHistory: tc.nest})
			result := runOK(t, agent, runner.Text("Go."), runner.WithNestedHandoffHistory(nil))
			assert.Len(t, lastInput(model), tc.want)
			assert.Contains(t, string(lastInput(model)[0]), "Go.")
			outputs(t, result.ToInputList())
		})
	}
}

func TestOfSeveralHandoffsTheFirstIsTaken(t *testing.T) {
	model := script(runnertest.Reply(runnertest.ToolCall("transfer_to_c", "h1", `{}`), runnertest.ToolCall("transfer_to_b", "h2", `{}`)), says("Done."))
	agent := pair(model, &runner.Handoff{})
	agent.Handoffs = append(agent.Handoffs, newAgent("C", model))
	result := runner.RunStreamed(t.Context(), agent, runner.Text("Go."))
	lines, err := story(result)
	require.NoError(t, err)
	assert.Equal(t, []string{
		"agent A", "raw", "handoff_requested h1", "handoff_requested h2", "tool_output h2", "handoff_occured h1",
		"agent C", "raw", "message_output_created",
	}, lines)
	assert.Equal(t, map[string]string{"h1": `{"assistant": "C"}`, "h2": "Multiple handoffs detected, ignoring this one."}, outputs(t, lastInput(model)))
}

func TestAHandoffThatIsDisabledIsNotOffered(t *testing.T) {
	model := script(says("Done."))
	agent := pair(model, &runner.Handoff{IsEnabled: func(context.Context, *runner.RunContext, *runner.Agent) bool { return false }})
	runOK(t, agent, runner.Text("Go."))
	assert.Empty(t, model.Requests()[0].Handoffs)

	model.Add(runnertest.Reply(runnertest.ToolCall("transfer_to_b", "h", `{}`)))
	requireError[*runner.ModelBehaviorError](t, agent, runner.Text("Go."))
}

func TestAHandoffsFilterMustGiveItems(t *testing.T) {
	for name, item := range map[string]json.RawMessage{"nothing": nil, "a text": json.RawMessage(`"Hi."`)} {
		t.Run(name, func(t *testing.T) {
			other := newAgent("B", script(says("Done.")))
			agent := newAgent("A", script(calls("transfer_to_b", "c1")))
			agent.Handoffs = []runner.HandoffTarget{&runner.Handoff{Agent: other, Filter: func(_ context.Context, data runner.HandoffInput) (runner.HandoffInput, error) {
				data.History = []json.RawMessage{item}
				return data, nil
			}}}
			requireError[*runner.UserError](t, agent, runner.Text("Go."))
		})
	}
}

func TestAHandoffsFilterMayMakeItems(t *testing.T) {
	var ran executions
	model := script(calls("gated", "c2"), says("Done."))
	other := newAgent("B", model, ran.gated("gated"))
	agent := newAgent("A", script(calls("transfer_to_b", "c1")))
	var made *runner.RunItem
	edited := func(data *runner.HandoffInput) { data.Input = []*runner.RunItem{made} }
	agent.Handoffs = []runner.HandoffTarget{&runner.Handoff{Agent: other, Filter: func(_ context.Context, data runner.HandoffInput) (runner.HandoffInput, error) {
		edited(&data)
		return data, nil
	}}}
	requireError[*runner.UserError](t, agent, runner.Text("Go."))

	agent.Model = script(calls("transfer_to_b", "c1"))
	made = &runner.RunItem{Type: runner.InputItem, Raw: runner.UserMessage("In short: go.")}
	state := reload(t, agent, runOK(t, agent, runner.Text("Go.")).State())
	require.NoError(t, state.Approve(state.Interruptions()[0]))
	assert.Equal(t, "Done.", runOK(t, agent, state).FinalOutput())
	for _, request := range model.Requests() {
		assert.Contains(t, string(request.Input[1]), "In short: go.")
	}
	assert.Nil(t, made.Agent, "the filter's item is its own")

	edited = func(data *runner.HandoffInput) { data.New[0], data.New = made, data.New[:1] } // in place
	agent.Model, other.Model = script(calls("transfer_to_b", "c1")), script(calls("gated", "c2"))
	assert.Len(t, reload(t, agent, runOK(t, agent, runner.Text("Go.")).State()).Interruptions(), 1)
}

func TestANestedHistoryIsUnfoldedAfterAReload(t *testing.T) {
	asked := func(reloaded bool) []json.RawMessage {
		var ran executions
		model := script(says("Done."))
		third := newAgent("C", model)
		second := newAgent("B", script(calls("gated", "c2"), calls("transfer_to_c", "c3")), ran.gated("gated"))
		second.Handoffs = []runner.HandoffTarget{third}
		first := newAgent("A", script(calls("transfer_to_b", "c1")))
		first.Handoffs = []runner.HandoffTarget{second}
		state := runOK(t, first, runner.Text("Go."), runner.WithNestedHandoffHistory(nil)).State()
		if reloaded {
			state = reload(t, first, state)
		}
		require.NoError(t, state.Approve(state.Interruptions()[0]))
		runOK(t, first, state, runner.WithNestedHandoffHistory(nil))
		return model.Requests()[0].Input
	}
	assert.Equal(t, asked(false), asked(true))
}

// What a resumed run drops from its input moves what nested history has put there.
func TestNestedHistoryOutlivesInputThatAResumedRunDrops(t *testing.T) {
	var ran executions
	shell := &runner.ShellTool{Run: func(context.Context, *runner.ToolCall, runner.ShellAction) (runner.ShellResult, error) {
		return runner.ShellResult{Text: "a long listing"}, nil
	}}
	third := newAgent("C", script(calls("gated", "c4"), calls("gated", "c5"), says("Done.")), ran.gated("gated"))
	second := newAgent("B", script(runnertest.Reply(runnertest.Message("I pass on."), runnertest.ToolCall("transfer_to_c", "c3", "{}"))))
	second.Handoffs = []runner.HandoffTarget{&runner.Handoff{Agent: third, NestHistory: new(true)}}
	first := newAgent("A", script(runnertest.Reply(
		runnertest.Item(json.RawMessage(`{"type":"shell_call","id":"s1","call_id":"c1","action":{"commands":["ls"]},"status":"completed"}`)),
		runnertest.ToolCall("transfer_to_b", "c2", "{}"))), shell)
	first.Handoffs = []runner.HandoffTarget{&runner.Handoff{Agent: second, Filter: func(_ context.Context, data runner.HandoffInput) (runner.HandoffInput, error) {
		data.Input = slices.DeleteFunc(slices.Clone(data.New), func(item *runner.RunItem) bool { return item.Type == runner.ToolCallOutputItem })
		return data, nil
	}}}
	result := runOK(t, first, runner.Text("Go."))
	for result.FinalOutput() == nil {
		state := reload(t, first, result.State())
		require.NoError(t, state.Approve(state.Interruptions()[0]))
		result = runOK(t, first, state)
	}
	assert.Equal(t, []string{"c4", "c5"}, ran.ids())
}
