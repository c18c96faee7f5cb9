package runner_test

import (
	"encoding/json"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"runstream/runner"
)

// What a server has written in ASCII reads as what it says.
func TestASummaryHasNoEscapesOfTheServers(t *testing.T) {
	summary := runner.NestedHistory([]json.RawMessage{json.RawMessage(`{"type":"function_call_output","call_id":"c1","output":"\u5ba2\u670d caf\u00e9"}`)})
	var message struct{ Content string }
	require.NoError(t, json.Unmarshal(summary[0], &message))
	assert.Contains(t, message.Content, `"output":"客服 café"`)
}

// What a server or a session has laid out over lines is one line of the summary.
func TestASummaryTellsAnItemInOneLine(t *testing.T) {
	summary := runner.NestedHistory([]json.RawMessage{json.RawMessage(`{
		"type": "function_call", "call_id": "c1", "name": "find",
		"arguments": "{\"text\": \"a \\\"b\\\" \\\\\"}"
	}`)})
	require.Len(t, summary, 1)
	var message struct{ Content string }
	require.NoError(t, json.Unmarshal(summary[0], &message))
	assert.Contains(t, message.Content, "\n"+`1. {"type":"function_call","call_id":"c1","name":"find","arguments":"{\"text\": \"a \\\"b\\\" \\\\\"}"}`+"\n")
}
