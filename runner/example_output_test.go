package runner_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"

	"runstream/runner"
	"runstream/runner/runnertest"
)

// Validate decodes the answer, so that the final output is of the program's own
// type.
func ExampleOutputSchema() {
	type event struct {
		Title string `json:"title"`
		Year  int    `json:"year"`
	}
	agent := &runner.Agent{
		Name:  "Historian",
		Model: runnertest.NewScriptedModel(runnertest.Reply(runnertest.Message(`{"title":"Moon landing","year":1969}`))),
		Output: &runner.OutputSchema{
			Name: "event",
			Schema: json.RawMessage(`{
				"type": "object",
				"properties": {"title": {"type": "string"}, "year": {"type": "integer"}},
				"required": ["title", "year"],
				"additionalProperties": false
			}`),
			Validate: func(text string) (any, error) {
				var found event
				if err := json.Unmarshal([]byte(text), &found); err != nil {
					return nil, err
				}
				if found.Year < 1900 {
					return nil, errors.New("the year is too early")
				}
				return found, nil
			},
		},
	}
	result, err := runner.Run(context.Background(), agent, runner.Text("What happened in July 1969?"))
	if err != nil {
		fmt.Println(err)
		return
	}
	found := result.FinalOutput().(event)
	fmt.Println(found.Title, found.Year)
	// Output: Moon landing 1969
}
