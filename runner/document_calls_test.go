package runner_test

import (
	"context"
	"encoding/json"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"runstream/runner"
	"runstream/runner/runnertest"
)

// readRequest is a hosted server's request for approval.
var readRequest = runnertest.Item(json.RawMessage(`{"type":"mcp_approval_request","id":"m1","server_label":"files","name":"read","arguments":"{}"}`))

// fieldsOf gives a state's document for a test to change.
func fieldsOf(t *testing.T, state *runner.State) (fields map[string]any) {
	t.Helper()
	require.NoError(t, json.Unmarshal(document(t, state), &fields))
	return fields
}

// parsed reads a document that a test has changed.
func parsed(t *testing.T, fields any, agent *runner.Agent) (*runner.State, error) {
	t.Helper()
	text, err := json.Marshal(fields)
	require.NoError(t, err)
	return runner.ParseState(text, agent)
}

func editor(ran *executions) *runner.ApplyPatchTool {
	return &runner.ApplyPatchTool{NeedsApproval: runner.Always, Apply: func(_ context.Context, call *runner.ToolCall, _ runner.PatchOperation) (string, error) {
		ran.note(call)
		return "ran", nil
	}}
}

func TestAnApprovedPatchThatCameAsAFunctionRuns(t *testing.T) {
	for name, call := range map[string]string{
		"function": `{"type":"function_call","call_id":"c1","name":"apply_patch","arguments":"{\"type\":\"delete_file\",\"path\":\"a\"}"}`,
		"custom":   `{"type":"custom_tool_call","call_id":"c1","name":"apply_patch","input":"{\"type\":\"delete_file\",\"path\":\"a\"}"}`,
	} {
		for carrier, carry := range carriers {
			t.Run(name+" "+carrier, func(t *testing.T) {
				var ran executions
				agent := newAgent("A", script(made(call), calls("free", "c2"), says("Done.")), editor(&ran), ran.gated("free"))
				state := carry(t, agent, runOK(t, agent, runner.Text("Go.")).State())
				require.NoError(t, state.Approve(waiting(t, state, "c1")))
				state = runOK(t, agent, carry(t, agent, state)).State()
				assert.Equal(t, []string{"c1"}, ran.ids())
				assert.Equal(t, []string{"c2"}, waitingIDs(state.Interruptions()))
			})
		}
	}
}

func TestAnotherEnvironmentIsAnotherCall(t *testing.T) {
	const a, b = `{"type":"shell_call","call_id":"c1","action":{"commands":["ls"]},"environment":{"type":"local"}}`,
		`{"type":"shell_call","call_id":"c1","action":{"commands":["ls"]},"environment":{"type":"local","skills":[{"name":"x"}]}}`
	var ran executions
	agent := newAgent("A", script(made(a), made(b), says("Done.")), &runner.ShellTool{
		NeedsApproval: runner.Always,
		Run: func(_ context.Context, call *runner.ToolCall, _ runner.ShellAction) (runner.ShellResult, error) {
			ran.note(call)
			return runner.ShellResult{}, nil
		},
	})
	state := runOK(t, agent, runner.Text("Go.")).State()
	require.NoError(t, state.Approve(waiting(t, state, "c1")))
	requireError[*runner.ModelBehaviorError](t, agent, state)
}

func TestACallThatWasDecidedOnBeforeItWasMadeWaitsAlsoInItsDocument(t *testing.T) {
	var ran executions
	agent := newAgent("A", script(calls("tool", "c0"), calls("tool", "c1"), says("Done.")), ran.gated("tool"))
	state := runOK(t, agent, runner.Text("Go.")).State()
	no := "No."
	require.NoError(t, state.Decide(waiting(t, state, "c0"), runner.Decision{Approve: true, Always: true}))
	doc := strings.Replace(string(document(t, state)), `"rejected":[]`, `"rejected":["c1"]`, 1)
	_ = no
	state, err := runner.ParseState([]byte(doc), agent)
	require.NoError(t, err)
	state = runOK(t, agent, state).State()
	assert.Equal(t, []string{"c1"}, waitingIDs(state.Interruptions()))
	state = runOK(t, agent, reload(t, agent, state)).State()
	assert.Equal(t, []string{"c1"}, waitingIDs(state.Interruptions()))
	assert.Equal(t, []string{"c0"}, ran.ids())
}

