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
		"output_text":             `{"content":"%s\ud83d"}`,
		"refusal":                 `{"refusal":"%s\ud83d"}`,
		"reasoning_summary_text":  `{"reasoning_content":"%s\ud83d"}`,
		"reasoning_text":          `{"reasoning":"%s\ud83d"}`,
		"function_call_arguments": `{"tool_calls":[{"index":0,"id":"c","function":{"name":"f","arguments":"%s\ud83d"}}]}`,
	} {
		for _, before := range []string{"x", ""} {
			for _, reason := range []string{"stop", "length"} {
				t.Run(field+" "+before+" "+reason, func(t *testing.T) {
					last := `{"choices":[{"index":0,"delta":{"content":"!"},"finish_reason":"` + reason + `"}]}`
					if field == "output_text" {
						last = `{"choices":[{"index":0,"delta":{},"finish_reason":"` + reason + `"}]}`
					}
					events, err := collect(t.Context(), &chatcompletions.Model{Name: "local", Transport: &server{chunks: chunks(
						`{"choices":[{"index":0,"delta":`+fmt.Sprintf(delta, before)+`}]}`, last)}}, hello())
					require.NoError(t, err)
					assert.Equal(t, before+"\ufffd", deltasOf(t, events, field))
					assert.Contains(t, string(events[len(events)-1]), before+"\ufffd")
				})
			}
		}
	}
}

// What a server says of the tokens of a half belongs to the answer, too.
func TestTheLogprobsOfHalfACharacterAreKept(t *testing.T) {
	chunk := func(text, token string) string {
		return `{"choices":[{"index":0,"delta":{"content":"` + text + `"},"logprobs":{"content":[{"token":"` + token + `","logprob":-1,"bytes":null,"top_logprobs":[]}]}}]}`
	}
	events, err := collect(t.Context(), &chatcompletions.Model{Name: "local", Transport: &server{chunks: chunks(
		chunk(`\ud83d`, "t1"), chunk(`\ude00`, "t2"), `{"choices":[{"index":0,"delta":{},"finish_reason":"stop"}]}`)}}, hello())
	require.NoError(t, err)
	assert.Equal(t, "😀", deltasOf(t, events, "output_text"))
	assert.Regexp(t, `"token":"t1".*"token":"t2"`, string(events[len(events)-1]))
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
