package runner_test

import (
	"context"
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
		"a completed call without its output": {[]string{`"output":"seen"`, `"output":"seen","call_id":"other"`}, "context.tool_invocations", "does not match"},
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