func TestACallThatWasDecidedOnBeforeItWasMadeRunsOnce(t *testing.T) {
	var ran executions
	tool := ran.free("tool")
	tool.NeedsApproval = func(_ context.Context, call *runner.ToolCall) (bool, error) {
		return call.ID == "c0" || call.ID == "c2", nil
	}
	agent := newAgent("A", script(calls("tool", "c0"), calls("tool", "c1"), calls("tool", "c2"), calls("tool", "c1"), says("Done.")), tool)
	state := runOK(t, agent, runner.Text("Go.")).State()
	require.NoError(t, state.Decide(waiting(t, state, "c0"), runner.Decision{Approve: true}))
	doc := strings.Replace(string(document(t, state)), `"approved":["c0"]`, `"approved":["c0","c1"]`, 1)
	state, err := runner.ParseState([]byte(doc), agent)
	require.NoError(t, err)
	state = runOK(t, agent, state).State()
	state = reload(t, agent, state)
	require.NoError(t, state.Approve(waiting(t, state, "c2")))
	runOK(t, agent, state)
	assert.Equal(t, []string{"c0", "c1", "c2"}, ran.ids())
}

func TestAPendingCallIsNoneOfAnotherNamespace(t *testing.T) {
	var ran executions
	one, two := ran.gated("tool"), ran.gated("tool")
	one.Namespace, two.Namespace = "one", "two"
	call := `{"type":"function_call","call_id":"c1","name":"tool","namespace":"one","arguments":"{}"}`
	agent := newAgent("A", script(made(call), says("Done.")), one, two)
	doc := string(document(t, runOK(t, agent, runner.Text("Go.")).State()))
	doc = strings.ReplaceAll(doc, `"namespace":"one","name":"tool"}`, `"namespace":"two","name":"tool"}`) // the lookup keys
	var parts map[string]any
	require.NoError(t, json.Unmarshal([]byte(doc), &parts))
	delete(parts["context"].(map[string]any)["tool_invocations"].(map[string]any), "c1")
	edited, err := json.Marshal(parts)
	require.NoError(t, err)
	state, err := runner.ParseState(edited, agent)
	require.NoError(t, err)
	_ = state.Approve(waiting(t, state, "c1"))
	requireError[*runner.ModelBehaviorError](t, agent, state)
	assert.Empty(t, ran.ids())
}

func TestAComputerCallOfSeveralActionsIsInNoLedger(t *testing.T) {
}

func TestARequestHasNoOtherPendingCallsID(t *testing.T) {
	var ran executions
	agent := newAgent("A", script(runnertest.Reply(runnertest.ToolCall("gated", "c1", "{}"), readRequest), says("Done.")), ran.gated("gated"),
		&runner.HostedMCPTool{ServerLabel: "files", Config: json.RawMessage(`{"type":"mcp","server_label":"files"}`), OnApproval: func(context.Context, *runner.ToolCall) (*runner.ApprovalAnswer, error) {
			return &runner.ApprovalAnswer{Approve: true}, nil
		}})
	doc := string(document(t, runOK(t, agent, runner.Text("Go.")).State()))
	_, err := runner.ParseState([]byte(doc), agent)
	require.NoError(t, err)
	var fields map[string]any
	require.NoError(t, json.Unmarshal([]byte(doc), &fields))
	delete(fields["context"].(map[string]any)["tool_invocations"].(map[string]any), "m1")
	edited, err := json.Marshal(fields)
	require.NoError(t, err)
	_, err = runner.ParseState([]byte(strings.ReplaceAll(string(edited), `"m1"`, `"c1"`)), agent)
	field, _ := refusedText(t, err)
	assert.Equal(t, "last_processed_response", field)
}

func TestWhatWaitsIsAnApproval(t *testing.T) {
	agent, doc := editedDocument(t)
	var fields map[string]any
	require.NoError(t, json.Unmarshal(doc, &fields))
	fields["current_step"].(map[string]any)["data"].(map[string]any)["interruptions"].([]any)[0].(map[string]any)["type"] = "tool_call_item"
	_, err := parsed(t, fields, agent)
	field, _ := refusedText(t, err)
	assert.Equal(t, "current_step.data.interruptions", field)
}

func TestARequestIsPendingOnce(t *testing.T) {
	var ran executions
	agent := newAgent("A", script(runnertest.Reply(runnertest.ToolCall("gated", "c1", "{}"), readRequest), says("Done.")), ran.gated("gated"),
		&runner.HostedMCPTool{ServerLabel: "files", Config: json.RawMessage(`{"type":"mcp","server_label":"files"}`), OnApproval: func(context.Context, *runner.ToolCall) (*runner.ApprovalAnswer, error) {
			return &runner.ApprovalAnswer{Approve: true}, nil
		}})
	fields := fieldsOf(t, runOK(t, agent, runner.Text("Go.")).State())
	work := fields["last_processed_response"].(map[string]any)
	work["mcp_approval_requests"] = append(work["mcp_approval_requests"].([]any), work["mcp_approval_requests"].([]any)[0])
	_, err := parsed(t, fields, agent)
	field, _ := refusedText(t, err)
	assert.Equal(t, "last_processed_response", field)
}

