package runner_test

import (
	"context"
	"encoding/json"
	"errors"
	"strconv"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"runstream/runner"
	"runstream/runner/runnertest"
)

func TestOnlySoManyToolsRunAtOnce(t *testing.T) {
	for limit, want := range map[int]int32{0: 5, 1: 1, 2: 2, 9: 5} {
		synctest.Test(t, func(t *testing.T) {
			var running, most atomic.Int32
			tool := &runner.FunctionTool{Name: "tool", Invoke: func(context.Context, *runner.ToolCall) (any, error) {
				now := running.Add(1)
				defer running.Add(-1)
				for {
					before := most.Load()
					if now <= before || most.CompareAndSwap(before, now) {
						break
					}
				}
				time.Sleep(time.Second) // of the bubble's time
				return "ok", nil
			}}
			model := script(calls("tool", "c1", "c2", "c3", "c4", "c5"), says("Done."))
			var options []runner.Option
			if limit > 0 {
				options = append(options, runner.WithMaxToolConcurrency(limit))
			}
			result := runner.RunStreamed(t.Context(), newAgent("A", model, tool), runner.Text("Go."), options...)
			require.NoError(t, result.Wait(t.Context()))
			assert.Equal(t, want, most.Load(), "with a limit of %d", limit)
			assert.Len(t, outputs(t, lastInput(model)), 5)
		})
	}
}

func TestOutputsKeepTheOrderOfTheCallsWhicheverToolIsQuicker(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		tool := &runner.FunctionTool{Name: "tool", Invoke: func(_ context.Context, call *runner.ToolCall) (any, error) {
			if call.ID == "c1" {
				time.Sleep(time.Minute)
			}
			return call.ID, nil
		}}
		result := runner.RunStreamed(t.Context(), newAgent("A", script(calls("tool", "c1", "c2"), says("Done.")), tool), runner.Text("Go."))
		lines, err := story(result)
		require.NoError(t, err)
		assert.Equal(t, []string{"agent A", "raw", "tool_called c1", "tool_called c2", "tool_output c1", "tool_output c2", "raw", "message_output_created"}, lines)
	})
}

func TestAToolCalledIsToldBeforeTheToolIsThrough(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		tool := &runner.FunctionTool{Name: "tool", Invoke: func(context.Context, *runner.ToolCall) (any, error) {
			time.Sleep(10 * time.Second)
			return "ok", nil
		}}
		began := time.Now()
		seen := map[runner.ItemEventName]time.Duration{}
		for event, err := range runner.RunStreamed(t.Context(), newAgent("A", script(calls("tool", "c1"), says("Done.")), tool), runner.Text("Go.")).Events() {
			require.NoError(t, err)
			seen[event.Name] = time.Since(began)
		}
		assert.Zero(t, seen[runner.ToolCalled])
		assert.Equal(t, 10*time.Second, seen[runner.ToolOutput])
	})
}

func TestATimeoutIsToldInTheToolsOwnWords(t *testing.T) {
	for _, failure := range []error{nil, errors.New("nothing to say")} {
		synctest.Test(t, func(t *testing.T) {
			tool := &runner.FunctionTool{Name: "slow", Timeout: time.Second, Invoke: func(ctx context.Context, _ *runner.ToolCall) (any, error) {
				<-ctx.Done()
				return nil, ctx.Err()
			}, OnTimeout: func(_ context.Context, call *runner.ToolCall, err *runner.ToolTimeoutError) (string, error) {
				return call.ID + " took over " + err.Timeout.String(), failure
			}}
			model := script(calls("slow", "c1"), says("Done."))
			_, err := runner.Run(t.Context(), newAgent("A", model, tool), runner.Text("Go."))
			if failure != nil {
				assert.ErrorIs(t, err, failure)
				return
			}
			require.NoError(t, err)
			assert.Equal(t, map[string]string{"c1": "c1 took over 1s"}, outputs(t, lastInput(model)))
		})
	}
}

