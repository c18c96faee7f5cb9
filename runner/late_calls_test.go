package runner_test

import (
	"context"
	"encoding/json"
	"testing"
	"testing/synctest"

	"github.com/stretchr/testify/assert"

	"runstream/runner"
	"runstream/runner/runnertest"
)

func TestNoToolBeginsOnceTheRunHasEnded(t *testing.T) {
	shell := func(callID string) runnertest.Output {
		return runnertest.Item(json.RawMessage(`{"type":"shell_call","call_id":"` + callID + `","action":{"commands":["ls"]}}`))
	}
	for name, slow := range map[string][]runnertest.Output{
		"functions": {runnertest.ToolCall("function", "c1", `{}`), runnertest.ToolCall("function", "c2", `{}`)},
		"shells":    {shell("c1"), shell("c2")},
	} {
		for cause, first := range map[string][]runnertest.Output{
			"cancelled":     nil,
			"another fails": {runnertest.ToolCall("fails", "c0", `{}`)},
		} {
			t.Run(name+", "+cause, func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					var ran executions
					release := make(chan struct{})
					agent := newAgent("A", script(runnertest.Reply(append(first, slow...)...)), ran.free("function"),
						&runner.FunctionTool{Name: "fails", OnError: runner.FailRun, Invoke: func(context.Context, *runner.ToolCall) (any, error) { return nil, errBroken }},
						&runner.ShellTool{Run: func(_ context.Context, call *runner.ToolCall, _ runner.ShellAction) (runner.ShellResult, error) {
							ran.note(call)
							return runner.ShellResult{}, nil
						}})
					agent.Hooks = &runner.Hooks{ToolStart: func(_ context.Context, _ *runner.RunContext, _ *runner.Agent, _ runner.Tool, call *runner.ToolCall) error {
						if call.ID != "c0" {
							<-release
						}
						return nil
					}}
					result := runner.RunStreamed(t.Context(), agent, runner.Text("Go."))
					synctest.Wait() // for the hooks to wait
					if first == nil {
						result.Cancel(runner.CancelImmediate)
					}
					_ = result.Wait(t.Context())
					close(release)
					synctest.Wait()
					assert.Empty(t, ran.ids())
				})
			})
		}
	}
}
