package runner_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"

	"runstream/runner"
	"runstream/runner/runnertest"
)

// A guardrail that trips ends the run. A blocking one is asked before the model.
func ExampleInputGuardrail() {
	model := runnertest.NewScriptedModel(runnertest.Reply(runnertest.Message("Four.")))
	agent := &runner.Agent{
		Name:  "Tutor",
		Model: model,
		InputGuardrails: []runner.InputGuardrail{{
			Name:     "no homework",
			Blocking: true,
			Run: func(_ context.Context, _ *runner.RunContext, _ *runner.Agent, input []json.RawMessage) (runner.GuardrailOutput, error) {
				asked := strings.Contains(string(input[len(input)-1]), "homework")
				return runner.GuardrailOutput{Tripped: asked, Info: "asked for homework"}, nil
			},
		}},
	}
	_, err := runner.Run(context.Background(), agent, runner.Text("Do my homework."))
	var tripped *runner.InputGuardrailTripwireTriggered
	if errors.As(err, &tripped) {
		fmt.Printf("%s: %v\n", tripped.Result.Guardrail, tripped.Result.Output.Info)
	}
	fmt.Println(len(model.Requests()), "requests")
	// Output:
	// no homework: asked for homework
	// 0 requests
}

// An output guardrail looks at the final output before the run ends with it.
func ExampleOutputGuardrail() {
	agent := &runner.Agent{
		Name:  "Host",
		Model: runnertest.NewScriptedModel(runnertest.Reply(runnertest.Message("The password is swordfish."))),
		OutputGuardrails: []runner.OutputGuardrail{{
			Name: "no secrets",
			Run: func(_ context.Context, _ *runner.RunContext, _ *runner.Agent, output any) (runner.GuardrailOutput, error) {
				return runner.GuardrailOutput{Tripped: strings.Contains(fmt.Sprint(output), "password")}, nil
			},
		}},
	}
	result, err := runner.Run(context.Background(), agent, runner.Text("Tell me a secret."))
	fmt.Println(runner.ErrorName(err))
	fmt.Println(result.FinalOutput())
	// Output:
	// OutputGuardrailTripwireTriggered
	// <nil>
}

// A tool guardrail answers in the tool's place, and the run goes on.
func ExampleToolGuardrail() {
	readFile := &runner.FunctionTool{
		Name: "read_file",
		Invoke: func(context.Context, *runner.ToolCall) (any, error) {
			fmt.Println("the file was read")
			return "…", nil
		},
		InputGuardrails: []runner.ToolGuardrail{{
			Name: "inside the workspace",
			Run: func(_ context.Context, call *runner.ToolCall, _ any) (runner.ToolGuardrailOutput, error) {
				if strings.Contains(call.Arguments, "..") {
					return runner.RejectTool("Only files of the workspace can be read."), nil
				}
				return runner.AllowTool(), nil
			},
		}},
	}
	agent := &runner.Agent{
		Name: "Librarian",
		Model: runnertest.NewScriptedModel(
			runnertest.Reply(runnertest.ToolCall("read_file", "call_1", `{"path":"../key.pem"}`)),
			runnertest.Reply(runnertest.Message("I cannot read that.")),
		),
		Tools: []runner.Tool{readFile},
	}
	result, err := runner.Run(context.Background(), agent, runner.Text("Read ../key.pem"))
	if err != nil {
		fmt.Println(err)
		return
	}
	for _, item := range result.NewItems() {
		if item.Type == runner.ToolCallOutputItem {
			fmt.Println(string(item.Output))
		}
	}
	// Output:
	// "Only files of the workspace can be read."
}
