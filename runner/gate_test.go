package runner_test

import (
	"context"
	"encoding/json"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"runstream/runner"
	"runstream/runner/runnertest"
)

// Every mix of up to three calls in one response, streamed and resumed in memory;
// and of up to two, with and without a handoff beside them, not streamed and by
// documents too.
func TestWhatIsUndecidedNeverRunsAndWhatIsDecidedRunsOnce(t *testing.T) {
	t.Parallel()
	for _, mix := range mixes(3, "free", "approved", "rejected", "pending") {
		for carrier, carry := range carriers {
			streamed := carrier == "in memory"
			if streamed || len(mix) < 3 {
				t.Run(strings.Join(mix, " ")+" "+carrier, func(t *testing.T) { mixedTurn(t, mix, false, streamed, carry) })
			}
			if len(mix) < 3 {
				t.Run(strings.Join(mix, " ")+" handoff "+carrier, func(t *testing.T) { mixedTurn(t, mix, true, streamed, carry) })
			}
		}
	}
}

// mixes gives every list of one to most fates.
func mixes(most int, fates ...string) [][]string {
	if most == 0 {
		return nil
	}
	var lists [][]string
	for _, fate := range fates {
		lists = append(lists, []string{fate})
		for _, rest := range mixes(most-1, fates...) {
			lists = append(lists, append([]string{fate}, rest...))
		}
	}
	return lists
}

func mixedTurn(t *testing.T, mix []string, handoff, streamed bool, carry func(*testing.T, *runner.Agent, *runner.State) *runner.State) {
	var ran executions
	var turn []runnertest.Output
	var gated, undecided []string
	want := map[string]string{}
	for i, fate := range mix {
		id := "c" + string(rune('1'+i))
		tool := "gated"
		switch fate {
		case "free":
			tool, want[id] = "free", "done "+id
		case "approved":
			want[id] = "done " + id
		case "rejected":
			want[id] = "no, " + id
		case "pending":
			want[id] = "done " + id // decided last
			undecided = append(undecided, id)
		}
		if fate != "free" {
			gated = append(gated, id)
		}
		turn = append(turn, runnertest.ToolCall(tool, id, `{"id":"`+id+`"}`))
	}
	model := script()
	other := newAgent("B", model)
	agent := newAgent("A", model, ran.free("free"), ran.gated("gated"))
	if handoff {
		agent.Handoffs = []runner.HandoffTarget{other}
		turn = append(turn, runnertest.ToolCall("transfer_to_b", "h", "{}"))
		want["h"] = `{"assistant": "B"}`
	}
	model.Add(runnertest.Reply(turn...), says("Done."))

	run := func(input runner.Input) *runner.StreamResult {
		if !streamed {
			return runOK(t, agent, input)
		}
		result := runner.RunStreamed(t.Context(), agent, input)
		_, err := story(result)
		require.NoError(t, err)
		return result
	}
	check := func(result *runner.StreamResult, stillWaiting []string) {
		t.Helper()
		assert.Equal(t, append([]string{}, stillWaiting...), waitingIDs(result.Interruptions()))
		if len(stillWaiting) > 0 {
			assert.Nil(t, result.FinalOutput())
			assert.Len(t, model.Requests(), 1, "the model is not asked while a call waits")
		}
	}

	result := run(runner.Text("Go."))
	check(result, gated)
	for i, fate := range mix {
		times := 0
		if fate == "free" {
			times = 1
		}
		assert.Equal(t, times, ran.times("c"+string(rune('1'+i))), "before any decision")
	}
	if len(gated) > 0 {
		check(run(carry(t, agent, result.State())), gated) // resumed with nothing decided

		state := carry(t, agent, result.State())
		for i, fate := range mix {
			id := "c" + string(rune('1'+i))
			switch fate {
			case "approved":
				require.NoError(t, state.Approve(waiting(t, state, id)))
			case "rejected":
				require.NoError(t, state.Reject(waiting(t, state, id), "no, "+id))
			}
		}
		result = run(carry(t, agent, state))
		check(result, undecided)
	}
	if len(undecided) > 0 {
		state := carry(t, agent, result.State())
		for _, id := range undecided {
			assert.Zero(t, ran.times(id))
			require.NoError(t, state.Approve(waiting(t, state, id)))
		}
		result = run(carry(t, agent, state))
		check(result, nil)
	}

	for i, fate := range mix {
		times := 1
		if fate == "rejected" {
			times = 0
		}
		assert.Equal(t, times, ran.times("c"+string(rune('1'+i))))
	}
	assert.Equal(t, want, outputs(t, lastInput(model)))
	assert.Equal(t, want, outputs(t, result.ToInputList()))
	assert.Equal(t, "Done.", result.FinalOutput())
	model.AssertDone(t)
}

