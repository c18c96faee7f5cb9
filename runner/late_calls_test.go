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

// waitingComputer does each action when it is told to stop.
type waitingComputer struct{ wait func(ctx context.Context) }

func (c waitingComputer) Do(ctx context.Context, _ runner.ComputerAction) error {
	c.wait(ctx)
	return nil
}

func (waitingComputer) Screenshot(context.Context) (string, error) { return "png", nil }

// A command that has run and a file that has changed stay so: a model that is not
// told does it again.
func TestWhatAToolHasDoneCountsThoughAnotherFailed(t *testing.T) {
	item := func(raw string) runnertest.Output { return runnertest.Item(json.RawMessage(raw)) }
	for name, tc := range map[string]struct {
		call runnertest.Output
		want string
	}{
		"function":     {runnertest.ToolCall("function", "c1", `{}`), `"output":"did it"`},
		"custom":       {item(`{"type":"custom_tool_call","call_id":"c1","name":"custom","input":"x"}`), `"output":"did it"`},
		"shell":        {item(`{"type":"shell_call","call_id":"c1","action":{"commands":["ls"]}}`), `"stdout":"did it"`},
		"older shell":  {item(`{"type":"local_shell_call","call_id":"c1","action":{"type":"exec","command":["ls"],"env":{}}}`), `"output":"did it"`},
		"editor":       {item(`{"type":"apply_patch_call","call_id":"c1","operation":{"type":"delete_file","path":"a"}}`), `"status":"completed","output":"did it"`},
		"editor, half": {item(`{"type":"apply_patch_call","call_id":"c1","operations":[{"type":"delete_file","path":"a"},{"type":"delete_file","path":"b"}]}`), `"status":"failed","output":"did it\nThe run ended before the other operations."`},
		"editor, told": {item(`{"type":"apply_patch_call","call_id":"c1","operations":[{"type":"delete_file","path":"quick"},{"type":"delete_file","path":"heeds"}]}`), `"status":"failed","output":"did it\nThe run ended in the next operation."`},
		"computer":     {item(`{"type":"computer_call","call_id":"c1","action":{"type":"wait"},"pending_safety_checks":[]}`), `"image_url":"data:image/png;base64,png"`},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				var ran executions
				begun := make(chan struct{})
				wait := func(ctx context.Context) {
					ran.note(&runner.ToolCall{ID: "c1"})
					if ran.times("c1") == 1 {
						close(begun)
						<-ctx.Done()
					}
				}
				agent := newAgent("A", script(runnertest.Reply(runnertest.ToolCall("fails", "c0", `{}`), tc.call)),
					&runner.FunctionTool{Name: "fails", OnError: runner.FailRun, Invoke: func(context.Context, *runner.ToolCall) (any, error) {
						<-begun
						return nil, errBroken
					}},
					&runner.FunctionTool{Name: "function", Invoke: func(ctx context.Context, _ *runner.ToolCall) (any, error) { wait(ctx); return "did it", nil }},
					&runner.CustomTool{Name: "custom", Invoke: func(ctx context.Context, _ *runner.ToolCall) (string, error) { wait(ctx); return "did it", nil }},
					&runner.ShellTool{Run: func(ctx context.Context, _ *runner.ToolCall, _ runner.ShellAction) (runner.ShellResult, error) {
						wait(ctx)
						return runner.ShellResult{Text: "did it"}, nil
					}},
					&runner.LocalShellTool{Run: func(ctx context.Context, _ *runner.ToolCall) (string, error) { wait(ctx); return "did it", nil }},
					&runner.ApplyPatchTool{Apply: func(ctx context.Context, _ *runner.ToolCall, operation runner.PatchOperation) (string, error) {
						if operation.Path == "quick" {
							return "did it", nil
						}
						if wait(ctx); operation.Path == "heeds" {
							return "", ctx.Err()
						}
						return "did it", nil
					}},
					&runner.ComputerTool{Computer: waitingComputer{wait}})
				result := runner.RunStreamed(t.Context(), agent, runner.Text("Go."))
				assert.ErrorIs(t, result.Wait(t.Context()), errBroken)
				assert.Equal(t, 1, ran.times("c1"))
				var given []string
				for _, item := range result.NewItems() {
					if item.Type == runner.ToolCallOutputItem {
						given = append(given, string(item.Raw))
					}
				}
				if assert.Len(t, given, 1) {
					assert.Contains(t, given[0], tc.want)
				}
			})
		})
	}
}

