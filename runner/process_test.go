package runner_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"os/exec"
	"regexp"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"runstream/runner"
	"runstream/runner/runnertest"
)

// A run that is stopped wherever it can be, after every turn, at gates alone and
// side by side, inside an agent tool and after a handoff, and that goes on in a
// new process each time, equals the run that is never stopped.
func TestARunGoesOnInNewProcesses(t *testing.T) {
	const resultFile = "RUNSTREAM_TEST_RESULT"
	if path := os.Getenv(resultFile); path != "" {
		document, err := io.ReadAll(os.Stdin)
		require.NoError(t, err)
		written, err := json.Marshal(goOnForOneTurn(t, document))
		require.NoError(t, err)
		require.NoError(t, os.WriteFile(path, written, 0o600))
		return
	}
	t.Parallel()
	whole := runner.RunStreamed(t.Context(), longAgents(false, 0, 0), runner.Text("Go."))
	expected := linesOf(t, whole)
	var got []string
	var step oneTurn
	processes := 0
	for ; step.Output != "Done."; processes++ {
		require.Less(t, processes, 30, "it comes to an end")
		path := t.TempDir() + "/result.json"
		child := exec.CommandContext(t.Context(), os.Args[0], "-test.run=^"+t.Name()+"$")
		child.Env = append(os.Environ(), resultFile+"="+path)
		child.Stdin = bytes.NewReader(step.Document)
		said, err := child.CombinedOutput()
		require.NoError(t, err, string(said))
		written, err := os.ReadFile(path)
		require.NoError(t, err)
		step = oneTurn{}
		require.NoError(t, json.Unmarshal(written, &step))
		got = append(got, step.Lines[min(processes, 1):]...) // every run begins with its agent
	}
	assert.Equal(t, inCallOrder(expected), inCallOrder(got))
	state, err := runner.ParseState(step.Document, longAgents(true, 0, 0))
	require.NoError(t, err)
	result, err := state.Result()
	require.NoError(t, err)
	assert.Equal(t, unnumbered(fmt.Sprint(inCallOrder(texts(whole.ToInputList())))), unnumbered(fmt.Sprint(inCallOrder(texts(result.ToInputList())))))
	assert.Equal(t, whole.Usage(), result.Usage())
	assert.Equal(t, 13, processes, "eight turns, and five pauses at gates")
}

// oneTurn is what one process reports.
type oneTurn struct {
	Lines    []string
	Output   any
	Document json.RawMessage
}

func goOnForOneTurn(t *testing.T, document []byte) oneTurn {
	t.Helper()
	agent, input := longAgents(true, 0, 0), runner.Input(runner.Text("Go."))
	if len(document) > 0 {
		state, err := runner.ParseState(document, agent)
		require.NoError(t, err)
		before, err := state.Result()
		require.NoError(t, err)
		answeredInside := 0
		if bytes.Contains(document, []byte(`"i1"`)) {
			answeredInside = 1
		}
		agent = longAgents(true, before.CurrentTurn(), answeredInside)
		state, err = runner.ParseState(document, agent)
		require.NoError(t, err)
		for _, item := range state.Interruptions() {
			require.NoError(t, state.Approve(item))
		}
		input = state
	}
	result := runner.RunStreamed(t.Context(), agent, input, runner.WithCheckpoint(func(_ context.Context, result *runner.StreamResult) error {
		result.Cancel(runner.CancelAfterTurn)
		return nil
	}))
	lines := linesOf(t, result)
	written, err := result.State().MarshalJSON()
	require.NoError(t, err)
	return oneTurn{Lines: lines, Output: result.FinalOutput(), Document: written}
}

func TestASnapshotStaysAsItWas(t *testing.T) {
	agent := longAgents(false, 0, 0)
	var taken []*runner.StreamResult
	var then [][]byte
	whole := runOK(t, agent, runner.Text("Go."), runner.WithCheckpoint(func(_ context.Context, result *runner.StreamResult) error {
		assert.False(t, result.Snapshot().IsComplete())
		taken = append(taken, result.Snapshot())
		then = append(then, document(t, result.State()))
		return nil
	}))
	require.Len(t, taken, 7)
	for i, snapshot := range taken {
		assert.JSONEq(t, string(then[i]), string(document(t, snapshot.State())))
		assert.Equal(t, i+1, snapshot.CurrentTurn())
		assert.Nil(t, snapshot.FinalOutput())
		snapshot.Cancel(runner.CancelImmediate)
		require.NoError(t, snapshot.Wait(t.Context()))
		assert.Empty(t, linesOf(t, snapshot))
	}
	assert.Equal(t, "Done.", whole.Snapshot().FinalOutput())
	assert.True(t, whole.Snapshot().IsComplete())
}

func linesOf(t *testing.T, result *runner.StreamResult) []string {
	t.Helper()
	var lines []string
	for event, err := range result.Events() {
		require.NoError(t, err)
		lines = append(lines, unnumbered(wholeLine(event)))
	}
	return lines
}

// unnumbered leaves out the numbers that a scripted model gives its turns: in
// each process it starts anew.
func unnumbered(line string) string {
	return regexp.MustCompile(`"(resp|msg)_\d+`).ReplaceAllString(line, `"$1`)
}

