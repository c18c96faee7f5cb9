package runner_test

import (
	"context"
	"encoding/json"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"runstream/runner"
	"runstream/runner/runnertest"
)

// editedDocument is the document of a run that waits, with edits: what stands
// there, and what in its place.
func editedDocument(t *testing.T, edits ...string) (*runner.Agent, []byte) {
	t.Helper()
	agent := &runner.Agent{Name: "A", Model: runnertest.NewScriptedModel(runnertest.Reply(
		runnertest.ToolCall("look", "c0", "{}"), runnertest.ToolCall("rm", "c1", "{}"))),
		Tools: []runner.Tool{
			&runner.FunctionTool{Name: "rm", NeedsApproval: runner.Always},
			&runner.FunctionTool{Name: "look", Invoke: func(context.Context, *runner.ToolCall) (any, error) { return "seen", nil }},
		},
	}
	result, err := runner.Run(t.Context(), agent, runner.Text("go"))
	require.NoError(t, err)
	document, err := result.State().MarshalJSON()
	require.NoError(t, err)
	for i := 0; i < len(edits); i += 2 {
		require.Contains(t, string(document), edits[i])
	}
	return agent, []byte(strings.NewReplacer(edits...).Replace(string(document)))
}

func TestASandboxTravelsWithoutItsSecrets(t *testing.T) {
	const mount = `{"type":"s3_mount","bucket":"b","region":"r","secret_access_key":"CANARY","access_key_id":"CANARY","endpoint_url":"https://u:CANARY@host/x",` +
		`"mount_strategy":{"type":"docker_volume","driver":"rclone","driver_options":{"pass":"CANARY"}}}`
	const session = `{"manifest":{"entries":{"dir":{"type":"dir","children":{"remote":` + mount + `}}}},"session_id":"1"}`
	agent, document := editedDocument(t, `"trace":null`, `"sandbox":{"session_state":`+session+`,"sessions_by_agent":{"A":{"session_state":`+session+`}}},"trace":null`)
	state, err := runner.ParseState(document, agent)
	require.NoError(t, err)
	written, err := state.MarshalJSON()
	require.NoError(t, err)
	assert.NotContains(t, string(written), "CANARY")
	assert.Contains(t, string(written), `"bucket":"b"`)
	assert.Equal(t, 2, strings.Count(string(written), `"__openai_agents_redacted_mount_authority":true`))

	state, err = runner.ParseState(written, agent)
	require.NoError(t, err)
	again, err := state.MarshalJSON()
	require.NoError(t, err)
	assert.JSONEq(t, string(written), string(again))
}

func TestWhatADocumentCannotBeIsRefused(t *testing.T) {
	for name, tc := range map[string]struct {
		edits          []string
		field, message string
	}{
		"a sandbox that is a text":  {[]string{`"trace":null`, `"sandbox":"CANARY","trace":null`}, "sandbox", "invalid envelope"},
		"a manifest that is a list": {[]string{`"trace":null`, `"sandbox":{"session_state":{"manifest":[]}},"trace":null`}, "sandbox", "invalid manifest"},
		"a program before there were programs": {[]string{`"$schemaVersion":"1.21"`, `"$schemaVersion":"1.12"`,
			`"session_items":[`, `"session_items":[{"type":"tool_call_item","agent":{"name":"A"},"raw_item":{"type":"program","id":"p","call_id":"p1"}},`},
			"$schemaVersion", "Programmatic Tool Calling"},
		"a completed call without its output":           {[]string{`"output":"seen"`, `"output":"seen","call_id":"other"`}, "context.tool_invocations", "does not match"},
		"a completed call that is shown as another one": {[]string{`"call_id":"c0","name":"look","arguments":"{}"`, `"call_id":"c0","name":"look","arguments":"{\"CANARY\":1}"`}, "context.tool_invocations", "does not match"},
		"owned decisions before there were any": {[]string{`"$schemaVersion":"1.21"`, `"$schemaVersion":"1.17"`,
			`"approvals":{}`, `"approvals":{},"function_tool_approvals":[{"agent":{"name":"A"},"tool_key":"rm","decision":{"approved":["c1"],"rejected":[]}}]`},
			"context.function_tool_approvals", "1.18"},
		"an end before there was one": {[]string{`"$schemaVersion":"1.21"`, `"$schemaVersion":"1.16"`, `"trace":null`, `"terminal_unrecoverable":true,"trace":null`}, "terminal_unrecoverable", "marker is invalid"},
	} {
		t.Run(name, func(t *testing.T) {
			agent, document := editedDocument(t, tc.edits...)
			_, err := runner.ParseState(document, agent)
			var refused *runner.StateError
			require.ErrorAs(t, err, &refused)
			assert.Equal(t, tc.field, refused.Field)
			assert.ErrorContains(t, err, tc.message)
			assert.NotContains(t, err.Error(), "CANARY")
		})
	}
}

