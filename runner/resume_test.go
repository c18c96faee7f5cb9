package runner_test

import (
	"context"
	"encoding/json"
	"fmt"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"runstream/runner"
	"runstream/runner/runnertest"
)

func TestResumingTheSameStateAgainRunsNothingTwice(t *testing.T) {
	var ran executions
	model := script(calls("gated", "c1", "c2"), says("Done."))
	agent := newAgent("A", model, ran.gated("gated"))
	state := runOK(t, agent, runner.Text("Go.")).State()
	require.NoError(t, state.Approve(waiting(t, state, "c1")))

	for range 3 { // c2 stays undecided
		result := runOK(t, agent, state)
		assert.Equal(t, []string{"c2"}, waitingIDs(result.Interruptions()))
		assert.Equal(t, []string{"c1"}, ran.ids())
	}
	require.NoError(t, state.Approve(waiting(t, state, "c2")))
	assert.Equal(t, "Done.", runOK(t, agent, state).FinalOutput())

	for carrier, carry := range carriers {
		model.Add(says("Still done."))
		result := runOK(t, agent, carry(t, agent, state)) // a finished state asks the model again, and runs nothing
		assert.Equal(t, "Still done.", result.FinalOutput(), carrier)
		assert.Equal(t, []string{"c1", "c2"}, ran.ids())
	}
	assert.Equal(t, map[string]string{"c1": "done c1", "c2": "done c2"}, outputs(t, lastInput(model)))
}

// What if: both answers to one question, each on a copy of its own.
func TestTwoCopiesOfAPauseGoOnApart(t *testing.T) {
	var ran executions
	model := script(calls("gated", "c1"), says("Done."), says("Not done."))
	agent := newAgent("A", model, ran.gated("gated"))
	result := runOK(t, agent, runner.Text("Go."))
	yes, no := result.State(), result.State()
	require.NoError(t, yes.Approve(waiting(t, yes, "c1")))
	require.NoError(t, no.Reject(waiting(t, no, "c1"), "no"))
	assert.Equal(t, "Done.", runOK(t, agent, yes).FinalOutput())
	assert.Equal(t, "Not done.", runOK(t, agent, no).FinalOutput())
	assert.Equal(t, map[string]string{"c1": "no"}, outputs(t, lastInput(model)))
	assert.Equal(t, []string{"c1"}, ran.ids())
	assert.Equal(t, []string{"c1"}, waitingIDs(result.Interruptions()), "and the pause is still there")
}

func TestAFailureAfterAnApprovedToolKeepsItsOutput(t *testing.T) {
	for carrier, carry := range carriers {
		t.Run(carrier, func(t *testing.T) {
			var ran executions
			model := script(calls("gated", "c1"), runnertest.Break(errBroken), says("Done."))
			agent := newAgent("A", model, ran.gated("gated"))
			state := runOK(t, agent, runner.Text("Go.")).State()
			require.NoError(t, state.Approve(waiting(t, state, "c1")))
			failed, err := runner.Run(t.Context(), agent, carry(t, agent, state))
			require.ErrorIs(t, err, errBroken)

			result := runOK(t, agent, carry(t, agent, failed.State()))
			assert.Equal(t, "Done.", result.FinalOutput())
			assert.Equal(t, []string{"c1"}, ran.ids())
			assert.Equal(t, map[string]string{"c1": "done c1"}, outputs(t, lastInput(model)))
		})
	}
}

func TestAStateThatIsBeingResumedRefusesEverythingElse(t *testing.T) {
	started, release := make(chan struct{}), make(chan struct{})
	var ran executions
	tool := ran.gated("gated")
	tool.Invoke = func(_ context.Context, call *runner.ToolCall) (any, error) {
		ran.note(call)
		close(started)
		<-release
		return "ok", nil
	}
	agent := newAgent("A", script(calls("gated", "c1"), says("Done.")), tool)
	state := runOK(t, agent, runner.Text("Go.")).State()
	item := waiting(t, state, "c1")
	require.NoError(t, state.Approve(item))
	result := runner.RunStreamed(t.Context(), agent, state)
	<-started

	requireError[*runner.UserError](t, agent, state)
	_, marshal := state.MarshalJSON()
	_, show := state.Result()
	for name, err := range map[string]error{
		"approve": state.Approve(item), "reject": state.Reject(item, ""), "add input": state.AddInput(runner.UserMessage("Hi.")),
		"marshal": marshal, "result": show,
	} {
		var refused *runner.UserError
		assert.ErrorAs(t, err, &refused, name)
	}

	close(release)
	require.NoError(t, result.Wait(t.Context()))
	assert.Equal(t, []string{"c1"}, ran.ids())
	assert.NotEmpty(t, document(t, state), "it is free again")
}

