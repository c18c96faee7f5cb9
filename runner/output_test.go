package runner_test

import (
	"context"
	"encoding/json"
	"errors"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"runstream/runner"
	"runstream/runner/runnertest"
)

func TestToolUse(t *testing.T) {
	decide := func(final runner.ToolsToFinalOutput, err error) runner.ToolUseBehavior {
		return runner.ToolUseBehavior{Func: func(_ context.Context, _ *runner.RunContext, results []runner.ToolResult) (runner.ToolsToFinalOutput, error) {
			if len(results) != 2 || results[0].Call.ID != "c1" || results[1].Output != "done c2" {
				return runner.ToolsToFinalOutput{}, errors.New("the outputs are not in call order")
			}
			return final, err
		}}
	}
	for name, tc := range map[string]struct {
		use   runner.ToolUseBehavior
		want  any
		asked int
		fails error
	}{
		"the model is asked again":  {runner.ToolUseBehavior{}, "Done.", 2, nil},
		"stop on the first tool":    {runner.ToolUseBehavior{StopOnFirstTool: true}, "done c1", 1, nil},
		"stop at a tool":            {runner.ToolUseBehavior{StopAtTools: []string{"other"}}, "done c2", 1, nil},
		"stop at a tool not called": {runner.ToolUseBehavior{StopAtTools: []string{"third"}}, "Done.", 2, nil},
		"a function says final":     {decide(runner.ToolsToFinalOutput{IsFinal: true, Output: map[string]int{"n": 1}}, nil), `{"n":1}`, 1, nil},
		"a function says go on":     {decide(runner.ToolsToFinalOutput{Output: "not this"}, nil), "Done.", 2, nil},
		"a function fails":          {decide(runner.ToolsToFinalOutput{}, errBroken), nil, 1, errBroken},
	} {
		for _, gated := range []bool{false, true} {
			t.Run(name, func(t *testing.T) {
				var ran executions
				first := ran.free("tool")
				if gated {
					first = ran.gated("tool")
				}
				model := script(runnertest.Reply(runnertest.ToolCall("tool", "c1", `{}`), runnertest.ToolCall("other", "c2", `{}`)), says("Done."))
				agent := newAgent("A", model, first, ran.free("other"))
				agent.ToolUse = tc.use
				result, err := runner.Run(t.Context(), agent, runner.Text("Go."))
				if gated { // what was finished before the pause counts too
					require.NoError(t, err)
					require.Nil(t, result.FinalOutput())
					state := reload(t, agent, result.State())
					require.NoError(t, state.Approve(waiting(t, state, "c1")))
					result, err = runner.Run(t.Context(), agent, state)
				}
				assert.ErrorIs(t, err, tc.fails)
				assert.Equal(t, tc.want, result.FinalOutput())
				assert.Len(t, model.Requests(), tc.asked)
				assert.Equal(t, []string{"c1", "c2"}, ran.ids())
				outputs(t, result.ToInputList())
			})
		}
	}
}

func TestAToolsFinalOutputKeepsItsFormWhereTheOutputIsStructured(t *testing.T) {
	tool := &runner.FunctionTool{Name: "tool", Invoke: func(context.Context, *runner.ToolCall) (any, error) { return map[string]any{"n": 1}, nil }}
	agent := newAgent("A", script(calls("tool", "c1")), tool)
	agent.ToolUse = runner.ToolUseBehavior{StopOnFirstTool: true}
	assert.Equal(t, `{"n":1}`, runOK(t, agent, runner.Text("Go.")).FinalOutput())

	agent = newAgent("A", script(calls("tool", "c1")), tool)
	agent.ToolUse = runner.ToolUseBehavior{StopOnFirstTool: true}
	agent.Output = &runner.OutputSchema{Schema: json.RawMessage(`{"type":"object"}`)}
	assert.Equal(t, map[string]any{"n": 1}, runOK(t, agent, runner.Text("Go.")).FinalOutput())
}

func TestStructuredOutput(t *testing.T) {
	schema := json.RawMessage(`{"type":"object","required":["city"],"properties":{"city":{"type":"string"}}}`)
	validate := func(text string) (any, error) {
		if text != `{"city":"Oslo"}` {
			return nil, errBroken
		}
		return "Oslo, checked", nil
	}
	for name, tc := range map[string]struct {
		turns    []runnertest.Turn
		validate func(string) (any, error)
		want     any
		fails    bool
	}{
		"it fits":                      {[]runnertest.Turn{says(`{"city":"Oslo"}`)}, nil, map[string]any{"city": "Oslo"}, false},
		"it is checked by program":     {[]runnertest.Turn{says(`{"city":"Oslo"}`)}, validate, "Oslo, checked", false},
		"the program refuses":          {[]runnertest.Turn{says(`{"city":"Rome"}`)}, validate, nil, true},
		"it is no JSON":                {[]runnertest.Turn{says(`Oslo`)}, nil, nil, true},
		"something follows it":         {[]runnertest.Turn{says(`{"city":"Oslo"} indeed`)}, nil, nil, true},
		"a required key is missing":    {[]runnertest.Turn{says(`{}`)}, nil, nil, true},
		"no text asks the model again": {[]runnertest.Turn{runnertest.Reply(), says(`{"city":"Oslo"}`)}, nil, map[string]any{"city": "Oslo"}, false},
	} {
		t.Run(name, func(t *testing.T) {
			agent := newAgent("A", script(tc.turns...))
			agent.Output = &runner.OutputSchema{Schema: schema, Validate: tc.validate}
			result, err := runner.Run(t.Context(), agent, runner.Text("Go."))
			assert.Equal(t, tc.want, result.FinalOutput())
			if tc.fails {
				assert.Equal(t, "ModelBehaviorError", runner.ErrorName(err))
				assert.Empty(t, result.NewItems(), "a failed turn does not count")
			} else {
				assert.NoError(t, err)
			}
		})
	}
}