func TestACallThatWasRejectedBeforeItWasMadeIsAskedFor(t *testing.T) {
	var ran executions
	agent := newAgent("A", script(calls("tool", "c0"), calls("tool", "c1"), says("Done.")), ran.gated("tool"))
	state := runOK(t, agent, runner.Text("Go.")).State()
	require.NoError(t, state.Decide(waiting(t, state, "c0"), runner.Decision{Approve: true, Always: true}))
	fields := fieldsOf(t, state)
	fields["context"].(map[string]any)["function_tool_approvals"].([]any)[0].(map[string]any)["decision"].(map[string]any)["rejected"] = []any{"c1"}
	state, err := parsed(t, fields, agent)
	require.NoError(t, err)
	state = runOK(t, agent, state).State()
	assert.Equal(t, []string{"c1"}, waitingIDs(state.Interruptions()), "not approved by what holds for all")
	assert.Equal(t, []string{"c0"}, ran.ids())
}

func TestARejectionOfAnotherToolComesOnce(t *testing.T) {
	var ran executions
	custom := &runner.CustomTool{Name: "raw", NeedsApproval: runner.Always, Invoke: func(_ context.Context, call *runner.ToolCall) (string, error) {
		ran.note(call)
		return "ran", nil
	}}
	model := script(runnertest.Reply(
		runnertest.Item(json.RawMessage(`{"type":"custom_tool_call","id":"ct_1","call_id":"c1","name":"raw","input":"x"}`))), says("Done."))
	agent := newAgent("A", model, custom)
	state := runOK(t, agent, runner.Text("Go.")).State()
	require.NoError(t, state.Reject(waiting(t, state, "c1"), ""))
	result := runOK(t, agent, state)
	outputs(t, result.ToInputList())
}

func TestWhatAFilterPutsIntoTheHistoryIsShown(t *testing.T) {
	var ran executions
	model := script(runnertest.Reply(runnertest.ToolCall("free", "c1", "{}"), runnertest.ToolCall("transfer_to_b", "h", "{}")), calls("gated", "c2"), says("Done."))
	b := newAgent("B", model, ran.gated("gated"))
	agent := newAgent("A", model, ran.free("free"))
	agent.Handoffs = []runner.HandoffTarget{&runner.Handoff{Agent: b, Filter: func(_ context.Context, data runner.HandoffInput) (runner.HandoffInput, error) {
		for _, item := range data.New {
			data.History = append(data.History[:len(data.History):len(data.History)], item.Raw)
		}
		data.New = nil
		return data, nil
	}}}
	state := runOK(t, agent, runner.Text("Go.")).State()
	doc := string(document(t, state))
	assert.Contains(t, doc, `"executed":true,"completed":true`)
	reload(t, agent, state)
}

func TestAnItemOfAnotherCopyIsItsAgents(t *testing.T) {
	var ran executions
	one := newAgent("One", script(calls("gated", "n1"), says("1")), ran.gated("gated"))
	two := newAgent("Two", script(calls("gated", "n1"), says("2")), ran.gated("gated"))
	agent := newAgent("A", script(runnertest.Reply(runnertest.ToolCall("one", "o1", `{"input":"Go."}`), runnertest.ToolCall("two", "o2", `{"input":"Go."}`)), says("Done.")),
		one.AsTool(runner.AgentToolOptions{Name: "one"}), two.AsTool(runner.AgentToolOptions{Name: "two"}))
	state := runOK(t, agent, runner.Text("Go.")).State()
	copied := reload(t, agent, state)
	for _, item := range state.Interruptions() {
		require.NoError(t, copied.Decide(item, runner.Decision{Approve: item.Agent == two}))
	}
	runOK(t, agent, copied)
	require.Len(t, ran.calls, 1)
	assert.Equal(t, "Two", ran.calls[0].Agent.Name)
}

