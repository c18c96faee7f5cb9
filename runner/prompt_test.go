package runner_test

import (
	"context"
	"encoding/json"
	"errors"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"runstream/runner"
)

func TestAPromptIsMadeForEveryModelCall(t *testing.T) {
	var ran executions
	model := script(calls("tool", "c1"), says("Done."))
	agent := newAgent("A", model, ran.free("tool"))
	versions := []string{`{"id":"p","version":"1"}`, `{"id":"p","version":"2"}`}
	agent.PromptFunc = func(context.Context, *runner.RunContext, *runner.Agent) (json.RawMessage, error) {
		return json.RawMessage(versions[len(model.Requests())]), nil
	}
	runOK(t, agent, runner.Text("Go."))
	for i, request := range model.Requests() {
		assert.JSONEq(t, versions[i], string(request.Prompt))
	}

	failure := errors.New("no prompt today")
	agent.PromptFunc = func(context.Context, *runner.RunContext, *runner.Agent) (json.RawMessage, error) { return nil, failure }
	_, err := runner.Run(t.Context(), agent, runner.Text("Go."))
	require.ErrorIs(t, err, failure)
}
