package runner_test

import (
	"context"
	"iter"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"runstream/runner"
	"runstream/runner/runnertest"
)

// meeting lets nobody through before all have come.
func meeting(n int) (arrive func()) {
	come, all := make(chan struct{}, n), make(chan struct{})
	go func() {
		for range n {
			<-come
		}
		close(all)
	}()
	return func() { come <- struct{}{}; <-all }
}

func TestACallsHookHoldsUpNoOtherCall(t *testing.T) {
	var ran executions
	arrive := meeting(2)
	agent := newAgent("A", script(calls("tool", "c1", "c2"), says("Done.")), ran.free("tool"))
	agent.Hooks = &runner.Hooks{ToolStart: func(context.Context, *runner.RunContext, *runner.Agent, runner.Tool, *runner.ToolCall) error {
		arrive()
		return nil
	}}
	assert.Equal(t, "Done.", runOK(t, agent, runner.Text("Go.")).FinalOutput())
	assert.Equal(t, []string{"c1", "c2"}, ran.ids())
}

func TestARunInsideThatGoesOnHoldsUpNoOtherCall(t *testing.T) {
	arrive := meeting(2)
	gated := &runner.FunctionTool{Name: "gated", NeedsApproval: runner.Always, Invoke: func(context.Context, *runner.ToolCall) (any, error) {
		arrive()
		return "done", nil
	}}
	inside := func(name, callID string) *runner.Agent {
		return newAgent(name, script(calls("gated", callID), says(name+" is done.")), gated)
	}
	both := runnertest.Reply(runnertest.ToolCall("b", "c1", `{"input":"Go."}`), runnertest.ToolCall("c", "c2", `{"input":"Go."}`))
	agent := newAgent("A", script(both, says("Done.")),
		inside("B", "c3").AsTool(runner.AgentToolOptions{Name: "b"}), inside("C", "c4").AsTool(runner.AgentToolOptions{Name: "c"}))
	state := runOK(t, agent, runner.Text("Go.")).State()
	require.Len(t, state.Interruptions(), 2)
	for _, item := range state.Interruptions() {
		require.NoError(t, state.Approve(item))
	}
	assert.Equal(t, "Done.", runOK(t, agent, state).FinalOutput())
}

func TestAgentsAskOneModelInTheOrderOfTheirCalls(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		model := script(says("first"), says("second"))
		both := runnertest.Reply(runnertest.ToolCall("b", "c1", `{"input":"Go."}`), runnertest.ToolCall("c", "c2", `{"input":"Go."}`))
		agent := newAgent("A", script(both, says("Done.")),
			newAgent("B", model).AsTool(runner.AgentToolOptions{Name: "b"}), newAgent("C", model).AsTool(runner.AgentToolOptions{Name: "c"}))
		result := runOK(t, agent, runner.Text("Go."))
		assert.Equal(t, map[string]string{"c1": "first", "c2": "second"}, outputs(t, result.ToInputList()))
	})
}

// patient is a model that takes a second for its answer.
type patient struct{ runner.Model }

func (p patient) Stream(ctx context.Context, request *runner.ModelRequest) iter.Seq2[runner.RawEvent, error] {
	return func(yield func(runner.RawEvent, error) bool) {
		time.Sleep(time.Second)
		p.Model.Stream(ctx, request)(yield)
	}
}

func TestAgentsOfOneTurnDoNotWaitForEachOthersModels(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		both := runnertest.Reply(runnertest.ToolCall("b", "c1", `{"input":"Go."}`), runnertest.ToolCall("c", "c2", `{"input":"Go."}`))
		agent := newAgent("A", script(both, says("Done.")),
			newAgent("B", patient{script(says("first"))}).AsTool(runner.AgentToolOptions{Name: "b"}),
			newAgent("C", patient{script(says("second"))}).AsTool(runner.AgentToolOptions{Name: "c"}))
		start := time.Now()
		runOK(t, agent, runner.Text("Go."))
		assert.Equal(t, time.Second, time.Since(start), "of the test's own clock")
	})
}
