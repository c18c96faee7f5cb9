package runner_test

import (
	"context"
	"fmt"

	"runstream/runner"
	"runstream/runner/runnertest"
)

// A filter decides what the next agent gets to see.
func ExampleHandoffFilter() {
	specialist := runnertest.NewScriptedModel(runnertest.Reply(runnertest.Message("How can I help?")))
	support := &runner.Agent{Name: "Support", Model: specialist}
	agent := &runner.Agent{
		Name: "Triage",
		Model: runnertest.NewScriptedModel(
			runnertest.Reply(runnertest.ToolCall("look_up", "call_1", `{}`)),
			runnertest.Reply(runnertest.ToolCall("transfer_to_support", "call_2", `{}`)),
		),
		Tools: []runner.Tool{&runner.FunctionTool{
			Name:   "look_up",
			Invoke: func(context.Context, *runner.ToolCall) (any, error) { return "internal notes", nil },
		}},
		Handoffs: []runner.HandoffTarget{
			&runner.Handoff{Agent: support, Filter: runner.RemoveAllTools},
		},
	}
	if _, err := runner.Run(context.Background(), agent, runner.Text("My order is late.")); err != nil {
		fmt.Println(err)
		return
	}
	for _, item := range specialist.Requests()[0].Input {
		fmt.Println(string(item))
	}
	// Output: {"content":"My order is late.","role":"user"}
}