func TestToolsAreAskedOnceWhetherACallNeedsApproval(t *testing.T) {
	for carrier, carry := range carriers {
		t.Run(carrier, func(t *testing.T) {
			var ran executions
			var asked atomic.Int32
			tool := ran.free("tool")
			tool.NeedsApproval = func(context.Context, *runner.ToolCall) (bool, error) {
				asked.Add(1)
				return true, nil
			}
			agent := newAgent("A", script(calls("tool", "c1"), says("Done.")), tool)
			state := carry(t, agent, runOK(t, agent, runner.Text("Go.")).State())
			state = carry(t, agent, runOK(t, agent, state).State())
			require.NoError(t, state.Approve(waiting(t, state, "c1")))
			runOK(t, agent, state)
			assert.EqualValues(t, 1, asked.Load())
			assert.Equal(t, []string{"c1"}, ran.ids())
		})
	}
}

func TestAnyDoubtWhetherACallNeedsApprovalMakesItWait(t *testing.T) {
	for name, tc := range map[string]struct {
		arguments string
		needed    func(context.Context, *runner.ToolCall) (bool, error)
	}{
		"the question fails":              {`{}`, func(context.Context, *runner.ToolCall) (bool, error) { return false, errBroken }},
		"the question panics":             {`{}`, func(context.Context, *runner.ToolCall) (bool, error) { panic("broken on purpose") }},
		"the arguments are no JSON":       {`{"path":`, func(context.Context, *runner.ToolCall) (bool, error) { return false, nil }},
		"the arguments are no object":     {`["a"]`, func(context.Context, *runner.ToolCall) (bool, error) { return false, nil }},
		"something follows the arguments": {`{} {}`, func(context.Context, *runner.ToolCall) (bool, error) { return false, nil }},
	} {
		t.Run(name, func(t *testing.T) {
			var ran executions
			tool := ran.free("tool")
			tool.NeedsApproval = tc.needed
			agent := newAgent("A", script(runnertest.Reply(runnertest.ToolCall("tool", "c1", tc.arguments)), says("Done.")), tool)
			result := runOK(t, agent, runner.Text("Go."))
			require.Equal(t, []string{"c1"}, waitingIDs(result.Interruptions()))
			assert.Equal(t, tc.arguments, result.Interruptions()[0].Arguments(), "shown as the model wrote them")
			assert.Empty(t, ran.ids())
		})
	}
}

func TestUnreadableArgumentsNeverRunNotEvenApproved(t *testing.T) {
	var ran executions
	model := script(runnertest.Reply(runnertest.ToolCall("gated", "c1", `{"path":`), runnertest.ToolCall("free", "c2", `nonsense`)), says("Sorry."))
	agent := newAgent("A", model, ran.gated("gated"), ran.free("free"))
	state := runOK(t, agent, runner.Text("Go.")).State()
	require.NoError(t, state.Approve(waiting(t, state, "c1")))
	result := runOK(t, agent, state)
	assert.Empty(t, ran.ids())
	assert.Equal(t, "Sorry.", result.FinalOutput())
	for _, text := range outputs(t, lastInput(model)) {
		assert.Equal(t, "An error occurred while running the tool. Please try again.", text)
	}
}

func TestEmptyArgumentsAreAnEmptyObject(t *testing.T) {
	var given map[string]any
	tool := &runner.FunctionTool{
		Name:          "tool",
		NeedsApproval: func(context.Context, *runner.ToolCall) (bool, error) { return false, nil },
		Invoke: func(_ context.Context, call *runner.ToolCall) (any, error) {
			return "ok", call.Decode(&given)
		},
	}
	runOK(t, newAgent("A", script(runnertest.Reply(runnertest.ToolCall("tool", "c1", "")), says("Done.")), tool), runner.Text("Go."))
	assert.Equal(t, map[string]any{}, given)
}