// What is shown to the one who decides, what the history has and what would run
// are one call, or the run does not go on.
func TestADocumentWithAnAlteredCallIsNotResumed(t *testing.T) {
	for name, tc := range map[string]struct{ part, old, altered string }{
		"the call that is shown, by its arguments":                  {`"current_step":`, `"arguments":"{}"`, `"arguments":"{\"all\":true}"`},
		"the call that is shown, by its name":                       {`"current_step":`, `"name":"rm"`, `"name":"look"`},
		"the call that would run":                                   {`"last_processed_response":`, `"tool_call":{"id":"fc_c1","type":"function_call","status":"completed","call_id":"c1","name":"rm","arguments":"{}"`, `"tool_call":{"type":"function_call","call_id":"c1","name":"rm","arguments":"{\"all\":true}"`},
		"the call that the model made":                              {`"model_responses":`, `"call_id":"c1","name":"rm","arguments":"{}"`, `"call_id":"c1","name":"rm","arguments":"{\"all\":true}"`},
		"the call that the model made, with two lists of arguments": {`"model_responses":`, `"call_id":"c1","name":"rm","arguments":"{}"`, `"call_id":"c1","name":"rm","arguments":"{\"all\":true}","arguments":"{\"all\":true}"`},
		"a call that waits and is not there":                        {`"current_step":`, `"call_id":"c1"`, `"call_id":"c9"`},
	} {
		t.Run(name, func(t *testing.T) {
			agent, document := editedDocument(t)
			ran := false
			agent.Tools[0].(*runner.FunctionTool).Invoke = func(context.Context, *runner.ToolCall) (any, error) {
				ran = true
				return nil, nil
			}
			state, err := runner.ParseState(document, agent)
			require.NoError(t, err)
			require.NoError(t, state.Approve(state.Interruptions()[0]))
			decided, err := state.MarshalJSON()
			require.NoError(t, err)
			before, after, _ := strings.Cut(string(decided), tc.part)
			require.Contains(t, after, tc.old)
			altered := before + tc.part + strings.Replace(after, tc.old, tc.altered, 1)
			state, err = runner.ParseState([]byte(altered), agent)
			if err == nil {
				_, err = runner.Run(t.Context(), agent, state)
			}
			var named runner.Error
			require.ErrorAs(t, err, &named)
			assert.False(t, ran)
		})
	}
}

func TestARunThatMustNotGoOnIsShownAndNotResumed(t *testing.T) {
	agent, document := editedDocument(t, `"trace":null`, `"terminal_unrecoverable":true,"trace":null`)
	state, err := runner.ParseState(document, agent)
	require.NoError(t, err)
	_, err = runner.Run(t.Context(), agent, state)
	var refused *runner.UserError
	require.ErrorAs(t, err, &refused)
	again, err := state.MarshalJSON()
	require.NoError(t, err)
	assert.Contains(t, string(again), `"terminal_unrecoverable":true`)
}

// A decision that is older than its call is on another one.
func TestADecisionOnACallThatWasNotMadeYetCountsForNothing(t *testing.T) {
	for version, list := range map[string]string{
		"1.21": `"approvals":{},"function_tool_approvals":[{"agent":{"name":"A"},"tool_key":"rm","decision":{"approved":["c5"],"rejected":[]}}]`,
		"1.6":  `"approvals":{"rm":{"approved":["c5"],"rejected":[]}}`,
	} {
		agent, document := editedDocument(t, `"approvals":{}`, list, `"$schemaVersion":"1.21"`, `"$schemaVersion":"`+version+`"`)
		agent.Model = runnertest.NewScriptedModel(runnertest.Reply(runnertest.ToolCall("rm", "c5", "{}")))
		state, err := runner.ParseState(document, agent)
		require.NoError(t, err)
		require.NoError(t, state.Reject(state.Interruptions()[0], ""))
		result, err := runner.Run(t.Context(), agent, state)
		require.NoError(t, err)
		assert.Equal(t, []string{"c5"}, waitingIDs(result.Interruptions()), version)
	}
}

// A decision is bound to a call by the record of it, which there is none of here.
func TestADecisionOnACallThatSaysTwoThingsCountsForNothing(t *testing.T) {
	const request = `{"type":"mcp_approval_request","id":"mcpr_1","server_label":"files","name":"read","arguments":"{}"}`
	agent := newAgent("A", script(runnertest.Reply(runnertest.Item(json.RawMessage(request))), says("Done.")),
		&runner.HostedMCPTool{ServerLabel: "files", Config: json.RawMessage(`{"type":"mcp","server_label":"files"}`)})
	state := runOK(t, agent, runner.Text("Go.")).State()
	require.NoError(t, state.Approve(state.Interruptions()[0]))
	var fields map[string]any
	require.NoError(t, json.Unmarshal(document(t, state), &fields))
	fields["context"].(map[string]any)["tool_invocations"] = map[string]any{}
	text, err := json.Marshal(fields)
	require.NoError(t, err)
	twice := strings.ReplaceAll(string(text), `"server_label":"files","type":"mcp_approval_request"`, `"server_label":"files","server_label":"files","type":"mcp_approval_request"`)
	require.NotEqual(t, string(text), twice)
	state, err = runner.ParseState([]byte(twice), agent)
	require.NoError(t, err)
	result, err := runner.Run(t.Context(), agent, state)
	require.NoError(t, err)
	assert.Equal(t, []string{"mcpr_1"}, waitingIDs(result.Interruptions()))
}
