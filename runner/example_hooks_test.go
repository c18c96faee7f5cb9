package runner_test

import (
	"context"
	"fmt"
	"strings"

	"runstream/runner"
	"runstream/runner/runnertest"
)

func clockAgent() *runner.Agent {
	return &runner.Agent{
		Name: "Clock",
		Model: runnertest.NewScriptedModel(
			runnertest.Reply(runnertest.ToolCall("get_time", "call_1", `{}`)),
			runnertest.Reply(runnertest.Message("It is noon.")),
		),
		Tools: []runner.Tool{&runner.FunctionTool{
			Name:   "get_time",
			Invoke: func(context.Context, *runner.ToolCall) (any, error) { return "12:00", nil },
		}},
	}
}

// Hooks are told what happens, in the run's order; an error of theirs ends it.
func ExampleHooks() {
	hooks := &runner.Hooks{
		ModelEnd: func(_ context.Context, run *runner.RunContext, agent *runner.Agent, _ *runner.ModelResponse) error {
			fmt.Printf("%s answered; %d tokens so far\n", agent.Name, run.Usage().TotalTokens)
			return nil
		},
		ToolEnd: func(_ context.Context, _ *runner.RunContext, _ *runner.Agent, _ runner.Tool, call *runner.ToolCall, output any) error {
			fmt.Printf("%s returned %v\n", call.Name, output)
			return nil
		},
	}
	if _, err := runner.Run(context.Background(), clockAgent(), runner.Text("What time is it?"), runner.WithHooks(hooks)); err != nil {
		fmt.Println(err)
	}
	// Output:
	// Clock answered; 15 tokens so far
	// get_time returned 12:00
	// Clock answered; 30 tokens so far
}

// outline prints the spans of a run that does one thing at a time.
type outline struct{ depth int }

func (o *outline) StartSpan(ctx context.Context, kind runner.SpanKind, name string) (context.Context, func(error)) {
	fmt.Printf("%s%s %s\n", strings.Repeat("  ", o.depth), kind, name)
	o.depth++
	return ctx, func(error) { o.depth-- }
}

// A tracer sees when spans begin and end, and never what they hold.
func ExampleTracer() {
	_, err := runner.Run(context.Background(), clockAgent(), runner.Text("What time is it?"), runner.WithTracer(&outline{}))
	if err != nil {
		fmt.Println(err)
	}
	// Output:
	// run Clock
	//   agent Clock
	//     model Clock
	//     tool get_time
	//   agent Clock
	//     model Clock
}
