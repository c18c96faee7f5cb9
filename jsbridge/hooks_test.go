package jsbridge

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestAHookThatThrowsIsNamed(t *testing.T) {
	for hook, name := range map[string]string{
		"agentStart": "onAgentStart", "agentEnd": "onAgentEnd", "modelStart": "onModelStart", "modelEnd": "onModelEnd", "toolStart": "onToolStart", "toolEnd": "onToolEnd",
	} {
		t.Run(hook, func(t *testing.T) {
			page, _ := newTestPage(t, callsTheTool...)
			page.functions[1] = func([]json.RawMessage) (any, bool) { return "gone", true }
			page.functions[2] = func([]json.RawMessage) (any, bool) { return &errorData{Name: "RangeError", Message: "no"}, true }
			page.run(1, strings.Replace(toolAgent(`"execute":{"fn":1}`), `"input"`, `"options":{"hooks":{"`+hook+`":{"fn":2}}},"input"`, 1))
			end := page.end(1)
			require.NotNil(t, end.Error)
			assert.Equal(t, name+" of the hooks of the run failed: no", end.Error.Message)
		})
	}
}