func TestATimeout(t *testing.T) {
	for name, obeys := range map[string]bool{"of a tool that obeys": true, "of a tool that does not": false} {
		for _, fails := range []bool{false, true} {
			t.Run(name, func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					release := make(chan struct{})
					tool := &runner.FunctionTool{Name: "slow", Timeout: 1500 * time.Millisecond, FailOnTimeout: fails, Invoke: func(ctx context.Context, _ *runner.ToolCall) (any, error) {
						if obeys {
							<-ctx.Done()
							return nil, ctx.Err()
						}
						<-release
						return "late", nil
					}}
					model := script(calls("slow", "c1"), says("Done."))
					began := time.Now()
					result := runner.RunStreamed(t.Context(), newAgent("A", model, tool), runner.Text("Go."))
					err := result.Wait(t.Context())
					assert.Equal(t, 1500*time.Millisecond, time.Since(began))
					const text = "Tool 'slow' timed out after 1.5 seconds."
					if fails {
						var late *runner.ToolTimeoutError
						require.ErrorAs(t, err, &late)
						assert.Equal(t, text, late.Error())
						outputs(t, result.ToInputList())
					} else {
						require.NoError(t, err)
						assert.Equal(t, map[string]string{"c1": text}, outputs(t, lastInput(model)))
					}
					close(release)
				})
			})
		}
	}
}

func TestAToolThatFails(t *testing.T) {
	broken := map[string]func(context.Context, *runner.ToolCall) (any, error){
		"with an error": func(context.Context, *runner.ToolCall) (any, error) { return nil, errBroken },
		"with a panic":  func(context.Context, *runner.ToolCall) (any, error) { panic(errBroken) },
	}
	for name, invoke := range broken {
		t.Run(name+" is told to the model without the error", func(t *testing.T) {
			model := script(calls("tool", "c1"), says("Sorry."))
			runOK(t, newAgent("A", model, &runner.FunctionTool{Name: "tool", Invoke: invoke}), runner.Text("Go."))
			assert.Equal(t, map[string]string{"c1": "An error occurred while running the tool. Please try again."}, outputs(t, lastInput(model)))
		})
		t.Run(name+" is told in the tool's own words", func(t *testing.T) {
			model := script(calls("tool", "c1"), says("Sorry."))
			tool := &runner.FunctionTool{Name: "tool", Invoke: invoke, OnError: func(_ context.Context, call *runner.ToolCall, err error) (string, error) {
				assert.Error(t, err)
				return "try later, " + call.ID, nil
			}}
			runOK(t, newAgent("A", model, tool), runner.Text("Go."))
			assert.Equal(t, map[string]string{"c1": "try later, c1"}, outputs(t, lastInput(model)))
		})
		t.Run(name+" ends the run if it is to", func(t *testing.T) {
			var ran executions
			tool := &runner.FunctionTool{Name: "tool", Invoke: invoke, OnError: runner.FailRun}
			agent := newAgent("A", script(runnertest.Reply(runnertest.ToolCall("free", "c1", `{}`), runnertest.ToolCall("tool", "c2", `{}`))), ran.free("free"), tool)
			result := runner.RunStreamed(t.Context(), agent, runner.Text("Go."))
			_, err := story(result)
			require.Error(t, err)
			assert.Contains(t, []string{"UserError", "PanicError"}, runner.ErrorName(err))
			outputs(t, result.ToInputList())
		})
	}
}

