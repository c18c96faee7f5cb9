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

// nestedRun pauses at a gated tool "outer" and inside an agent tool, whose agent
// calls a gated tool "inner" as often as its turns say.
func nestedRun(t *testing.T, ran *executions, inner runner.Model) (*runner.Agent, *runner.State) {
	t.Helper()
	nested := newAgent("Inner", inner, ran.gated("inner")).AsTool(runner.AgentToolOptions{Name: "nested"})
	agent := newAgent("A", script(
		runnertest.Reply(runnertest.ToolCall("nested", "n", `{"input":"go"}`), runnertest.ToolCall("outer", "o", `{}`)), says("Done."),
	), nested, ran.gated("outer"))
	return agent, runOK(t, agent, runner.Text("Go.")).State()
}

func approveAll(t *testing.T, state *runner.State) *runner.State {
	t.Helper()
	for _, item := range state.Interruptions() {
		require.NoError(t, state.Approve(item))
	}
	return state
}

// runWithCheckpoints goes on with a run and gives its checkpoints, as read
// again; it calls then after each.
func runWithCheckpoints(t *testing.T, agent *runner.Agent, state *runner.State, then func(), options ...runner.Option) []*runner.State {
	t.Helper()
	var documents [][]byte
	runOK(t, agent, state, append(options, runner.WithToolCheckpoint(func(_ context.Context, state *runner.State) error {
		defer then()
		document, err := state.MarshalJSON()
		documents = append(documents, document)
		return err
	}))...)
	var kept []*runner.State
	for _, document := range documents {
		state, err := runner.ParseState(document, agent)
		require.NoError(t, err)
		kept = append(kept, state)
	}
	return kept
}

func TestACheckpointLeavesARunInsideAloneThatGoesOn(t *testing.T) {
	var ran executions
	saved := make(chan struct{})
	agent, state := nestedRun(t, &ran, &answering{turn: func(_ *runner.ModelRequest, number int) runnertest.Turn {
		if number == 1 {
			return calls("inner", "i1")
		}
		<-saved
		return says("Inside.")
	}})
	checkpoints := 0
	kept := runWithCheckpoints(t, agent, approveAll(t, state), func() {
		if checkpoints++; checkpoints == 2 {
			close(saved)
		}
	})
	require.Len(t, kept, 3)
	failed, _ := requireError[*runner.ModelBehaviorError](t, agent, kept[0])
	assert.ErrorContains(t, failed, "was begun, but its output was not kept")
	agent.Model = script(says("Done."))
	told := outputs(t, runOK(t, agent, kept[1]).ToInputList())
	assert.Equal(t, "done o", told["o"])
	assert.Contains(t, told["n"], "whether that took effect is not known", "what ran inside is not run a second time")
	agent.Model = script(says("Done."))
	assert.Len(t, outputs(t, runOK(t, agent, kept[2]).ToInputList()), 2)
	assert.Equal(t, []string{"i1", "o"}, ran.ids())
}

func TestACheckpointAfterARunInsideHasItsOutputAndNotItsState(t *testing.T) {
	var ran executions
	agent, state := nestedRun(t, &ran, script(calls("inner", "i1"), says("Inside.")))
	require.NoError(t, state.Approve(waiting(t, state, "i1")))
	kept := runWithCheckpoints(t, agent, state, func() {})
	require.Len(t, kept, 2)
	assert.Equal(t, []string{"o"}, waitingIDs(kept[1].Interruptions()))
	result := runOK(t, agent, approveAll(t, kept[1]))
	assert.Equal(t, map[string]string{"n": "Inside.", "o": "done o"}, outputs(t, result.ToInputList()))
	assert.Equal(t, []string{"i1", "o"}, ran.ids())
}

func TestACheckpointKeepsWhatARunInsideWaitsForAgain(t *testing.T) {
	var ran executions
	agent, state := nestedRun(t, &ran, script(calls("inner", "i1"), calls("inner", "i2"), says("Inside.")))
	kept := runWithCheckpoints(t, agent, approveAll(t, state), func() {}, runner.WithMaxToolConcurrency(1))
	require.Len(t, kept, 3)
	assert.Equal(t, []string{"i2"}, waitingIDs(kept[2].Interruptions()), "o has run")
	result := runOK(t, agent, approveAll(t, kept[2]))
	assert.Equal(t, map[string]string{"n": "Inside.", "o": "done o"}, outputs(t, result.ToInputList()))
	assert.Equal(t, []string{"i1", "i2", "o"}, ran.ids())
}

