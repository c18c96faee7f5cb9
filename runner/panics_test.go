package runner_test

import (
	"context"
	"encoding/json"
	"runtime"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"runstream/runner"
)

// unwritable is a tool's value whose own code panics.
type unwritable struct{}

func (unwritable) MarshalJSON() ([]byte, error) { panic("oops") }

type unnamed struct{}

func (unnamed) String() string { panic("oops") }

// A tool that has run is not run again, whatever goes wrong after it.
func TestAPanicAfterAToolKeepsItsOutput(t *testing.T) {
	for name, isGated := range map[string]bool{"of a fresh turn": false, "of an approved call": true} {
		for _, where := range []string{"ToolEnd", "CustomData", "checkpoint"} {
			t.Run(where+" "+name, func(t *testing.T) {
				var ran executions
				armed := true
				trip := func(at string) error {
					if at == where && armed && len(ran.ids()) > 0 {
						armed = false
						panic("oops")
					}
					return nil
				}
				tool := ran.free("pay")
				tool.CustomData = func(context.Context, *runner.ToolCall, any) (json.RawMessage, error) { return nil, trip("CustomData") }
				if isGated {
					tool.NeedsApproval = runner.Always
				}
				options := []runner.Option{
					runner.WithHooks(&runner.Hooks{ToolEnd: func(context.Context, *runner.RunContext, *runner.Agent, runner.Tool, *runner.ToolCall, any) error {
						return trip("ToolEnd")
					}}),
					runner.WithToolCheckpoint(func(context.Context, *runner.State) error { return trip("checkpoint") }),
				}
				agent := newAgent("A", script(calls("pay", "c1"), says("Paid.")), tool)
				var input runner.Input = runner.Text("Pay once.")
				if isGated {
					state := runOK(t, agent, input, options...).State()
					require.NoError(t, state.Approve(state.Interruptions()[0]))
					input = state
				}
				_, result := requireError[*runner.PanicError](t, agent, input, options...)
				result = runOK(t, agent, result.State(), options...)
				assert.Equal(t, "Paid.", result.FinalOutput())
				assert.Equal(t, []string{"c1"}, ran.ids())
			})
		}
	}
}

// FailNow of a test ends its goroutine: nothing may hang by it, or pass a gate.
func TestACallbackThatEndsItsGoroutineEndsTheRun(t *testing.T) {
	exits := func() error {
		runtime.Goexit()
		return nil
	}
	guard := func() (runner.GuardrailOutput, error) { return runner.GuardrailOutput{}, exits() }
	for name, change := range map[string]func(*runner.Agent, *runner.FunctionTool){
		"the instructions": func(a *runner.Agent, _ *runner.FunctionTool) {
			a.InstructionsFunc = func(context.Context, *runner.RunContext, *runner.Agent) (string, error) { return "", exits() }
		},
		"a tool": func(_ *runner.Agent, tool *runner.FunctionTool) {
			tool.Invoke = func(context.Context, *runner.ToolCall) (any, error) { return nil, exits() }
			tool.OnError = func(_ context.Context, _ *runner.ToolCall, err error) (string, error) { return "", err }
		},
		"a hook of a tool": func(a *runner.Agent, _ *runner.FunctionTool) {
			a.Hooks = &runner.Hooks{ToolEnd: func(context.Context, *runner.RunContext, *runner.Agent, runner.Tool, *runner.ToolCall, any) error {
				return exits()
			}}
		},
		"an input guardrail": func(a *runner.Agent, _ *runner.FunctionTool) {
			a.InputGuardrails = []runner.InputGuardrail{{Name: "g", Run: func(context.Context, *runner.RunContext, *runner.Agent, []json.RawMessage) (runner.GuardrailOutput, error) {
				return guard()
			}}}
		},
		"an output guardrail": func(a *runner.Agent, _ *runner.FunctionTool) {
			a.OutputGuardrails = []runner.OutputGuardrail{{Name: "g", Run: func(context.Context, *runner.RunContext, *runner.Agent, any) (runner.GuardrailOutput, error) {
				return guard()
			}}}
		},
		"a guardrail of a tool": func(_ *runner.Agent, tool *runner.FunctionTool) {
			tool.InputGuardrails = []runner.ToolGuardrail{{Name: "g", Run: func(context.Context, *runner.ToolCall, any) (runner.ToolGuardrailOutput, error) {
				return runner.ToolGuardrailOutput{}, exits()
			}}}
		},
		"a tool of another kind": func(a *runner.Agent, _ *runner.FunctionTool) {
			custom := &runner.CustomTool{Name: "custom", Invoke: func(context.Context, *runner.ToolCall) (string, error) { return "", exits() }}
			a.Tools = append(a.Tools, custom)
			a.Model = &completing{responses: []string{`{"id":"r","output":[{"type":"custom_tool_call","call_id":"c1","name":"custom","input":""},{"type":"custom_tool_call","call_id":"c2","name":"custom","input":""}]}`}}
		},
	} {
		t.Run(name, func(t *testing.T) {
			var ran executions
			tool := ran.free("tool")
			agent := newAgent("A", script(calls("tool", "c1", "c2"), says("Done.")), tool)
			change(agent, tool)
			ended, result := requireError[*runner.UserError](t, agent, runner.Text("Go."))
			assert.ErrorContains(t, ended, "ended its goroutine")
			assert.Nil(t, result.FinalOutput())
		})
	}
}

func TestAValueThatCannotBeWrittenIsAToolsOutputAllTheSame(t *testing.T) {
	endless := map[string]any{}
	endless["itself"] = []any{endless}
	within := map[string]any{"all": endless, "at": unwritable{}}
	for name, tc := range map[string]struct {
		value any
		says  string
	}{
		"its MarshalJSON panics":    {unwritable{}, ""},
		"its String panics":         {unnamed{}, "{}"},
		"it is JSON that is none":   {json.RawMessage("<html>502</html>"), `"<html>502</html>"`},
		"it holds itself":           {endless, "a value that holds itself"},
		"it holds what is endless":  {within, "a value that holds itself"},
		"it holds itself elsewhere": {struct{ A any }{endless}, "a value that holds itself"},
	} {
		t.Run(name, func(t *testing.T) {
			ran := 0
			tool := &runner.FunctionTool{Name: "tool", Invoke: func(context.Context, *runner.ToolCall) (any, error) {
				ran++
				return tc.value, nil
			}}
			model := script(calls("tool", "c1"), says("Done."))
			result := runOK(t, newAgent("A", model, tool), runner.Text("Go."))
			assert.Equal(t, "Done.", result.FinalOutput())
			assert.Contains(t, string(lastInput(model)[len(lastInput(model))-1]), tc.says)
			assert.Equal(t, 1, ran)
			_, err := result.State().MarshalJSON()
			require.NoError(t, err)
		})
	}
}