func TestPlainTextEnds(t *testing.T) {
	for name, tc := range map[string]struct {
		turns []runnertest.Turn
		want  string
	}{
		"with the last message":               {[]runnertest.Turn{runnertest.Reply(runnertest.Message("One."), runnertest.Message("Two."))}, "Two."},
		"empty":                               {[]runnertest.Turn{runnertest.Reply()}, ""},
		"with reasoning only":                 {[]runnertest.Turn{runnertest.Reply(runnertest.Reasoning("Hm."))}, ""},
		"not with a hosted tool only":         {[]runnertest.Turn{runnertest.Reply(runnertest.Item(json.RawMessage(`{"type":"web_search_call","id":"ws_1","status":"completed"}`))), says("Found.")}, "Found."},
		"with an item that nobody knows only": {[]runnertest.Turn{runnertest.Reply(runnertest.Item(json.RawMessage(`{"type":"hologram","id":"x_1"}`)))}, ""},
	} {
		t.Run(name, func(t *testing.T) {
			model := script(tc.turns...)
			assert.Equal(t, tc.want, runOK(t, newAgent("A", model), runner.Text("Go.")).FinalOutput())
			model.AssertDone(t)
		})
	}
}

func TestErrorHandlers(t *testing.T) {
	type handler = func(context.Context, *runner.RunContext, error) (*runner.HandledError, error)
	var ran executions
	tool := ran.free("tool")
	cases := map[string]struct {
		turns []runnertest.Turn
		set   func(*runner.ErrorHandlers, handler)
		setup func(*runner.Agent) []runner.Option
		name  string
	}{
		"max turns": {
			[]runnertest.Turn{calls("tool", "c1")}, func(h *runner.ErrorHandlers, f handler) { h.MaxTurns = f },
			func(*runner.Agent) []runner.Option { return []runner.Option{runner.WithMaxTurns(1)} }, "MaxTurnsExceeded",
		},
		"refusal": {
			[]runnertest.Turn{runnertest.Reply(runnertest.Refusal("I will not."))}, func(h *runner.ErrorHandlers, f handler) { h.ModelRefusal = f },
			nil, "ModelRefusalError",
		},
		"invalid output": {
			[]runnertest.Turn{says("no JSON")}, func(h *runner.ErrorHandlers, f handler) { h.InvalidFinalOutput = f },
			func(a *runner.Agent) []runner.Option {
				a.Output = &runner.OutputSchema{Schema: json.RawMessage(`{}`)}
				return nil
			}, "ModelBehaviorError",
		},
	}
	for name, tc := range cases {
		run := func(f handler) (*runner.StreamResult, []string, error) {
			agent := newAgent("A", script(tc.turns...), tool)
			var options []runner.Option
			if tc.setup != nil {
				options = tc.setup(agent)
			}
			var handlers runner.ErrorHandlers
			tc.set(&handlers, f)
			result := runner.RunStreamed(t.Context(), agent, runner.Text("Go."), append(options, runner.WithErrorHandlers(handlers))...)
			lines, err := story(result)
			return result, lines, err
		}
		t.Run(name, func(t *testing.T) {
			var told error
			result, lines, err := run(func(_ context.Context, _ *runner.RunContext, err error) (*runner.HandledError, error) {
				told = err
				return &runner.HandledError{FinalOutput: "gave up"}, nil
			})
			require.NoError(t, err)
			assert.Equal(t, tc.name, runner.ErrorName(told))
			assert.Equal(t, "gave up", result.FinalOutput())
			assert.Equal(t, "message_output_created", lines[len(lines)-1])
			items := result.NewItems()
			require.NotEmpty(t, items)
			assert.Contains(t, items[len(items)-1].Text(), "gave up")
			assert.Equal(t, 1, result.CurrentTurn())

			result, _, err = run(func(context.Context, *runner.RunContext, error) (*runner.HandledError, error) {
				return &runner.HandledError{FinalOutput: "gave up", NotInHistory: true}, nil
			})
			require.NoError(t, err)
			for _, item := range result.NewItems() {
				assert.NotEqual(t, "gave up", item.Text())
			}

			_, _, err = run(func(context.Context, *runner.RunContext, error) (*runner.HandledError, error) { return nil, nil })
			assert.Equal(t, tc.name, runner.ErrorName(err), "nil lets the error be")
			_, _, err = run(func(context.Context, *runner.RunContext, error) (*runner.HandledError, error) { return nil, errBroken })
			assert.ErrorIs(t, err, errBroken)
			assert.Equal(t, tc.name, runner.ErrorName(err), "it comes with the other")
			_, _, err = run(func(context.Context, *runner.RunContext, error) (*runner.HandledError, error) {
				panic("broken on purpose")
			})
			assert.Equal(t, "PanicError", runner.ErrorName(err))
		})
	}
}