func TestARunThatNeverBeganLeavesTheStateAsItWas(t *testing.T) {
	var ran executions
	agent := newAgent("A", script(calls("gated", "c1"), says("Done.")), ran.gated("gated"))
	state := runOK(t, agent, runner.Text("Go.")).State()
	require.NoError(t, state.Approve(waiting(t, state, "c1")))

	ended, end := context.WithCancelCause(t.Context())
	end(errBroken)
	_, err := runner.Run(ended, agent, state)
	require.ErrorIs(t, err, errBroken)
	assert.Empty(t, ran.ids())

	assert.Equal(t, "Done.", runOK(t, agent, state).FinalOutput())
	assert.Equal(t, []string{"c1"}, ran.ids())
}

func TestACallWhoseOutputWasLostIsNotRunAgain(t *testing.T) {
	started := make(chan struct{})
	var ran executions
	tool := ran.gated("gated")
	tool.Invoke = func(ctx context.Context, call *runner.ToolCall) (any, error) {
		ran.note(call)
		close(started)
		<-ctx.Done()
		return nil, ctx.Err()
	}
	agent := newAgent("A", script(calls("gated", "c1")), tool)
	state := runOK(t, agent, runner.Text("Go.")).State()
	require.NoError(t, state.Approve(waiting(t, state, "c1")))
	result := runner.RunStreamed(t.Context(), agent, state)
	<-started
	result.Cancel(runner.CancelImmediate)
	require.NoError(t, result.Wait(t.Context()))

	for carrier, carry := range carriers {
		refused, _ := requireError[*runner.ModelBehaviorError](t, agent, carry(t, agent, result.State()))
		assert.Contains(t, refused.Error(), "call 1", carrier)
		assert.Equal(t, []string{"c1"}, ran.ids())
	}
}

// nested gives an agent that uses another as a tool, and so on, depth times;
// the innermost has the gated tool. All of the inner agents have one name.
func nested(depth int, tool runner.Tool, model runner.Model) *runner.Agent {
	agent := newAgent("Inner", model, tool)
	for range depth - 1 {
		agent = newAgent("Inner", model, agent.AsTool(runner.AgentToolOptions{Name: "inner"}))
	}
	return newAgent("Outer", model, agent.AsTool(runner.AgentToolOptions{Name: "inner"}))
}

func TestAnApprovalInsideAgentToolsSurfacesAndResumesInside(t *testing.T) {
	for depth := 1; depth <= 3; depth++ {
		for carrier, carry := range carriers {
			for _, approve := range []bool{true, false} {
				t.Run(fmt.Sprintf("depth %d approve %v %s", depth, approve, carrier), func(t *testing.T) {
					var ran executions
					model := script()
					agent := nested(depth, ran.gated("gated"), model)
					for level := range depth {
						model.Add(runnertest.Reply(runnertest.ToolCall("inner", fmt.Sprint("o", level), `{"input":"Go."}`)))
					}
					model.Add(calls("gated", "c1"), calls("gated", "c2"))
					for level := range depth {
						model.Add(says(fmt.Sprint("Inner answer ", level)))
					}
					model.Add(says("Done."))

					result := runOK(t, agent, runner.Text("Go."))
					for _, id := range []string{"c1", "c2"} {
						state := carry(t, agent, result.State())
						item := waiting(t, state, id)
						assert.Equal(t, "Inner", item.Agent.Name)
						state = carry(t, agent, runOK(t, agent, state).State()) // nothing decided
						assert.Zero(t, ran.times(id))
						require.NoError(t, state.Decide(waiting(t, state, id), runner.Decision{Approve: approve}))
						result = runOK(t, agent, carry(t, agent, state))
					}
					assert.Equal(t, "Done.", result.FinalOutput())
					assert.Equal(t, map[string]string{"o0": fmt.Sprint("Inner answer ", depth-1)}, outputs(t, lastInput(model)))
					if approve {
						assert.Equal(t, []string{"c1", "c2"}, ran.ids())
					} else {
						assert.Empty(t, ran.ids())
					}
					assert.Equal(t, len(model.Requests()), result.Usage().Requests, "usage of inner runs counts")
					model.AssertDone(t)
				})
			}
		}
	}
}

