package chatcompletions_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"unicode/utf16"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"runstream/runner/chatcompletions"
)

// cutByUnits writes a text as a server in JavaScript sends it that slices it
// into so many UTF-16 units: halves of characters are escapes.
func cutByUnits(text string, size int) []string {
	var all []string
	for units := utf16.Encode([]rune(text)); len(units) > 0; units = units[min(size, len(units)):] {
		var piece strings.Builder
		for _, unit := range units[:min(size, len(units))] {
			if unit < 0x80 {
				escaped, _ := json.Marshal(string(rune(unit)))
				piece.Write(escaped[1 : len(escaped)-1])
			} else {
				fmt.Fprintf(&piece, `\u%04x`, unit)
			}
		}
		all = append(all, `"`+piece.String()+`"`)
	}
	return all
}

func TestACharacterThatIsCutInTwoStaysWhole(t *testing.T) {
	const text = `{"a":"😀 \\ud83d \ud83d 🇩🇪é"}` // escapes of its own, as arguments have
	for field, delta := range map[string]string{
		"output_text":             `{"content":%s}`,
		"refusal":                 `{"refusal":%s}`,
		"reasoning_summary_text":  `{"reasoning_content":%s}`,
		"reasoning_text":          `{"reasoning":%s}`,
		"function_call_arguments": `{"tool_calls":[{"index":0,"id":"c","function":{"name":"f","arguments":%s}}]}`,
	} {
		for size := range 12 {
			t.Run(fmt.Sprint(field, " by ", size+1), func(t *testing.T) {
				var sent []string
				for _, piece := range cutByUnits(text, size+1) {
					sent = append(sent, `{"choices":[{"index":0,"delta":`+fmt.Sprintf(delta, piece)+`}]}`)
				}
				sent = append(sent, `{"choices":[{"index":0,"delta":{},"finish_reason":"stop"}]}`)
				events, err := collect(t.Context(), &chatcompletions.Model{Name: "local", Transport: &server{chunks: chunks(sent...)}}, hello())
				require.NoError(t, err)
				assert.Equal(t, text, deltasOf(t, events, field))
				quoted, _ := json.Marshal(text)
				assert.Contains(t, string(events[len(events)-1]), string(quoted), "the response")
			})
		}
	}
}

func TestHalfACharacterThatNothingFollowsIsReplaced(t *testing.T) {
	for field, delta := range map[string]string{
		"output_text":             `{"content":"x\ud83d"}`,
		"refusal":                 `{"refusal":"x\ud83d"}`,
		"reasoning_summary_text":  `{"reasoning_content":"x\ud83d"}`,
		"reasoning_text":          `{"reasoning":"x\ud83d"}`,
		"function_call_arguments": `{"tool_calls":[{"index":0,"id":"c","function":{"name":"f","arguments":"x\ud83d"}}]}`,
	} {
		t.Run(field, func(t *testing.T) {
			events, err := collect(t.Context(), &chatcompletions.Model{Name: "local", Transport: &server{chunks: chunks(
				`{"choices":[{"index":0,"delta":`+delta+`}]}`, `{"choices":[{"index":0,"delta":{},"finish_reason":"stop"}]}`)}}, hello())
			require.NoError(t, err)
			assert.Equal(t, "x\ufffd", deltasOf(t, events, field))
			assert.Contains(t, string(events[len(events)-1]), "x\ufffd")
		})
	}
}

// deltasOf joins the deltas of a kind.
func deltasOf(t *testing.T, events []json.RawMessage, kind string) string {
	t.Helper()
	var whole strings.Builder
	for _, data := range events {
		var e struct{ Type, Delta string }
		require.NoError(t, json.Unmarshal(data, &e))
		if e.Type == "response."+kind+".delta" {
			whole.WriteString(e.Delta)
		}
	}
	return whole.String()
}