// Wherever the application's own code panics, the run ends with a PanicError,
// and the process lives.
func TestAPanicEndsItsRunOnly(t *testing.T) {
	type where struct {
		agent   func(agent *runner.Agent)
		options []runner.Option
	}
	const value = "broken on purpose"
	for name, at := range map[string]where{
		"model": {agent: func(a *runner.Agent) { a.Model = panicking{} }},
		"instructions": {agent: func(a *runner.Agent) {
			a.InstructionsFunc = func(context.Context, *runner.RunContext, *runner.Agent) (string, error) { panic(value) }
		}},
		"is enabled": {agent: func(a *runner.Agent) {
			a.Tools[0].(*runner.FunctionTool).IsEnabled = func(context.Context, *runner.RunContext, *runner.Agent) bool { panic(value) }
		}},
		"handoff enabled": {agent: func(a *runner.Agent) {
			a.Handoffs = []runner.HandoffTarget{&runner.Handoff{Agent: newAgent("B", nil), IsEnabled: func(context.Context, *runner.RunContext, *runner.Agent) bool { panic(value) }}}
		}},
		"on error": {agent: func(a *runner.Agent) {
			f := a.Tools[0].(*runner.FunctionTool)
			f.Invoke = func(context.Context, *runner.ToolCall) (any, error) { return nil, errBroken }
			f.OnError = func(context.Context, *runner.ToolCall, error) (string, error) { panic(value) }
		}},
		"custom data": {agent: func(a *runner.Agent) {
			a.Tools[0].(*runner.FunctionTool).CustomData = func(context.Context, *runner.ToolCall, any) (json.RawMessage, error) { panic(value) }
		}},
		"tool start hook": {options: []runner.Option{runner.WithHooks(&runner.Hooks{ToolStart: func(context.Context, *runner.RunContext, *runner.Agent, runner.Tool, *runner.ToolCall) error {
			panic(value)
		}})}},
		"tool end hook": {options: []runner.Option{runner.WithHooks(&runner.Hooks{ToolEnd: func(context.Context, *runner.RunContext, *runner.Agent, runner.Tool, *runner.ToolCall, any) error {
			panic(value)
		}})}},
		"agent start hook": {options: []runner.Option{runner.WithHooks(&runner.Hooks{AgentStart: func(context.Context, *runner.RunContext, *runner.Agent) error { panic(value) }})}},
		"agent end hook":   {options: []runner.Option{runner.WithHooks(&runner.Hooks{AgentEnd: func(context.Context, *runner.RunContext, *runner.Agent, any) error { panic(value) }})}},
		"model end hook":   {options: []runner.Option{runner.WithHooks(&runner.Hooks{ModelEnd: func(context.Context, *runner.RunContext, *runner.Agent, *runner.ModelResponse) error { panic(value) }})}},
		"input guardrail": {options: []runner.Option{runner.WithInputGuardrails(runner.InputGuardrail{Run: func(context.Context, *runner.RunContext, *runner.Agent, []json.RawMessage) (runner.GuardrailOutput, error) {
			panic(value)
		}})}},
		"output guardrail": {options: []runner.Option{runner.WithOutputGuardrails(runner.OutputGuardrail{Run: func(context.Context, *runner.RunContext, *runner.Agent, any) (runner.GuardrailOutput, error) {
			panic(value)
		}})}},
		"model input": {options: []runner.Option{runner.WithModelInputFilter(func(context.Context, *runner.RunContext, *runner.Agent, runner.ModelInput) (runner.ModelInput, error) {
			panic(value)
		})}},
		"checkpoint": {options: []runner.Option{runner.WithCheckpoint(func(context.Context, *runner.StreamResult) error { panic(value) })}},
		"session":    {options: []runner.Option{runner.WithSession(panickingSession{})}},
		"output's validate": {agent: func(a *runner.Agent) {
			a.Output = &runner.OutputSchema{Validate: func(string) (any, error) { panic(value) }}
		}},
		"reviewer": {agent: func(a *runner.Agent) {
			a.Tools[0] = &runner.CustomTool{Name: "tool", NeedsApproval: runner.Always, OnApproval: func(context.Context, *runner.ToolCall) (*runner.ApprovalAnswer, error) { panic(value) }}
		}},
		"custom tool": {agent: func(a *runner.Agent) {
			a.Tools[0] = &runner.CustomTool{Name: "tool", Invoke: func(context.Context, *runner.ToolCall) (string, error) { panic(value) }}
		}},
	} {
		t.Run(name, func(t *testing.T) {
			var ran executions
			first := calls("tool", "c1")
			agent := newAgent("A", nil, ran.free("tool"))
			if at.agent != nil {
				at.agent(agent)
			}
			if _, custom := agent.Tools[0].(*runner.CustomTool); custom {
				first = runnertest.Reply(runnertest.Item(json.RawMessage(`{"type":"custom_tool_call","call_id":"c1","name":"tool","input":"x"}`)))
			}
			if agent.Model == nil {
				agent.Model = script(first, says("Done."))
			}
			failed, result := requireError[*runner.PanicError](t, agent, runner.Text("Go."), at.options...)
			assert.NotEmpty(t, failed.Stack)
			assert.True(t, result.IsComplete())
			assert.Nil(t, result.FinalOutput())
			outputs(t, result.ToInputList())
		})
	}
}

type panickingSession struct{ runner.Session }

func TestAnAgentToolsOwnFunctionsMayPanic(t *testing.T) {
	for name, options := range map[string]runner.AgentToolOptions{
		"input":  {Input: func(context.Context, *runner.ToolCall) (runner.Input, error) { panic("broken on purpose") }},
		"output": {Output: func(context.Context, *runner.StreamResult) (any, error) { panic("broken on purpose") }},
		"events": {OnStream: func(context.Context, runner.AgentToolEvent) { panic("broken on purpose") }},
	} {
		t.Run(name, func(t *testing.T) {
			options.Name, options.OnError = "inner", runner.FailRun
			model := script(runnertest.Reply(runnertest.ToolCall("inner", "o1", `{"input":"Go."}`)), says("Inner."))
			agent := newAgent("Outer", model, newAgent("Inner", model).AsTool(options))
			requireError[*runner.PanicError](t, agent, runner.Text("Go."))
		})
	}
}