// The call was approved, has begun and waits inside for the first time.
func TestACheckpointKeepsWhatARunInsideWaitsForFirst(t *testing.T) {
	var ran executions
	inner := newAgent("Inner", script(calls("inner", "i1"), says("Inside.")), ran.gated("inner"))
	agent := newAgent("Outer", script(runnertest.Reply(runnertest.ToolCall("ask", "n", `{"input":"Go."}`), runnertest.ToolCall("other", "o", `{}`)), says("Done.")),
		inner.AsTool(runner.AgentToolOptions{Name: "ask", NeedsApproval: runner.Always}), ran.gated("other"))
	state := runOK(t, agent, runner.Text("Go.")).State()
	kept := runWithCheckpoints(t, agent, approveAll(t, state), func() {}, runner.WithMaxToolConcurrency(1))
	last := kept[len(kept)-1]
	assert.Equal(t, []string{"i1"}, waitingIDs(last.Interruptions()))
	result := runOK(t, agent, approveAll(t, last))
	assert.Equal(t, map[string]string{"n": "Inside.", "o": "done o"}, outputs(t, result.ToInputList()))
	assert.Equal(t, []string{"i1", "o"}, ran.ids())
}

func TestACrashWhileAnApprovedToolRunsLetsItRunOnce(t *testing.T) {
	var ran executions
	agent := newAgent("A", script(calls("free", "f"), calls("gated", "c1", "c2"), says("Done.")), ran.free("free"), ran.gated("gated"))
	state := runOK(t, agent, runner.Text("Go.")).State()
	require.NoError(t, state.Approve(waiting(t, state, "c1")))
	var kept []*runner.State
	var begun [][]string
	result := runOK(t, agent, state, runner.WithResumeCheckpoint(func(_ context.Context, state *runner.State) error {
		kept, begun = append(kept, reload(t, agent, state)), append(begun, ran.ids())
		return nil
	}))
	require.Equal(t, [][]string{{"f"}, {"c1", "f"}}, begun, "before it and after it, and in no fresh turn")
	failed, _ := requireError[*runner.ModelBehaviorError](t, agent, kept[0])
	assert.ErrorContains(t, failed, "was begun, but its output was not kept")
	for _, state := range []*runner.State{kept[1], result.State()} {
		assert.Equal(t, []string{"c2"}, waitingIDs(state.Interruptions()))
	}
	all, alone := kept[1], newAgent("A", script(calls("gated", "c1"), says("Done.")), ran.gated("gated"))
	state = approveAll(t, runOK(t, alone, runner.Text("Go.")).State())
	runOK(t, alone, state, runner.WithResumeCheckpoint(func(_ context.Context, state *runner.State) error {
		all = reload(t, alone, state)
		return nil
	}))
	alone.Model = script(says("Done."))
	assert.Empty(t, all.Interruptions())
	assert.Equal(t, "Done.", runOK(t, alone, all).FinalOutput())

	require.NoError(t, kept[1].Reject(waiting(t, kept[1], "c2"), "no"))
	assert.Equal(t, map[string]string{"f": "done f", "c1": "done c1", "c2": "no"}, outputs(t, runOK(t, agent, kept[1]).ToInputList()))
	assert.Equal(t, []string{"c1", "c1", "f"}, ran.ids(), "once in each run")
}

func TestARunInsideThatDiesRunsNoApprovedCallAgain(t *testing.T) {
	var ran executions
	agent, state := nestedRun(t, &ran, script(calls("inner", "i1"), says("Inside.")))
	require.NoError(t, state.Approve(waiting(t, state, "i1")))
	kept := runWithCheckpoints(t, agent, state, func() {})
	agent.Model = script(says("Done."))
	again := runOK(t, agent, kept[0])
	assert.Equal(t, []string{"i1"}, ran.ids())
	require.Equal(t, []string{"o"}, waitingIDs(again.Interruptions()))
	told := outputs(t, runOK(t, agent, approveAll(t, again.State())).ToInputList())
	assert.Contains(t, told["n"], "whether that took effect is not known")
	assert.Equal(t, []string{"i1", "o"}, ran.ids())
}
