package runner_test

import (
	"context"
	"fmt"

	"runstream/runner"
	"runstream/runner/runnertest"
)

// An agent that is a tool answers one call and hands the conversation back; a
// handoff would keep it.
func ExampleAgent_AsTool() {
	translator := &runner.Agent{
		Name:         "Translator",
		Instructions: "Translate to French.",
		Model:        runnertest.NewScriptedModel(runnertest.Reply(runnertest.Message("Bonjour"))),
	}
	agent := &runner.Agent{
		Name: "Host",
		Model: runnertest.NewScriptedModel(
			runnertest.Reply(runnertest.ToolCall("translate", "call_1", `{"input":"Good day"}`)),
			runnertest.Reply(runnertest.Message("In French that is “Bonjour”.")),
		),
		Tools: []runner.Tool{translator.AsTool(runner.AgentToolOptions{
			Name:        "translate",
			Description: "Translates to French.",
			OnStream: func(_ context.Context, event runner.AgentToolEvent) {
				if event.Event.Name == runner.MessageOutputCreated {
					fmt.Printf("%s said %s inside\n", event.Agent.Name, event.Event.Item.Text())
				}
			},
		})},
	}
	result, err := runner.Run(context.Background(), agent, runner.Text("Say good day in French."))
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(result.FinalOutput())
	fmt.Println(result.Usage().Requests, "requests in all")
	// Output:
	// Translator said Bonjour inside
	// In French that is “Bonjour”.
	// 3 requests in all
}