func TestAnAlwaysInsideAnAgentToolEndsWithItsCall(t *testing.T) {
	for carrier, carry := range carriers {
		t.Run(carrier, func(t *testing.T) {
			var ran executions
			model := script()
			agent := nested(1, ran.gated("gated"), model)
			model.Add(
				runnertest.Reply(runnertest.ToolCall("inner", "o1", `{"input":"Go."}`)),
				calls("gated", "c1"), calls("gated", "c2"), says("Inner."),
				runnertest.Reply(runnertest.ToolCall("inner", "o2", `{"input":"Again."}`)),
				calls("gated", "c3"),
			)
			state := carry(t, agent, runOK(t, agent, runner.Text("Go.")).State())
			require.NoError(t, state.Decide(waiting(t, state, "c1"), runner.Decision{Approve: true, Always: true}))
			result := runOK(t, agent, carry(t, agent, state))
			assert.Equal(t, []string{"c1", "c2"}, ran.ids(), "it holds within the call")
			assert.Equal(t, []string{"c3"}, waitingIDs(result.Interruptions()), "and not in the next")
		})
	}
}

func TestOuterAndInnerApprovalsAreDecidedApart(t *testing.T) {
	for carrier, carry := range carriers {
		t.Run(carrier, func(t *testing.T) {
			var outer, inner executions
			model := script()
			agent := nested(1, inner.gated("gated"), model)
			agent.Tools = append(agent.Tools, outer.gated("gated"))
			model.Add(
				runnertest.Reply(runnertest.ToolCall("inner", "o1", `{"input":"Go."}`), runnertest.ToolCall("gated", "c1", `{}`)),
				calls("gated", "c1"), // the inner run may use the same id
				says("Inner."), says("Done."),
			)
			result := runOK(t, agent, runner.Text("Go."))
			require.Equal(t, []string{"c1", "c1"}, waitingIDs(result.Interruptions()))

			state := carry(t, agent, result.State())
			for _, item := range state.Interruptions() {
				if item.Agent == agent {
					require.NoError(t, state.Reject(item, "no"))
				}
			}
			result = runOK(t, agent, carry(t, agent, state))
			require.Equal(t, []string{"c1"}, waitingIDs(result.Interruptions()))
			assert.Empty(t, outer.ids())
			assert.Empty(t, inner.ids())

			state = carry(t, agent, result.State())
			require.NoError(t, state.Approve(state.Interruptions()[0]))
			result = runOK(t, agent, carry(t, agent, state))
			assert.Equal(t, "Done.", result.FinalOutput())
			assert.Empty(t, outer.ids())
			assert.Equal(t, []string{"c1"}, inner.ids())
			assert.Equal(t, map[string]string{"o1": "Inner.", "c1": "no"}, outputs(t, lastInput(model)))
		})
	}
}

func TestAnAgentToolIsGatedItself(t *testing.T) {
	var asked atomic.Int32
	model := script(runnertest.Reply(runnertest.ToolCall("inner", "o1", `{"input":"Go."}`)), says("Inner."), says("Done."))
	inner := newAgent("Inner", model)
	agent := newAgent("Outer", model, inner.AsTool(runner.AgentToolOptions{NeedsApproval: func(context.Context, *runner.ToolCall) (bool, error) {
		asked.Add(1)
		return true, nil
	}}))
	result := runOK(t, agent, runner.Text("Go."))
	require.Equal(t, []string{"o1"}, waitingIDs(result.Interruptions()))
	assert.Len(t, model.Requests(), 1)
	state := reload(t, agent, result.State())
	assert.Same(t, agent, state.Interruptions()[0].Agent)
	require.NoError(t, state.Approve(state.Interruptions()[0]))
	assert.Equal(t, "Done.", runOK(t, agent, state).FinalOutput())
	assert.EqualValues(t, 1, asked.Load())
}