func TestToolChoiceIsResetOnceAToolWasUsed(t *testing.T) {
	for _, keep := range []bool{false, true} {
		var ran executions
		model := script(calls("gated", "c1"), says("Done."))
		agent := newAgent("A", model, ran.gated("gated"))
		agent.Settings.ToolChoice, agent.KeepToolChoice = "required", keep
		state := runOK(t, agent, runner.Text("Go.")).State()
		require.NoError(t, state.Approve(waiting(t, state, "c1")))
		runOK(t, agent, reload(t, agent, state))
		want := ""
		if keep {
			want = "required"
		}
		assert.Equal(t, "required", model.Requests()[0].Settings.ToolChoice)
		assert.Equal(t, want, model.Requests()[1].Settings.ToolChoice)
	}
}

func TestAToolThatDoesNotExist(t *testing.T) {
	var ran executions
	turn := runnertest.Reply(runnertest.Message("I try."), runnertest.ToolCall("free", "c1", `{}`), runnertest.ToolCall("nothing", "c2", `{}`))
	agent := newAgent("A", script(turn), ran.free("free"))
	result := runner.RunStreamed(t.Context(), agent, runner.Text("Go."))
	lines, err := story(result)
	assert.Equal(t, "ModelBehaviorError", runner.ErrorName(err))
	assert.Equal(t, []string{"agent A", "raw"}, lines, "nothing of the response is accepted")
	assert.Empty(t, ran.ids())

	model := script(turn, says("Done."))
	runOK(t, newAgent("A", model, ran.free("free")), runner.Text("Go."), runner.WithToolNotFoundToModel())
	assert.Equal(t, map[string]string{"c1": "done c1", "c2": "Tool 'nothing' not found."}, outputs(t, lastInput(model)))
}

func TestACallIDThatIsUsedAgain(t *testing.T) {
	t.Run("for the same call is not run again", func(t *testing.T) {
		var ran executions
		model := script(calls("tool", "c1"), calls("tool", "c1"), says("Done."))
		result := runOK(t, newAgent("A", model, ran.free("tool")), runner.Text("Go."))
		assert.Equal(t, "Done.", result.FinalOutput())
		assert.Equal(t, []string{"c1"}, ran.ids())
		assert.Equal(t, map[string]string{"c1": "done c1"}, outputs(t, lastInput(model)))
	})
	t.Run("for another call ends the run before anything runs", func(t *testing.T) {
		var ran executions
		model := script(calls("tool", "c1"), runnertest.Reply(runnertest.ToolCall("tool", "c2", `{}`), runnertest.ToolCall("tool", "c1", `{"other":1}`)))
		_, result := requireError[*runner.ModelBehaviorError](t, newAgent("A", model, ran.free("tool")), runner.Text("Go."))
		assert.Equal(t, []string{"c1"}, ran.ids())
		outputs(t, result.ToInputList())
	})
	t.Run("twice in one response", func(t *testing.T) {
		var ran executions
		model := script(calls("tool", "c1", "c1"), says("Done."))
		_, err := runner.Run(t.Context(), newAgent("A", model, ran.free("tool")), runner.Text("Go."))
		require.NoError(t, err)
		assert.Equal(t, []string{"c1"}, ran.ids())
		outputs(t, lastInput(model))
	})
}

// A tool passes on what another server sent, in that server's encoding.
func TestBytesThatAreNoTextStayOutOfStates(t *testing.T) {
	latin := json.RawMessage("{\"name\":\"Andr\xe9\"}")
	var ran executions
	look := &runner.FunctionTool{
		Name:       "look",
		Invoke:     func(context.Context, *runner.ToolCall) (any, error) { return latin, nil },
		CustomData: func(context.Context, *runner.ToolCall, any) (json.RawMessage, error) { return latin, nil },
	}
	model := script(runnertest.Reply(runnertest.ToolCall("look", "c1", `{}`), runnertest.ToolCall("gated", "c2", `{}`)), says("Done."))
	agent := newAgent("A", model, look, ran.gated("gated"))
	result := runOK(t, agent, runner.Text("Go."))
	state := reload(t, agent, result.State())
	for _, item := range state.Interruptions() {
		require.NoError(t, state.Approve(item))
	}
	runOK(t, agent, state)
	assert.Equal(t, map[string]string{"c1": `{"name":"Andr` + "\ufffd\"}", "c2": "done c2"}, outputs(t, lastInput(model)))

	_, err := runner.Run(t.Context(), newAgent("A", script(says("Done."))), runner.Text("Go."), runner.WithContextValue(1), runner.WithContextSerializer(func(any) (json.RawMessage, error) { return latin, nil }))
	assert.ErrorContains(t, err, "not valid UTF-8")
}