func TestOtherToolsThanFunctionsHaveTheSameGate(t *testing.T) {
	shell := runnertest.Item([]byte(`{"type":"shell_call","id":"sh_1","call_id":"c1","status":"completed","action":{"commands":["rm -r x"]}}`))
	patch := runnertest.Item([]byte(`{"type":"apply_patch_call","id":"ap_1","call_id":"c1","status":"completed","operation":{"type":"delete_file","path":"x"}}`))
	custom := runnertest.Item([]byte(`{"type":"custom_tool_call","id":"ct_1","call_id":"c1","name":"raw","input":"x"}`))
	for name, tc := range map[string]struct {
		call runnertest.Output
		tool func(ran *executions, reviewer runner.Reviewer) runner.Tool
	}{
		"shell": {shell, func(ran *executions, reviewer runner.Reviewer) runner.Tool {
			return &runner.ShellTool{NeedsApproval: runner.Always, OnApproval: reviewer, Run: func(_ context.Context, call *runner.ToolCall, _ runner.ShellAction) (runner.ShellResult, error) {
				ran.note(call)
				return runner.ShellResult{Text: "ran"}, nil
			}}
		}},
		"apply_patch": {patch, func(ran *executions, reviewer runner.Reviewer) runner.Tool {
			return &runner.ApplyPatchTool{NeedsApproval: runner.Always, OnApproval: reviewer, Apply: func(_ context.Context, call *runner.ToolCall, _ runner.PatchOperation) (string, error) {
				ran.note(call)
				return "ran", nil
			}}
		}},
		"custom": {custom, func(ran *executions, reviewer runner.Reviewer) runner.Tool {
			return &runner.CustomTool{Name: "raw", NeedsApproval: runner.Always, OnApproval: reviewer, Invoke: func(_ context.Context, call *runner.ToolCall) (string, error) {
				ran.note(call)
				return "ran", nil
			}}
		}},
	} {
		for carrier, carry := range carriers {
			t.Run(name+" "+carrier, func(t *testing.T) {
				for _, approve := range []bool{true, false} {
					var ran executions
					model := script(runnertest.Reply(tc.call), says("Done."))
					agent := newAgent("A", model, tc.tool(&ran, nil))
					state := carry(t, agent, runOK(t, agent, runner.Text("Go.")).State())
					assert.Empty(t, ran.ids())
					state = carry(t, agent, runOK(t, agent, state).State()) // nothing decided
					assert.Empty(t, ran.ids())
					require.NoError(t, state.Decide(waiting(t, state, "c1"), runner.Decision{Approve: approve}))
					result := runOK(t, agent, carry(t, agent, state))
					assert.Equal(t, "Done.", result.FinalOutput())
					text := outputs(t, lastInput(model))["c1"]
					if approve {
						assert.Equal(t, []string{"c1"}, ran.ids())
						assert.Contains(t, text, "ran")
					} else {
						assert.Empty(t, ran.ids())
						assert.Contains(t, text, "Tool execution was not approved.")
					}
				}
			})
		}
		t.Run(name+" decided by program", func(t *testing.T) {
			for answer, want := range map[*runner.ApprovalAnswer]int{{Approve: true}: 1, {Reason: "not here"}: 0, nil: 0} {
				var ran executions
				model := script(runnertest.Reply(tc.call), says("Done."))
				agent := newAgent("A", model, tc.tool(&ran, func(context.Context, *runner.ToolCall) (*runner.ApprovalAnswer, error) { return answer, nil }))
				result := runOK(t, agent, runner.Text("Go."))
				assert.Len(t, ran.ids(), want)
				if answer == nil {
					assert.Equal(t, []string{"c1"}, waitingIDs(result.Interruptions()))
					continue
				}
				assert.Equal(t, "Done.", result.FinalOutput())
				assert.Contains(t, outputs(t, lastInput(model))["c1"], answer.Reason)
			}
		})
		t.Run(name+" reviewer breaks", func(t *testing.T) {
			var ran executions
			agent := newAgent("A", script(runnertest.Reply(tc.call)), tc.tool(&ran, func(context.Context, *runner.ToolCall) (*runner.ApprovalAnswer, error) { return nil, errBroken }))
			_, err := runner.Run(t.Context(), agent, runner.Text("Go."))
			assert.ErrorIs(t, err, errBroken)
			assert.Empty(t, ran.ids())
		})
	}
}