func TestADecisionOnARequestThatIsBoundToNoneCountsForNothing(t *testing.T) {
	var ran executions
	model := script(runnertest.Reply(runnertest.ToolCall("gated", "c1", "{}"), readRequest), says("Done."))
	agent := newAgent("A", model, ran.gated("gated"),
		&runner.HostedMCPTool{ServerLabel: "files", Config: json.RawMessage(`{"type":"mcp","server_label":"files"}`), OnApproval: func(context.Context, *runner.ToolCall) (*runner.ApprovalAnswer, error) {
			return &runner.ApprovalAnswer{Approve: false}, nil
		}})
	fields := fieldsOf(t, runOK(t, agent, runner.Text("Go.")).State())
	within := fields["context"].(map[string]any)
	delete(within["tool_invocations"].(map[string]any), "m1")
	within["hosted_mcp_approvals"] = []any{map[string]any{
		"identity": map[string]any{"type": "server_tool", "server_label": "files", "tool_name": "read"},
		"decision": map[string]any{"approved": []any{"m1"}, "rejected": []any{}},
	}}
	state, err := parsed(t, fields, agent)
	require.NoError(t, err)
	require.NoError(t, state.Approve(waiting(t, state, "c1")))
	runOK(t, agent, state)
	input := lastInput(model)
	assert.True(t, slices.ContainsFunc(input, func(raw json.RawMessage) bool {
		var item struct {
			Type    string
			Approve *bool
		}
		require.NoError(t, json.Unmarshal(raw, &item))
		return item.Type == "mcp_approval_response" && item.Approve != nil && !*item.Approve
	}), "the tool's callback decides: %s", input)
}

func TestAnMCPCallRunsOnNoServerThatItsDocumentDoesNotName(t *testing.T) {
	for name, change := range map[string]func(work map[string]any){
		"no binding":     func(work map[string]any) { work["mcp_tool_bindings"] = map[string]any{} },
		"another server": func(work map[string]any) { work["mcp_tool_bindings"] = map[string]any{"c1": []any{"other", "read", 0}} },
	} {
		t.Run(name, func(t *testing.T) {
			var ran executions
			tool := ran.gated("read")
			tool.MCP = &runner.MCPBinding{Server: "files", Tool: "read"}
			agent := newAgent("A", script(calls("read", "c1"), says("Done.")), tool)
			fields := fieldsOf(t, runOK(t, agent, runner.Text("Go.")).State())
			change(fields["last_processed_response"].(map[string]any))
			state, err := parsed(t, fields, agent)
			require.NoError(t, err)
			require.NoError(t, state.Approve(waiting(t, state, "c1")))
			requireError[*runner.UserError](t, agent, state)
			assert.Empty(t, ran.ids())
		})
	}
}

func TestAnAnsweredRequestIsCompletedInTheDocument(t *testing.T) {
	var ran executions
	agent := newAgent("A", script(runnertest.Reply(readRequest), calls("gated", "c1"), says("Done.")), ran.gated("gated"),
		&runner.HostedMCPTool{ServerLabel: "files", Config: json.RawMessage(`{"type":"mcp","server_label":"files"}`)})
	state := runOK(t, agent, runner.Text("Go.")).State()
	require.NoError(t, state.Approve(waiting(t, state, "m1")))
	state = runOK(t, agent, state).State()
	assert.Contains(t, string(document(t, state)), `"executed":true,"completed":true`)
	reload(t, agent, state)
}

func TestACompletedCallIsShownAsItWasInEveryPlace(t *testing.T) {
	for _, places := range [][]string{{"session_items", "generated_items"}, {"model_responses", "last_model_response"}} {
		var ran executions
		agent := newAgent("A", script(calls("free", "c1"), calls("gated", "c2"), says("Done.")), ran.free("free"), ran.gated("gated"))
		var fields map[string]json.RawMessage
		require.NoError(t, json.Unmarshal(document(t, runOK(t, agent, runner.Text("Go.")).State()), &fields))
		for _, place := range places {
			fields[place] = replaced(fields[place], `{\"id\":\"c1\"}`, `{\"id\":\"else\"}`)
		}
		_, err := parsed(t, fields, agent)
		field, _ := refusedText(t, err)
		assert.Equal(t, "context.tool_invocations", field)
	}
}

func replaced(text json.RawMessage, old, with string) json.RawMessage {
	return json.RawMessage(strings.ReplaceAll(string(text), old, with))
}

func TestTheDocumentOfAPatchThatCameAsAFunctionIsRead(t *testing.T) {
	for name, call := range map[string]string{
		"function": `{"type":"function_call","call_id":"c1","name":"apply_patch","arguments":"{\"type\":\"delete_file\",\"path\":\"a\"}"}`,
		"custom":   `{"type":"custom_tool_call","call_id":"c1","name":"apply_patch","input":"{\"type\":\"delete_file\",\"path\":\"a\"}"}`,
	} {
		t.Run(name, func(t *testing.T) {
			agent := newAgent("A", script(made(call), says("Done.")), &runner.ApplyPatchTool{Apply: func(context.Context, *runner.ToolCall, runner.PatchOperation) (string, error) {
				return "did it", nil
			}})
			state := runOK(t, agent, runner.Text("Go.")).State()
			_, err := runner.ParseState(document(t, state), agent)
			require.NoError(t, err)
		})
	}
}
