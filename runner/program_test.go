package runner_test

import (
	"encoding/json"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"runstream/runner"
	"runstream/runner/runnertest"
)

func programTurn() runnertest.Turn {
	return runnertest.Reply(
		runnertest.Item(json.RawMessage(`{"type":"program","id":"prog_1","call_id":"p1","code":"await tool()","fingerprint":"f"}`)),
		runnertest.Item(json.RawMessage(`{"type":"function_call","id":"fc_1","call_id":"c1","name":"tool","arguments":"{}","status":"completed","caller":{"type":"program","caller_id":"p1"}}`)),
	)
}

// A program that the server runs goes on with the outputs of its calls.
func TestAProgramIsSentBackWithTheOutputsOfItsCalls(t *testing.T) {
	for name, needsApproval := range map[string]bool{"at once": false, "after a pause": true} {
		t.Run(name, func(t *testing.T) {
			var ran executions
			tool := ran.free("tool")
			tool.AllowedCallers = []string{"programmatic"}
			if needsApproval {
				tool.NeedsApproval = runner.Always
			}
			model := script(programTurn(), says("Done."))
			agent := newAgent("A", model, tool)
			result := runOK(t, agent, runner.Text("Go."))
			if needsApproval {
				state := reload(t, agent, result.State())
				require.NoError(t, state.Approve(state.Interruptions()[0]))
				runOK(t, agent, state)
			}
			assert.Equal(t, []string{"user", "program p1", "function_call c1", "function_call_output c1"}, itemLines(t, lastInput(model)))
		})
	}
}

func TestAProgramOfASessionIsSentOnlyWithWhatGoesOn(t *testing.T) {
	program := `{"type":"program","id":"prog_1","call_id":"p1","code":"await tool()","fingerprint":"f"}`
	byProgram := `,"caller":{"type":"program","caller_id":"p1"}}`
	for name, tc := range map[string]struct {
		items []string
		sent  []string
	}{
		"its call has no output":  {[]string{program, `{"type":"function_call","call_id":"c1","name":"tool","arguments":"{}"` + byProgram}, []string{"user", "user"}},
		"the server ran its tool": {[]string{program, `{"type":"web_search_call","id":"w1","status":"completed"` + byProgram}, []string{"user", "program p1", "web_search_call", "user"}},
		"it has ended":            {[]string{program, `{"type":"program_output","id":"po_1","call_id":"p1","result":"ok"}`}, []string{"user", "program p1", "program_output p1", "user"}},
	} {
		t.Run(name, func(t *testing.T) {
			session := runner.NewMemorySession(json.RawMessage(`{"role":"user","content":"Before."}`))
			for _, item := range tc.items {
				require.NoError(t, session.AddItems(t.Context(), []json.RawMessage{json.RawMessage(item)}))
			}
			model := script(says("Done."))
			runOK(t, newAgent("A", model), runner.Text("Go."), runner.WithSession(session))
			assert.Equal(t, tc.sent, itemLines(t, lastInput(model)))
		})
	}
}