// Who decides sees what would run, whatever kind of call it is.
func TestEveryKindOfCallIsShownWithWhatItWouldDo(t *testing.T) {
	for name, tc := range map[string]struct {
		tool      func(seen *[]string) runner.Tool
		call      string
		arguments string
	}{
		"a shell's": {func(seen *[]string) runner.Tool {
			return &runner.ShellTool{NeedsApproval: sees(seen), Run: func(context.Context, *runner.ToolCall, runner.ShellAction) (runner.ShellResult, error) {
				return runner.ShellResult{}, nil
			}}
		}, `{"type":"shell_call","call_id":"c1","action":{"commands":["rm -rf /"]}}`, `{"commands":["rm -rf /"]}`},
		"an editor's": {func(seen *[]string) runner.Tool {
			return &runner.ApplyPatchTool{NeedsApproval: sees(seen)}
		}, `{"type":"apply_patch_call","call_id":"c1","operation":{"type":"delete_file","path":"a"}}`, `{"type":"delete_file","path":"a"}`},
		"an editor's, of two": {func(seen *[]string) runner.Tool {
			return &runner.ApplyPatchTool{NeedsApproval: sees(seen)}
		}, `{"type":"apply_patch_call","call_id":"c1","operations":[{"type":"delete_file","path":"a"}]}`, `[{"type":"delete_file","path":"a"}]`},
		"an editor's, beside others": {func(seen *[]string) runner.Tool {
			return &runner.ApplyPatchTool{NeedsApproval: sees(seen)}
		}, `{"type":"apply_patch_call","call_id":"c1","arguments":"{}","action":{"type":"x"},"operation":{"type":"delete_file","path":"a"}}`, `{"type":"delete_file","path":"a"}`},
		"a function's": {func(seen *[]string) runner.Tool {
			return &runner.FunctionTool{Name: "tool", NeedsApproval: sees(seen), Invoke: func(context.Context, *runner.ToolCall) (any, error) { return nil, nil }}
		}, `{"type":"function_call","call_id":"c1","name":"tool","arguments":"{}","action":{"x":1}}`, `{}`},
	} {
		t.Run(name, func(t *testing.T) {
			var seen []string
			model := script(made(tc.call))
			result := runOK(t, newAgent("A", model, tc.tool(&seen)), runner.Text("Go."))
			waiting := result.Interruptions()
			require.Len(t, waiting, 1)
			assert.Equal(t, tc.arguments, waiting[0].Arguments())
			assert.Equal(t, []string{tc.arguments}, seen)
		})
	}
}

// sees is a gate that notes what it is asked about, and is shut.
func sees(seen *[]string) func(context.Context, *runner.ToolCall) (bool, error) {
	return func(_ context.Context, call *runner.ToolCall) (bool, error) {
		*seen = append(*seen, call.Arguments)
		return true, nil
	}
}

func TestNothingIsDecidedOnWithoutAnItem(t *testing.T) {
	var ran executions
	result := runOK(t, newAgent("A", script(calls("tool", "c1")), ran.gated("tool")), runner.Text("Go."))
	state := result.State()
	var user *runner.UserError
	require.ErrorAs(t, state.Approve(nil), &user)
	require.ErrorAs(t, state.Reject(nil, ""), &user)
}

// A program may leave a hosted server's request to a person, as a tool's call.
func TestAProgramAnswersAHostedServerOrLeavesItToAPerson(t *testing.T) {
	request := runnertest.Item([]byte(`{"type":"mcp_approval_request","id":"m1","server_label":"files","name":"remove","arguments":"{}"}`))
	for name, answer := range map[string]*runner.ApprovalAnswer{"approves": {Approve: true}, "rejects": {Reason: "not here"}, "leaves": nil} {
		t.Run(name, func(t *testing.T) {
			model := script(runnertest.Reply(request), says("Done."))
			asked := 0
			agent := newAgent("A", model, &runner.HostedMCPTool{ServerLabel: "files", Config: json.RawMessage(`{"type":"mcp","server_label":"files"}`),
				OnApproval: func(context.Context, *runner.ToolCall) (*runner.ApprovalAnswer, error) { asked++; return answer, nil }})
			result := runOK(t, agent, runner.Text("Go."))
			want := answer
			if answer == nil {
				require.Len(t, result.Interruptions(), 1)
				state := reload(t, agent, result.State())
				require.NoError(t, state.Reject(state.Interruptions()[0], "a person says no"))
				result = runOK(t, agent, state)
				want = &runner.ApprovalAnswer{Reason: "a person says no"}
			}
			assert.Equal(t, 1, asked)
			assert.Equal(t, "Done.", result.FinalOutput())
			var sent struct {
				Approve bool
				Reason  string
			}
			require.NoError(t, json.Unmarshal(lastInput(model)[2], &sent))
			assert.Equal(t, *want, runner.ApprovalAnswer{Approve: sent.Approve, Reason: sent.Reason})
		})
	}
}
