package runner_test

import (
	"context"
	"encoding/json"
	"fmt"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"runstream/runner"
	"runstream/runner/runnertest"
)

// countingTools gives tools a to c that count how often each has run; c waits
// for approval where gated.
func countingTools(gated bool) (tools []runner.Tool, ran map[string]*atomic.Int32) {
	ran = map[string]*atomic.Int32{}
	for _, name := range []string{"a", "b", "c"} {
		count := &atomic.Int32{}
		ran[name] = count
		tool := &runner.FunctionTool{Name: name, Invoke: func(context.Context, *runner.ToolCall) (any, error) {
			return fmt.Sprint("done ", count.Add(1)), nil
		}}
		if gated {
			tool.NeedsApproval = runner.Always
		}
		tools = append(tools, tool)
	}
	return tools, ran
}

func threeCalls() runnertest.Turn {
	return runnertest.Reply(runnertest.ToolCall("a", "c1", "{}"), runnertest.ToolCall("b", "c2", "{}"), runnertest.ToolCall("c", "c3", "{}"))
}

func TestNoCheckpointRunsAFinishedToolAgain(t *testing.T) {
	tools, ran := countingTools(false)
	agent := &runner.Agent{Name: "A", Tools: tools, Model: runnertest.NewScriptedModel(threeCalls(), runnertest.Reply(runnertest.Message("ok")))}
	var documents []json.RawMessage
	save := func(_ context.Context, state *runner.State) error {
		document, err := state.MarshalJSON()
		documents = append(documents, document)
		return err
	}
	_, err := runner.Run(t.Context(), agent, runner.Text("go"), runner.WithToolCheckpoint(save), runner.WithMaxToolConcurrency(1))
	require.NoError(t, err)
	require.Len(t, documents, 3)

	for finished, document := range documents {
		model := runnertest.NewScriptedModel(runnertest.Reply(runnertest.Message("went on")))
		agent.Model = model
		state, err := runner.ParseState(document, agent)
		require.NoError(t, err)
		result, err := runner.Run(t.Context(), agent, state)
		require.NoError(t, err)
		assert.Equal(t, "went on", result.FinalOutput())
		assert.Len(t, model.Requests()[0].Input, 1+2*(finished+1), "each finished call goes to the model with its output")
	}
	for name, count := range ran {
		assert.EqualValues(t, 1, count.Load(), name)
	}
}

func TestACheckpointOfAResumedTurnKeepsWhatHasRun(t *testing.T) {
	tools, ran := countingTools(true)
	agent := &runner.Agent{Name: "A", Tools: tools, Model: runnertest.NewScriptedModel(threeCalls())}
	paused, err := runner.Run(t.Context(), agent, runner.Text("go"))
	require.NoError(t, err)
	state := paused.State()
	first := state.Interruptions()[0]
	require.NoError(t, state.Approve(first))

	var document json.RawMessage
	_, err = runner.Run(t.Context(), agent, state, runner.WithToolCheckpoint(func(_ context.Context, state *runner.State) (err error) {
		document, err = state.MarshalJSON()
		return err
	}))
	require.NoError(t, err)

	restored, err := runner.ParseState(document, agent)
	require.NoError(t, err)
	result, err := runner.Run(t.Context(), agent, restored)
	require.NoError(t, err)
	assert.Len(t, result.Interruptions(), 2, "the others still wait")
	assert.EqualValues(t, 1, ran["a"].Load())
	assert.EqualValues(t, 0, ran["b"].Load()+ran["c"].Load())
}

func TestACheckpointThatFailsEndsTheRun(t *testing.T) {
	tools, _ := countingTools(false)
	agent := &runner.Agent{Name: "A", Tools: tools, Model: runnertest.NewScriptedModel(threeCalls())}
	full := fmt.Errorf("disk full")
	_, err := runner.Run(t.Context(), agent, runner.Text("go"), runner.WithToolCheckpoint(func(context.Context, *runner.State) error { return full }))
	assert.ErrorIs(t, err, full)
}
