package runner_test

import (
	"context"
	"encoding/json"
	"fmt"

	"runstream/runner"
	"runstream/runner/functiontool"
	"runstream/runner/runnertest"
)

// The answer comes in pieces, as the model writes it. A scripted model stands in
// for a real one here: package openaimodel has those.
func Example() {
	agent := &runner.Agent{
		Name:         "Joker",
		Instructions: "Be funny.",
		Model:        runnertest.NewScriptedModel(runnertest.Reply(runnertest.Message("Why do gophers dig? For the heap."))),
	}

	result := runner.RunStreamed(context.Background(), agent, runner.Text("Tell me a joke."))
	for event, err := range result.Events() {
		if err != nil {
			fmt.Println(err)
			return
		}
		if event.Raw.Type == "response.output_text.delta" {
			var data struct {
				Delta string `json:"delta"`
			}
			if err := json.Unmarshal(event.Raw.Data, &data); err != nil {
				fmt.Println(err)
				return
			}
			fmt.Printf("[%s]", data.Delta)
		}
	}
	fmt.Println()
	fmt.Println(result.FinalOutput())
	// Output:
	// [Why][ do][ gophers][ dig?][ For][ the][ heap.]
	// Why do gophers dig? For the heap.
}

// A tool is a Go function. What it does shows in the items of the run.
func ExampleFunctionTool() {
	type place struct {
		City string `json:"city" jsonschema:"where to look"`
	}
	weather, err := functiontool.New("weather", "Tells the weather.", func(_ context.Context, in place) (string, error) {
		return "It rains in " + in.City + ".", nil
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	agent := &runner.Agent{
		Name: "Meteorologist",
		Model: runnertest.NewScriptedModel(
			runnertest.Reply(runnertest.ToolCall("weather", "call_1", `{"city":"Oslo"}`)),
			runnertest.Reply(runnertest.Message("Take an umbrella.")),
		),
		Tools: []runner.Tool{weather},
	}

	result := runner.RunStreamed(context.Background(), agent, runner.Text("What shall I wear in Oslo?"))
	for event, err := range result.Events() {
		if err != nil {
			fmt.Println(err)
			return
		}
		switch event.Name {
		case runner.ToolCalled:
			fmt.Println("calls", event.Item.ToolName, event.Item.Arguments())
		case runner.ToolOutput:
			fmt.Println("gets", string(event.Item.Output))
		case runner.MessageOutputCreated:
			fmt.Println("says", event.Item.Text())
		}
	}
	// Output:
	// calls weather {"city":"Oslo"}
	// gets "It rains in Oslo."
	// says Take an umbrella.
}

// A handoff gives the conversation to another agent, which keeps it.
func ExampleHandoff() {
	spanish := &runner.Agent{
		Name:         "Spanish",
		Instructions: "You speak Spanish only.",
		Model:        runnertest.NewScriptedModel(runnertest.Reply(runnertest.Message("¡Hola!"))),
	}
	triage := &runner.Agent{
		Name:         "Triage",
		Instructions: "Find the agent who speaks the user's language.",
		Model:        runnertest.NewScriptedModel(runnertest.Reply(runnertest.ToolCall("transfer_to_spanish", "call_1", "{}"))),
		Handoffs:     []runner.HandoffTarget{spanish}, // or a *Handoff, to change its name or filter its input
	}

	result := runner.RunStreamed(context.Background(), triage, runner.Text("¿Hablas español?"))
	for event, err := range result.Events() {
		if err != nil {
			fmt.Println(err)
			return
		}
		if event.Type == runner.AgentUpdatedStreamEvent {
			fmt.Println(event.Agent.Name, "has the conversation")
		}
	}
	fmt.Println(result.FinalOutput())
	// Output:
	// Triage has the conversation
	// Spanish has the conversation
	// ¡Hola!
}

// A call that needs approval pauses the run. The paused run is a JSON document:
// another process, on another day, decides and goes on with it.
func ExampleParseState() {
	model := runnertest.NewScriptedModel(
		runnertest.Reply(runnertest.ToolCall("delete_file", "call_1", `{"path":"old.log"}`), runnertest.ToolCall("delete_file", "call_2", `{"path":"mail.db"}`)),
		runnertest.Reply(runnertest.Message("I deleted old.log and kept mail.db.")),
	)
	// Every process makes its agents anew: a state refers to them by name.
	janitor := func() *runner.Agent {
		return &runner.Agent{
			Name:  "Janitor",
			Model: model,
			Tools: []runner.Tool{&runner.FunctionTool{
				Name:          "delete_file",
				Description:   "Deletes a file.",
				Parameters:    json.RawMessage(`{"type":"object","properties":{"path":{"type":"string"}},"required":["path"],"additionalProperties":false}`),
				NeedsApproval: runner.Always,
				Invoke: func(_ context.Context, call *runner.ToolCall) (any, error) {
					fmt.Println("deleting", call.Arguments)
					return "deleted", nil
				},
			}},
		}
	}

	paused, err := runner.Run(context.Background(), janitor(), runner.Text("Tidy up."))
	if err != nil {
		fmt.Println(err)
		return
	}
	document, err := json.Marshal(paused.State())
	if err != nil {
		fmt.Println(err)
		return
	}

	// Later, elsewhere:
	agent := janitor()
	state, err := runner.ParseState(document, agent)
	if err != nil {
		fmt.Println(err)
		return
	}
	for _, call := range state.Interruptions() {
		fmt.Println("may", call.Agent.Name, "call", call.ToolName, "with", call.Arguments())
		if call.Arguments() == `{"path":"old.log"}` {
			err = state.Approve(call)
		} else {
			err = state.Reject(call, "The mail stays.")
		}
		if err != nil {
			fmt.Println(err)
			return
		}
	}
	result, err := runner.Run(context.Background(), agent, state)
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(result.FinalOutput())
	// Output:
	// may Janitor call delete_file with {"path":"old.log"}
	// may Janitor call delete_file with {"path":"mail.db"}
	// deleting {"path":"old.log"}
	// I deleted old.log and kept mail.db.
}