// longAgents makes the agents of the run, whose models have answered so many turns.
func longAgents(gate bool, answered, answeredInside int) *runner.Agent {
	turns := []runnertest.Turn{
		calls("free", "c1"), calls("gated", "c2"), calls("gated", "c3", "c4"),
		runnertest.Reply(runnertest.Message("Both."), runnertest.ToolCall("free", "c5", "{}"), runnertest.ToolCall("gated", "c6", "{}")),
		runnertest.Reply(runnertest.ToolCall("inner", "c7", `{"input":"Look inside."}`)),
		calls("transfer_to_other", "c8"), calls("gated", "c9"), says("Done."),
	}
	turnsInside := []runnertest.Turn{calls("gated", "i1"), says("Seen.")}
	tool := func(name string) *runner.FunctionTool {
		made := &runner.FunctionTool{Name: name, Invoke: func(_ context.Context, call *runner.ToolCall) (any, error) { return "did " + call.ID, nil }}
		if name == "gated" && gate {
			made.NeedsApproval = runner.Always
		}
		return made
	}
	model := script(turns[answered:]...)
	inside := newAgent("Inside", script(turnsInside[answeredInside:]...), tool("gated"))
	start := newAgent("Start", model, tool("free"), tool("gated"), inside.AsTool(runner.AgentToolOptions{Name: "inner"}))
	start.Handoffs = append(start.Handoffs, newAgent("Other", model, tool("gated")))
	return start
}

// What is no item cannot be kept, sent back or written: the response is broken.
func TestAnOutputItemThatIsNoObject(t *testing.T) {
	completed := json.RawMessage(`{"type":"response.completed","response":{"id":"r","output":[]}}`)
	for name, raw := range map[string][]json.RawMessage{
		"announced without one": {json.RawMessage(`{"type":"response.output_item.done"}`), completed},
		"null":                  {json.RawMessage(`{"type":"response.completed","response":{"id":"r","output":[null]}}`)},
		"a number":              {json.RawMessage(`{"type":"response.completed","response":{"id":"r","output":[3]}}`)},
	} {
		t.Run(name, func(t *testing.T) {
			requireError[*runner.ModelBehaviorError](t, newAgent("A", script(runnertest.Turn{Raw: raw})), runner.Text("Go."))
		})
	}
}

func TestNoToolRunsOfATurnThatHasCalledADisabledOne(t *testing.T) {
	for name, gated := range map[string]bool{"free": false, "gated": true} {
		t.Run(name, func(t *testing.T) {
			var ran executions
			enabled := true
			tool := ran.free("tool")
			if gated {
				tool = ran.gated("tool")
			}
			tool.IsEnabled = func(context.Context, *runner.RunContext, *runner.Agent) bool { return enabled }
			agent := newAgent("A", script(runnertest.Reply(runnertest.ToolCall("other", "c1", `{}`), runnertest.ToolCall("tool", "c2", `{}`))), tool, ran.free("other"))
			agent.Hooks = &runner.Hooks{ModelEnd: func(context.Context, *runner.RunContext, *runner.Agent, *runner.ModelResponse) error {
				enabled = false
				return nil
			}}
			failed, _ := requireError[*runner.ModelBehaviorError](t, agent, runner.Text("Go."))
			assert.EqualError(t, failed, "Tool tool is currently disabled for agent A.")
			assert.Empty(t, ran.ids())
		})
	}
}

// The server makes tool searches itself, with no ids to tell their results by. One
// whose result is not there is refused, and so is the reasoning that led to it.
func TestASearchOfTheServersIsSentAgainWithItsResultOnly(t *testing.T) {
	search := func(id string) runnertest.Output {
		return runnertest.Item(json.RawMessage(`{"type":"tool_search_call","id":"` + id + `","call_id":null,"execution":"server","arguments":{}}`))
	}
	found := runnertest.Item(json.RawMessage(`{"type":"tool_search_output","id":"out","call_id":null,"execution":"server","tools":[]}`))
	lookup := json.RawMessage(`{"type":"tool_search"}`)
	for name, tc := range map[string]struct {
		first []runnertest.Output
		sent  []string
	}{
		"with its result":     {[]runnertest.Output{search("s1"), found}, []string{"user", "tool_search_call", "tool_search_output", "function_call c1", "function_call_output c1"}},
		"without":             {[]runnertest.Output{runnertest.Reasoning("Hm."), search("s1")}, []string{"user", "function_call c1", "function_call_output c1"}},
		"the last of the two": {[]runnertest.Output{search("s1"), search("s2"), found}, []string{"user", "tool_search_call", "tool_search_output", "function_call c1", "function_call_output c1"}},
	} {
		t.Run(name, func(t *testing.T) {
			var ran executions
			model := script(runnertest.Reply(append(tc.first, runnertest.ToolCall("tool", "c1", `{}`))...), says("Done."))
			runOK(t, newAgent("A", model, ran.free("tool"), &runner.HostedTool{Config: lookup}), runner.Text("Go."))
			assert.Equal(t, tc.sent, itemLines(t, lastInput(model)))
		})
	}
}