func TestInputAddedToAPauseComesAfterTheOutputs(t *testing.T) {
	for carrier, carry := range carriers {
		t.Run(carrier, func(t *testing.T) {
			var ran executions
			model := script(calls("gated", "c1"), says("Done."))
			agent := newAgent("A", model, ran.gated("gated"))
			state := carry(t, agent, runOK(t, agent, runner.Text("Go.")).State())
			require.NoError(t, state.Approve(waiting(t, state, "c1")))
			require.NoError(t, state.AddInput(runner.UserMessage("And hurry.")))
			result := runner.RunStreamed(t.Context(), agent, carry(t, agent, state))
			lines, err := story(result)
			require.NoError(t, err)
			assert.Equal(t, []string{"agent A", "tool_output c1", "raw", "message_output_created"}, lines, "input is not announced")
			input := lastInput(model)
			require.Len(t, input, 4)
			assert.JSONEq(t, `{"role":"user","content":"And hurry."}`, string(input[3]))
			assert.Contains(t, itemTypes(result.NewItems()), runner.InputItem)
		})
	}
}

func TestStagedInputCanBeSeenAndTakenBack(t *testing.T) {
	var ran executions
	model := script(calls("gated", "c1"), says("Done."))
	agent := newAgent("A", model, ran.gated("gated"))
	state := runOK(t, agent, runner.Text("Go.")).State()
	require.NoError(t, state.Approve(waiting(t, state, "c1")))
	require.NoError(t, state.AddInput(runner.UserMessage("And hurry.")))
	staged := state.PendingInput()
	require.Len(t, staged, 1)
	assert.JSONEq(t, `{"role":"user","content":"And hurry."}`, string(staged[0]))
	require.NoError(t, state.ClearPendingInput())
	assert.Empty(t, state.PendingInput())
	runOK(t, agent, state)
	assert.Len(t, lastInput(model), 3, "input, call and output")
}

func itemTypes(items []*runner.RunItem) []runner.ItemType {
	types := []runner.ItemType{}
	for _, item := range items {
		types = append(types, item.Type)
	}
	return types
}

func TestNoInputCanBeAddedWhereNoTurnFollows(t *testing.T) {
	var ran executions
	agent := newAgent("A", script(calls("gated", "c1"), says("Done.")), ran.gated("gated"))
	paused := runOK(t, agent, runner.Text("Go."), runner.WithMaxTurns(1)).State()
	var refused *runner.UserError
	require.ErrorAs(t, paused.AddInput(runner.UserMessage("More.")), &refused)

	agent.Model, agent.ToolUse = script(calls("gated", "c1")), runner.ToolUseBehavior{StopAtTools: []string{"gated"}}
	mayEnd := runOK(t, agent, runner.Text("Go."))
	require.ErrorAs(t, mayEnd.State().AddInput(runner.UserMessage("More.")), &refused)
	for _, slot := range mayEnd.Split().Slots {
		assert.NotContains(t, string(slot), "pending_input", "a page cannot either")
	}

	finished := runOK(t, newAgent("A", script(says("Done."))), runner.Text("Go.")).State()
	assert.ErrorAs(t, finished.AddInput(runner.UserMessage("More.")), &refused)
	assert.ErrorAs(t, finished.AddInput([]byte(`"no object"`)), &refused)
}

// A run that was stopped while the agent that it has as a tool asked its model
// again, after an approved call had run, goes on there.
func TestAStopInTheInnerRunOfAnAgentToolIsGoneOnFrom(t *testing.T) {
	ran := &executions{}
	inner := newAgent("Inner", script(
		calls("gated", "c2"), runnertest.Turn{Outputs: []runnertest.Output{runnertest.Message("Well")}, Hang: true}, says("Inside."),
	), ran.gated("gated"))
	outer := newAgent("Outer", script(
		runnertest.Reply(runnertest.ToolCall("inner", "c1", `{"input":"Go."}`)), says("Done."),
	), inner.AsTool(runner.AgentToolOptions{Name: "inner"}))
	state := runOK(t, outer, runner.Text("Go.")).State()
	require.NoError(t, state.Approve(waiting(t, state, "c2")))

	stopped := runner.RunStreamed(t.Context(), outer, state)
	require.Eventually(t, func() bool { return inner.Model.(*runnertest.ScriptedModel).Remaining() == 1 }, 10*time.Second, time.Millisecond)
	stopped.Cancel(runner.CancelImmediate)
	require.NoError(t, stopped.Wait(t.Context()))

	assert.Empty(t, stopped.State().Interruptions(), "nothing waits any more")
	result := runOK(t, outer, reload(t, outer, stopped.State()))
	assert.Equal(t, map[string]string{"c1": "Inside."}, outputs(t, result.ToInputList()))
	assert.Equal(t, []string{"c2"}, ran.ids())
}

