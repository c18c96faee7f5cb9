package runner_test

import (
	"bytes"
	"context"
	"encoding/json"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"runstream/runner"
	"runstream/runner/runnertest"
)

// states are runs that stopped in every way, by what is special about them.
func states(t *testing.T) map[string]struct {
	start *runner.Agent
	state *runner.State
} {
	t.Helper()
	type stopped = struct {
		start *runner.Agent
		state *runner.State
	}
	all := map[string]stopped{}
	var ran executions
	keep := func(name string, start *runner.Agent, input runner.Input, options ...runner.Option) *runner.State {
		result, err := runner.Run(t.Context(), start, input, options...)
		if name != "after an error" {
			require.NoError(t, err, name)
		}
		state := result.State()
		all[name] = stopped{start, state}
		return state
	}
	text := "\"quoted\" <b>&amp;</b> \u2028 Zürich ☃ 😀 \x00 \\"

	keep("finished", newAgent("A", script(says("Done."))), runner.Text(text))
	keep("after an error", newAgent("A", script(calls("free", "c1"), runnertest.Break(errBroken)), ran.free("free")), runner.Text("Go."))
	keep("items as input, no turn limit", newAgent("A", script(says(text))),
		runner.Items{json.RawMessage(`{"role":"user","content":[{"type":"input_text","text":"<hi>"}],"n":12345678901234567890.10}`)}, runner.WithMaxTurns(0))

	mixed := newAgent("A", script(runnertest.Reply(
		runnertest.Reasoning("Hm."), runnertest.Message(text), runnertest.ToolCall("free", "c1", `{"a":"<b>"}`),
		runnertest.ToolCall("gated", "c2", `{"big":12345678901234567890,"f":1.0}`), runnertest.ToolCall("gated", "c3", `not JSON`),
		runnertest.ToolCall("transfer_to_b", "h", `{}`),
		runnertest.Item(json.RawMessage(`{"type":"hologram","id":"x_1"}`)),
	)), ran.free("free"), ran.gated("gated"))
	mixed.Handoffs = []runner.HandoffTarget{newAgent("B", mixed.Model)}
	mixed.InputGuardrails = []runner.InputGuardrail{inputVerdict("guard", false)}
	keep("mixed turn", mixed, runner.Text("Go."), runner.WithConversationID("conv_1"))
	decided := all["mixed turn"].state
	decided, err := runner.ParseState(document(t, decided), mixed)
	require.NoError(t, err)
	words := "never <ever>"
	require.NoError(t, decided.Decide(waiting(t, decided, "c2"), runner.Decision{Approve: true, Always: true}))
	require.NoError(t, decided.Decide(waiting(t, decided, "c3"), runner.Decision{Message: &words}))
	require.NoError(t, decided.AddInput(runner.UserMessage("And hurry.")))
	all["decided, with more input"] = stopped{mixed, decided}

	model := script(runnertest.Reply(runnertest.ToolCall("inner", "o1", `{"input":"Go."}`), runnertest.ToolCall("inner", "o2", `{"input":"Go."}`)))
	model.Add(calls("gated", "n1"), calls("gated", "n2"))
	nesting := nested(1, ran.gated("gated"), model)
	inside := keep("inside agent tools", nesting, runner.Text("Go."))
	inside, err = runner.ParseState(document(t, inside), nesting)
	require.NoError(t, err)
	require.NoError(t, inside.Reject(inside.Interruptions()[0], "no"))
	all["decided inside agent tools"] = stopped{nesting, inside}

	native := newAgent("A", script(runnertest.Reply(
		runnertest.Item(json.RawMessage(`{"type":"shell_call","id":"sh_1","call_id":"c1","status":"completed","action":{"commands":["ls"],"timeout_ms":null}}`)),
		runnertest.Item(json.RawMessage(`{"type":"apply_patch_call","id":"ap_1","call_id":"c2","status":"completed","operation":{"type":"delete_file","path":"x"}}`)),
		runnertest.Item(json.RawMessage(`{"type":"custom_tool_call","id":"ct_1","call_id":"c3","name":"raw","input":"x"}`)),
		runnertest.Item(json.RawMessage(`{"type":"mcp_approval_request","id":"mcpr_1","server_label":"files","name":"read","arguments":"{}"}`)),
	)),
		&runner.ShellTool{NeedsApproval: runner.Always, Run: func(context.Context, *runner.ToolCall, runner.ShellAction) (runner.ShellResult, error) {
			return runner.ShellResult{}, nil
		}},
		&runner.ApplyPatchTool{NeedsApproval: runner.Always, Apply: func(context.Context, *runner.ToolCall, runner.PatchOperation) (string, error) { return "", nil }},
		&runner.CustomTool{Name: "raw", NeedsApproval: runner.Always, Invoke: func(context.Context, *runner.ToolCall) (string, error) { return "", nil }},
		&runner.HostedMCPTool{ServerLabel: "files", Config: json.RawMessage(`{"type":"mcp","server_label":"files","server_url":"https://files.example"}`)},
	)
	state := keep("tools of every kind", native, runner.Text("Go."))
	state, err = runner.ParseState(document(t, state), native)
	require.NoError(t, err)
	for i, item := range state.Interruptions() {
		require.NoError(t, state.Decide(item, runner.Decision{Approve: i%2 == 0, Always: i < 2}))
	}
	all["decided tools of every kind"] = stopped{native, state}

	after, _ := longRun(&ran)
	result := runner.RunStreamed(t.Context(), after, runner.Text("Go."))
	result.Cancel(runner.CancelAfterTurn)
	require.NoError(t, result.Wait(t.Context()))
	all["stopped after a turn"] = stopped{after, result.State()}
	return all
}

