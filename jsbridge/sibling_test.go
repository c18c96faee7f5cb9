package jsbridge

import (
	"encoding/json"
	"testing"
	"testing/synctest"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"runstream/runner/runnertest"
)

// What a tool of the page has done when another call of the turn ends the run is
// done, as in Go: a model that is not told does it again.
func TestWhatAToolOfThePageHasDoneCountsThoughAnotherFailed(t *testing.T) {
	item := func(raw string) runnertest.Output { return runnertest.Item(json.RawMessage(raw)) }
	for name, tc := range map[string]struct {
		call  runnertest.Output
		reply any
		want  string // in the state's document; empty: there is no output
	}{
		"function":                    {runnertest.ToolCall("works", "c1", `{}`), "did it", `"output":"did it"`},
		"custom":                      {item(`{"type":"custom_tool_call","call_id":"c1","name":"custom","input":"x"}`), "did it", `"output":"did it"`},
		"shell":                       {item(`{"type":"shell_call","call_id":"c1","action":{"commands":["ls"]}}`), map[string]string{"text": "did it"}, `"stdout":"did it"`},
		"editor":                      {item(`{"type":"apply_patch_call","call_id":"c1","operation":{"type":"delete_file","path":"a"}}`), "did it", `"output":"did it"`},
		"one whose output is guarded": {runnertest.ToolCall("guarded", "c1", `{}`), "did it", ""}, // and no guardrail has looked at it
		"one that throws":             {runnertest.ToolCall("works", "c1", `{}`), &errorData{Name: "AbortError", Message: "aborted"}, ""},
		"one that hangs":              {runnertest.ToolCall("works", "c1", `{}`), nil, ""},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				page, _ := newTestPage(t, runnertest.Reply(runnertest.ToolCall("fails", "c0", `{}`), tc.call))
				page.functions[1] = func([]json.RawMessage) (any, bool) {
					seen(page, func(m callMessage) bool { return m.Fn == 2 })
					return &errorData{Name: "Error", Message: "broken"}, true
				}
				page.functions[2] = func([]json.RawMessage) (any, bool) {
					call := seen(page, func(m callMessage) bool { return m.Fn == 2 }).Call
					seen(page, func(m endCallMessage) bool { return m.Call == call })
					return tc.reply, tc.reply != nil
				}
				page.run(1, `{"agents":[{"name":"A","tools":[
					{"type":"function","name":"fails","description":"","parameters":{"type":"object"},"execute":{"fn":1},"onError":null},
					{"type":"function","name":"works","description":"","parameters":{"type":"object"},"execute":{"fn":2}},
					{"type":"function","name":"guarded","description":"","parameters":{"type":"object"},"execute":{"fn":2},"outputGuardrails":[{"name":"G","run":{"fn":3}}]},
					{"type":"custom","name":"custom","execute":{"fn":2}},
					{"type":"shell","name":"shell","execute":{"fn":2}},
					{"type":"apply_patch","name":"apply_patch","execute":{"fn":2}}]}],"input":{"text":"Go."},`+testProvider+`}`)
				end := page.end(1)
				require.NotNil(t, end.Error)
				assert.Contains(t, end.Error.Message, "broken")
				document := readSnapshot(t, end.Snapshot).document()
				if tc.want == "" {
					assert.NotContains(t, document, "call_output")
					return
				}
				assert.Contains(t, document, tc.want)
			})
		})
	}
}