func TestWrongUseIsToldFromTheEvents(t *testing.T) {
	good := newAgent("A", script())
	with := func(change func(agent *runner.Agent)) *runner.Agent {
		agent := newAgent("A", script())
		change(agent)
		return agent
	}
	var nobody *runner.State
	for name, tc := range map[string]struct {
		agent   *runner.Agent
		input   runner.Input
		options []runner.Option
	}{
		"no agent":                        {nil, runner.Text("Go."), nil},
		"no input":                        {good, nil, nil},
		"no state":                        {good, nobody, nil},
		"an item that is no object":       {good, runner.Items{json.RawMessage(`"text"`)}, nil},
		"an item that is no JSON":         {good, runner.Items{json.RawMessage(`{"role":`)}, nil},
		"no model":                        {newAgent("A", nil), runner.Text("Go."), nil},
		"a handoff to nobody":             {with(func(a *runner.Agent) { a.Handoffs = []runner.HandoffTarget{&runner.Handoff{}} }), runner.Text("Go."), nil},
		"a handoff to a nil agent":        {with(func(a *runner.Agent) { a.Handoffs = []runner.HandoffTarget{(*runner.Agent)(nil)} }), runner.Text("Go."), nil},
		"a handoff that is nil":           {with(func(a *runner.Agent) { a.Handoffs = []runner.HandoffTarget{nil} }), runner.Text("Go."), nil},
		"a tool that is nil":              {with(func(a *runner.Agent) { a.Tools = []runner.Tool{nil} }), runner.Text("Go."), nil},
		"session and conversation":        {good, runner.Text("Go."), []runner.Option{runner.WithSession(runner.NewMemorySession()), runner.WithConversationID("c")}},
		"two ways to keep a conversation": {good, runner.Text("Go."), []runner.Option{runner.WithPreviousResponseID("r"), runner.WithConversationID("c")}},
	} {
		t.Run(name, func(t *testing.T) {
			result := runner.RunStreamed(t.Context(), tc.agent, tc.input, tc.options...)
			_, err := story(result)
			var wrong *runner.UserError
			require.ErrorAs(t, err, &wrong)
			assert.NotEmpty(t, wrong.Message)
			require.ErrorAs(t, result.Wait(t.Context()), &wrong)
			assert.True(t, result.IsComplete())
			assert.Empty(t, result.NewItems())
			assert.Empty(t, result.Interruptions())
		})
	}
}

func TestTheTurnLimit(t *testing.T) {
	endless := &answering{turn: func(_ *runner.ModelRequest, number int) runnertest.Turn {
		if number > 12 {
			return says("Done.")
		}
		return calls("tool", "c"+string(rune('a'+number)))
	}}
	var ran executions
	agent := newAgent("A", endless, ran.free("tool"))
	failed, result := requireError[*runner.MaxTurnsExceeded](t, agent, runner.Text("Go."))
	assert.Equal(t, "Max turns (10) exceeded", failed.Error())
	assert.Equal(t, 10, endless.asked())
	assert.Equal(t, 10, result.MaxTurns())
	assert.Len(t, outputs(t, result.ToInputList()), 10, "what happened stays")

	endless.requests = nil
	assert.Equal(t, "Done.", runOK(t, newAgent("A", endless, ran.free("tool")), runner.Text("Go."), runner.WithMaxTurns(0)).FinalOutput(), "0 is no limit")
	assert.Equal(t, 13, endless.asked())
}

func TestAPausedRunKeepsItsTurnsAndItsLimit(t *testing.T) {
	for carrier, carry := range carriers {
		t.Run(carrier, func(t *testing.T) {
			var ran executions
			agent := newAgent("A", script(calls("gated", "c1"), calls("gated", "c2")), ran.gated("gated"))
			result := runOK(t, agent, runner.Text("Go."), runner.WithMaxTurns(2))
			for _, id := range []string{"c1", "c2"} {
				state := carry(t, agent, result.State())
				require.NoError(t, state.Approve(waiting(t, state, id)))
				var err error
				result, err = runner.Run(t.Context(), agent, state, runner.WithMaxTurns(9))
				if id == "c2" {
					var exceeded *runner.MaxTurnsExceeded
					require.ErrorAs(t, err, &exceeded)
					assert.Equal(t, 2, exceeded.MaxTurns)
				}
			}
			assert.Equal(t, []string{"c1", "c2"}, ran.ids())
		})
	}
}