// Nor is one of a hook that heeds its context.
func TestARunFailsWithWhatFailedThoughAHookSaysThatItEnded(t *testing.T) {
	begun := make(chan struct{})
	agent := newAgent("A", script(runnertest.Reply(
		runnertest.Item(json.RawMessage(`{"type":"custom_tool_call","call_id":"c1","name":"custom","input":"x"}`)),
		runnertest.Item(json.RawMessage(`{"type":"local_shell_call","call_id":"c2","action":{"type":"exec","command":["ls"],"env":{}}}`)))),
		&runner.CustomTool{Name: "custom", Invoke: func(ctx context.Context, _ *runner.ToolCall) (string, error) {
			close(begun)
			<-ctx.Done()
			return "did it", nil
		}},
		&runner.LocalShellTool{Run: func(context.Context, *runner.ToolCall) (string, error) { <-begun; return "", errBroken }})
	agent.Hooks = &runner.Hooks{ToolEnd: func(ctx context.Context, _ *runner.RunContext, _ *runner.Agent, _ runner.Tool, _ *runner.ToolCall, _ any) error {
		return ctx.Err()
	}}
	result, err := runner.Run(t.Context(), agent, runner.Text("Go."))
	assert.ErrorIs(t, err, errBroken)
	assert.Contains(t, string(document(t, result.State())), "did it")
}

// An error that a tool gives because its run has ended is no reason of the run's.
func TestARunFailsWithWhatFailedFirst(t *testing.T) {
	item := func(raw string) runnertest.Output { return runnertest.Item(json.RawMessage(raw)) }
	begun := make(chan struct{})
	agent := newAgent("A", script(runnertest.Reply(
		item(`{"type":"computer_call","call_id":"c1","action":{"type":"wait"},"pending_safety_checks":[]}`),
		item(`{"type":"local_shell_call","call_id":"c2","action":{"type":"exec","command":["ls"],"env":{}}}`))),
		&runner.ComputerTool{Computer: failingComputer(func(ctx context.Context) error { close(begun); <-ctx.Done(); return ctx.Err() })},
		&runner.LocalShellTool{Run: func(context.Context, *runner.ToolCall) (string, error) { <-begun; return "", errBroken }})
	_, err := runner.Run(t.Context(), agent, runner.Text("Go."))
	assert.ErrorIs(t, err, errBroken)
}

type failingComputer func(ctx context.Context) error

func (c failingComputer) Do(ctx context.Context, _ runner.ComputerAction) error { return c(ctx) }

func (failingComputer) Screenshot(context.Context) (string, error) { return "", nil }

func TestNothingRunsBesideACallThatSaysNothingToDo(t *testing.T) {
	for name, call := range map[string]string{
		"no commands":          `{"type":"shell_call","call_id":"c1","action":{"commands":[]}}`,
		"no operation":         `{"type":"apply_patch_call","call_id":"c1"}`,
		"an unknown operation": `{"type":"apply_patch_call","call_id":"c1","operation":{"type":"rename","path":"a"}}`,
		"an empty patch":       `{"type":"function_call","call_id":"c1","name":"apply_patch","arguments":"{\"type\":\"update_file\",\"path\":\"a\"}"}`,
	} {
		t.Run(name, func(t *testing.T) {
			var ran executions
			agent := newAgent("A", script(runnertest.Reply(runnertest.ToolCall("free", "c0", `{}`), runnertest.Item(json.RawMessage(call)))), ran.free("free"),
				&runner.ShellTool{NeedsApproval: runner.Always, Run: func(context.Context, *runner.ToolCall, runner.ShellAction) (runner.ShellResult, error) {
					return runner.ShellResult{}, nil
				}},
				&runner.ApplyPatchTool{NeedsApproval: runner.Always, Apply: func(context.Context, *runner.ToolCall, runner.PatchOperation) (string, error) { return "", nil }})
			requireError[*runner.ModelBehaviorError](t, agent, runner.Text("Go."))
			assert.Empty(t, ran.ids())
		})
	}
}