func TestAStateGivesNothingWhileARunHasIt(t *testing.T) {
	running, release := make(chan struct{}), make(chan struct{})
	tool := &runner.FunctionTool{Name: "gated", NeedsApproval: runner.Always, Invoke: func(context.Context, *runner.ToolCall) (any, error) {
		close(running)
		<-release
		return "done", nil
	}}
	agent := newAgent("A", script(calls("gated", "c1"), calls("gated", "c2")), tool)
	serialize := runner.WithContextSerializer(func(any) (json.RawMessage, error) { return json.RawMessage(`{"n":1}`), nil })
	state := runOK(t, agent, runner.Text("Go."), serialize).State()
	item := state.Interruptions()[0]
	require.NoError(t, state.Approve(item))
	require.NoError(t, state.AddInput(json.RawMessage(`{"role":"user","content":"And?"}`)))

	result := runner.RunStreamed(t.Context(), agent, state, serialize)
	<-running
	assert.Empty(t, state.Interruptions())
	assert.Empty(t, state.PendingInput())
	assert.Empty(t, state.ContextValue())
	var failed *runner.UserError
	assert.ErrorAs(t, state.Reject(item, ""), &failed)
	_, err := state.MarshalJSON()
	assert.ErrorAs(t, err, &failed)
	close(release)
	require.NoError(t, result.Wait(t.Context()))
	assert.Equal(t, []string{"c2"}, waitingIDs(state.Interruptions()))
	assert.NotEmpty(t, state.ContextValue())
}

func TestTheModelIsToldOfAnApprovedCallWhoseToolIsGone(t *testing.T) {
	for carrier, carry := range carriers {
		t.Run(carrier, func(t *testing.T) {
			var ran executions
			model := script(calls("gated", "c1", "c2"), says("Done."))
			with, without := newAgent("A", model, ran.gated("gated")), newAgent("A", model)
			state := runOK(t, with, runner.Text("Go.")).State()
			for _, item := range state.Interruptions() {
				require.NoError(t, state.Approve(item))
			}
			if carrier == "in memory" {
				with.Tools = nil
			} else {
				state = carry(t, without, state)
			}
			result := runOK(t, without, state, runner.WithToolNotFoundToModel())
			assert.Equal(t, "Done.", result.FinalOutput())
			assert.Equal(t, map[string]string{"c1": "Tool 'gated' not found.", "c2": "Tool 'gated' not found."}, outputs(t, lastInput(model)))
			assert.Empty(t, ran.ids())
		})
	}
}

func TestStatesOfOneResultDoNotShareWhatIsAddedToThem(t *testing.T) {
	var ran executions
	agent := newAgent("A", script(calls("gated", "c1")), ran.gated("gated"))
	state := runOK(t, agent, runner.Text("Go.")).State()
	for _, text := range []string{"One.", "Two.", "Three."} { // leaves room for a fourth
		require.NoError(t, state.AddInput(runner.UserMessage(text)))
	}
	result, err := state.Result()
	require.NoError(t, err)
	one, other := result.State(), result.State()
	require.NoError(t, one.AddInput(runner.UserMessage("Mine.")))
	require.NoError(t, other.AddInput(runner.UserMessage("Theirs.")))
	assert.Contains(t, string(document(t, one)), "Mine.")
	assert.NotContains(t, string(document(t, one)), "Theirs.")
	assert.NotContains(t, string(document(t, state)), "Mine.")
}

func TestASearchForToolsIsNoUseOfOne(t *testing.T) {
	var ran executions
	item := func(raw string) runnertest.Output { return runnertest.Item(json.RawMessage(raw)) }
	agent := newAgent("A", script(runnertest.Reply(
		item(`{"type":"tool_search_call","id":"s1","call_id":"t1","execution":"server","arguments":{}}`),
		item(`{"type":"tool_search_output","id":"s2","call_id":"t1","execution":"server","tools":[]}`)),
		says("Done.")), ran.free("tool"), runner.ToolSearch())
	var used struct {
		Tools map[string][]string `json:"tool_use_tracker"`
	}
	require.NoError(t, json.Unmarshal(document(t, runOK(t, agent, runner.Text("Go.")).State()), &used))
	assert.Empty(t, used.Tools)
}
