package runner_test

import (
	"context"
	"encoding/json"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"runstream/runner"
	"runstream/runner/runnertest"
)

// A tool's JSON may look like content and be none: form fields have a type, too.
// What is none reaches the model as it is.
func TestWhatOfAToolsOutputIsContent(t *testing.T) {
	for given, sent := range map[string]string{
		`{"type":"text","text":"hi","name":5}`:                             `[{"type":"input_text","text":"hi"}]`,
		`{"type":"text","text":""}`:                                        `[{"type":"input_text","text":""}]`,
		`[{"type":"text","text":"a"},{"type":"image","file_id":"f"}]`:      `[{"type":"input_text","text":"a"},{"type":"input_image","file_id":"f"}]`,
		`{"type":"image","image_url":"u","detail":"low","text":"caption"}`: `[{"type":"input_image","image_url":"u","detail":"low"}]`,
		`{"type":"image","image_url":"u","detail":null,"filename":"x"}`:    `[{"type":"input_image","image_url":"u"}]`,
		`{"type":"file","file_url":"u","text":"x","detail":"low"}`:         `[{"type":"input_file","file_url":"u"}]`,
		`{"type":"file","file_data":"d","filename":"a.pdf"}`:               `[{"type":"input_file","file_data":"d","filename":"a.pdf"}]`,
		`{"type":"text","name":"email"}`:                                   "",
		`{"type":"text","text":null,"name":"email"}`:                       "",
		`[{"type":"text","text":"a"},{"type":"text","name":"city"}]`:       "",
		`{"type":"image","text":"x"}`:                                      "",
		`{"type":"image","image_url":"u","detail":"original"}`:             `[{"type":"input_image","image_url":"u","detail":"original"}]`,
		`{"type":"image","image_url":"u","detail":"weird"}`:                "",
		`{"type":"image","image_url":{"url":"u"}}`:                         "",
		`{"type":"file","filename":"a.pdf"}`:                               "",
		`{"text":"x"}`:                                                     "",
		`[]`:                                                               "",
	} {
		t.Run(given, func(t *testing.T) {
			tool := &runner.FunctionTool{Name: "tool", Invoke: func(context.Context, *runner.ToolCall) (any, error) { return json.RawMessage(given), nil }}
			model := script(calls("tool", "c1"), says("Done."))
			runOK(t, newAgent("A", model, tool), runner.Text("Go."))
			var output struct{ Output json.RawMessage }
			require.NoError(t, json.Unmarshal(lastInput(model)[2], &output))
			if sent == "" {
				text, _ := json.Marshal(given)
				sent = string(text)
			}
			assert.JSONEq(t, sent, string(output.Output))
		})
	}
}

func TestARefusalInPartsIsWhole(t *testing.T) {
	model := script(runnertest.Reply(runnertest.Item(json.RawMessage(
		`{"type":"message","role":"assistant","content":[{"type":"refusal","refusal":"I will "},{"type":"refusal","refusal":"not."}]}`))))
	refused, _ := requireError[*runner.ModelRefusalError](t, newAgent("A", model), runner.Text("Go."))
	assert.ErrorContains(t, refused, "I will not.")
}
