package runner_test

import (
	"context"
	"fmt"

	"runstream/runner"
	"runstream/runner/runnertest"
)

// A session carries the conversation from run to run.
func ExampleWithSession() {
	model := runnertest.NewScriptedModel(
		runnertest.Reply(runnertest.Message("Hello, Ada!")),
		runnertest.Reply(runnertest.Message("Your name is Ada.")),
	)
	agent := &runner.Agent{Name: "Host", Model: model}
	session := runner.NewMemorySession() // filesession.Open keeps one in a file

	for _, message := range []runner.Text{"I am Ada.", "What is my name?"} {
		result, err := runner.Run(context.Background(), agent, message, runner.WithSession(session))
		if err != nil {
			fmt.Println(err)
			return
		}
		fmt.Println(result.FinalOutput())
	}

	items, _ := session.Items(context.Background(), 0)
	fmt.Println(len(items), "items are remembered")
	fmt.Println(len(model.Requests()[1].Input), "items were sent with the second question")
	// Output:
	// Hello, Ada!
	// Your name is Ada.
	// 4 items are remembered
	// 3 items were sent with the second question
}
