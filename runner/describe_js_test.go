package runner

import (
	"encoding/json"
	"testing"

	"github.com/stretchr/testify/assert"
)

// In a browser no reflection writes what tools return.
func TestWhatToolsMayReturnInABrowser(t *testing.T) {
	for want, value := range map[string]any{
		`"a"`:                               "a",
		`null`:                              nil,
		`{"a":1}`:                           json.RawMessage(`{"a":1}`),
		`[1,2.5,true,{"b":["c"]}]`:          []any{1, 2.5, true, map[string]any{"b": []string{"c"}}},
		`{"text":"a","type":"text"}`:        TextOutput{"a"},
		`[{"text":"a","type":"text"}]`:      []TextOutput{{"a"}},
		`[{"file_id":"f","type":"image"}]`:  []ImageOutput{{FileID: "f"}},
		`[{"file_data":"d","type":"file"}]`: []FileOutput{{Data: "d"}},
	} {
		assert.NoError(t, checkOutput("weather", value))
		assert.JSONEq(t, want, string(outputJSON(value)))
	}
	var misused *UserError
	assert.ErrorAs(t, checkOutput("weather", struct{ City string }{"Bonn"}), &misused)
	assert.ErrorContains(t, misused, "weather")
	assert.ErrorContains(t, misused, "functiontool")
}