func TestAStateThatIsReadIsWrittenAsItWas(t *testing.T) {
	for name, stopped := range states(t) {
		t.Run(name, func(t *testing.T) {
			first := document(t, stopped.state)
			second := document(t, reload(t, stopped.start, stopped.state))
			assert.Equal(t, string(first), string(second))
		})
	}
}

func TestAReadStateShowsTheSameRun(t *testing.T) {
	for name, stopped := range states(t) {
		t.Run(name, func(t *testing.T) {
			want, err := stopped.state.Result()
			require.NoError(t, err)
			got, err := reload(t, stopped.start, stopped.state).Result()
			require.NoError(t, err)
			assert.Equal(t, waitingIDs(want.Interruptions()), waitingIDs(got.Interruptions()))
			assert.Equal(t, itemTypes(want.NewItems()), itemTypes(got.NewItems()))
			assert.Equal(t, want.ToInputList(), got.ToInputList())
			assert.Equal(t, want.Usage(), got.Usage())
			assert.Equal(t, want.LastAgent().Name, got.LastAgent().Name)
			assert.Equal(t, want.LastResponseID(), got.LastResponseID())
			assert.Equal(t, []int{want.CurrentTurn(), want.MaxTurns()}, []int{got.CurrentTurn(), got.MaxTurns()})
		})
	}
}

func TestTheCutDocumentIsTheWholeOne(t *testing.T) {
	for name, stopped := range states(t) {
		t.Run(name, func(t *testing.T) {
			shown, err := stopped.state.Result()
			require.NoError(t, err)
			split := shown.Split()
			var joined bytes.Buffer
			slots := split.Slots
			for _, piece := range split.Pieces {
				joined.WriteString(piece.Text)
				for i, element := range piece.Shared {
					joined.WriteString(strings.Repeat(",", min(i, 1)) + string(element))
				}
				if piece.Slot {
					require.True(t, len(slots[0]) > 2 && slots[0][0] == '{', "a slot has fields")
					joined.Write(slots[0][1 : len(slots[0])-1])
					slots = slots[1:]
				}
			}
			assert.Empty(t, slots)
			var got, want bytes.Buffer
			require.NoError(t, json.Compact(&got, joined.Bytes()))
			require.NoError(t, json.Compact(&want, document(t, stopped.state)))
			assert.Equal(t, want.String(), got.String())
		})
	}
}

// secretive is a model that knows a key.
type secretive struct {
	runner.Model
	Key string
}

func TestNoStateHoldsWhatIsNotPartOfTheConversation(t *testing.T) {
	const canary = "CANARY-5f1e"
	var ran executions
	model := &secretive{script(calls("gated", "c1"), says("Done.")), canary}
	agent := newAgent("A", model, ran.gated("gated"))
	agent.Instructions = canary
	agent.Settings = runner.ModelSettings{Metadata: map[string]string{"key": canary}, ExtraBody: map[string]json.RawMessage{"key": json.RawMessage(`"` + canary + `"`)}}
	agent.HandoffDescription = canary
	options := []runner.Option{
		runner.WithContextValue(map[string]string{"key": canary}), runner.WithModelSettings(agent.Settings),
		runner.WithModelInputFilter(func(_ context.Context, _ *runner.RunContext, _ *runner.Agent, input runner.ModelInput) (runner.ModelInput, error) {
			input.Input = append(input.Input, runner.UserMessage(canary))
			return input, nil
		}),
	}
	result := runOK(t, agent, runner.Text("Go."), options...)
	assert.NotContains(t, string(document(t, result.State())), canary)
	state := reload(t, agent, result.State())
	require.NoError(t, state.Approve(waiting(t, state, "c1")))
	assert.NotContains(t, string(document(t, runOK(t, agent, state, options...).State())), canary)
}

// The configuration of an MCP server has what opens it: headers, a token, or an
// address that is one.
func TestAStateNamesAnMCPServerByItsLabelAlone(t *testing.T) {
	const canary = "CANARY-5f1e"
	request := runnertest.Item(json.RawMessage(`{"type":"mcp_approval_request","id":"m1","server_label":"files","name":"remove","arguments":"{}"}`))
	agent := newAgent("A", script(runnertest.Reply(request), says("Done.")), &runner.HostedMCPTool{ServerLabel: "files", Config: json.RawMessage(
		`{"type":"mcp","server_label":"files","server_url":"https://mcp.example/` + canary + `","authorization":"` + canary + `","headers":{"X-Key":"` + canary + `"}}`)})
	paused := document(t, runOK(t, agent, runner.Text("Go.")).State())
	assert.NotContains(t, string(paused), canary)
	state, err := runner.ParseState(paused, agent)
	require.NoError(t, err)
	require.NoError(t, state.Approve(state.Interruptions()[0]))
	assert.Equal(t, "Done.", runOK(t, agent, state).FinalOutput())
}

func TestASpanGetsNamesAndNoContents(t *testing.T) {
	const canary = "CANARY-5f1e"
	traced := &spans{}
	tool := &runner.FunctionTool{Name: "tool", Invoke: func(context.Context, *runner.ToolCall) (any, error) { return canary, nil }}
	agent := newAgent("A", script(runnertest.Reply(runnertest.Message(canary), runnertest.ToolCall("tool", "c1", `{"key":"`+canary+`"}`)), says(canary)), tool)
	agent.Instructions = canary
	runOK(t, agent, runner.Text(canary), runner.WithTracer(traced), runner.WithContextValue(canary))
	assert.NotContains(t, strings.Join(traced.take(), "\n"), canary)
}