func TestAFailedResponseIsTold(t *testing.T) {
	for name, tc := range map[string]struct {
		turn runnertest.Turn
		kind string
	}{
		"failed":                 {runnertest.Fail("server_error", "It broke."), "ModelBehaviorError"},
		"cut off":                {runnertest.Turn{Outputs: []runnertest.Output{runnertest.Message("Well")}, Cut: true}, "ModelBehaviorError"},
		"out of reach":           {runnertest.Break(errBroken), "APIConnectionError"},
		"broken off":             {runnertest.Break(errBroken, runnertest.Message("Well")), "APIConnectionError"},
		"broken off with a name": {runnertest.Break(&runner.APIError{Status: 429, Message: "slow down"}), "RateLimitError"},
		"incomplete":             {runnertest.Turn{Raw: []json.RawMessage{[]byte(`{"type":"response.incomplete","response":{"id":"r","incomplete_details":{"reason":"max_output_tokens"}}}`)}}, "ModelBehaviorError"},
		"without a response":     {runnertest.Turn{Raw: []json.RawMessage{[]byte(`{"type":"response.completed"}`)}}, "ModelBehaviorError"},
		"damaged":                {runnertest.Turn{Raw: []json.RawMessage{[]byte(`{"type":"response.completed","response":[]}`)}}, "ModelBehaviorError"},
	} {
		t.Run(name, func(t *testing.T) {
			result, err := runner.Run(t.Context(), newAgent("A", script(tc.turn)), runner.Text("Go."))
			assert.NotEmpty(t, err.Error())
			var named runner.Error
			require.True(t, errors.As(err, &named), "every error has a name")
			assert.Equal(t, tc.kind, named.Name())
			assert.Nil(t, result.FinalOutput())
		})
	}
}

func TestWhatNobodyKnowsPassesThroughUnharmed(t *testing.T) {
	strange := json.RawMessage(`{"type":"hologram","id":"x_1","depth":12345678901234567890,"text":"a < b \u2028"}`)
	model := script(runnertest.Reply(runnertest.Item(strange), runnertest.ToolCall("tool", "c1", `{}`)), says("Done."))
	var ran executions
	result := runOK(t, newAgent("A", model, ran.free("tool")), runner.Text("Go."))
	assert.Equal(t, string(strange), string(lastInput(model)[1]), "byte for byte")
	assert.Equal(t, string(strange), string(result.NewItems()[0].Raw))

	event := json.RawMessage(`{"type":"response.hologram.delta","delta":"x"}`)
	completed := json.RawMessage(`{"type":"response.completed","response":{"id":"r","output":[]}}`)
	reading := runner.RunStreamed(t.Context(), newAgent("A", script(runnertest.Turn{Raw: []json.RawMessage{event, completed}})), runner.Text("Go."))
	var seen []string
	for event, err := range reading.Events() {
		require.NoError(t, err)
		if event.Type == runner.RawResponseEvent {
			seen = append(seen, string(event.Raw.Data))
		}
	}
	assert.Equal(t, []string{string(event), string(completed)}, seen)
}

// What waits must fit into a document that can be read.
func TestOnlySoMuchMayWaitAsAStateCanHold(t *testing.T) {
	t.Run("calls", func(t *testing.T) {
		var ran executions
		ids := []string{}
		for i := range runner.MaxStateCalls + 1 {
			ids = append(ids, "c"+strconv.Itoa(i))
		}
		agent := newAgent("A", script(calls("gated", ids[1:]...)), ran.gated("gated"))
		assert.Len(t, reload(t, agent, runOK(t, agent, runner.Text("Go.")).State()).Interruptions(), runner.MaxStateCalls)
		agent.Model = script(calls("gated", ids...))
		requireError[*runner.ModelBehaviorError](t, agent, runner.Text("Go."))
	})
	t.Run("runs inside", func(t *testing.T) {
		var ran executions
		nest := func(depth int) *runner.Agent {
			agent := newAgent("A", script(calls("gated", "c")), ran.gated("gated"))
			for i := range depth {
				id := "c" + strconv.Itoa(i)
				model := script(runnertest.Reply(runnertest.ToolCall("ask", id, `{"input":"Go."}`)), says("Done."))
				agent = newAgent("A"+id, model, agent.AsTool(runner.AgentToolOptions{Name: "ask"}))
			}
			return agent
		}
		agent := nest(40)
		assert.Len(t, reload(t, agent, runOK(t, agent, runner.Text("Go.")).State()).Interruptions(), 1)
		result := runOK(t, nest(41), runner.Text("Go."))
		assert.Empty(t, result.Interruptions())
		assert.Equal(t, "Done.", result.FinalOutput(), "the agent above is told that its tool failed")
	})
}
