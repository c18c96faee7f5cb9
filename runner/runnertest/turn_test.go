package runnertest_test

import (
	"encoding/json"
	"errors"
	"os"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"runstream/runner"
	"runstream/runner/runnertest"
)

// The file holds the events of a Responses API server for such an answer.
func TestEventsAreThoseOfAServer(t *testing.T) {
	recorded, err := os.ReadFile("testdata/reply.jsonl")
	require.NoError(t, err)
	turn := runnertest.Reply(
		runnertest.Reasoning("Thinking about it."),
		runnertest.Message("Let me see."),
		runnertest.ToolCall("how_many_jokes", "call_1", "{}"),
	)

	events := turn.Events(runnertest.Response{})

	lines := strings.Split(strings.TrimSpace(string(recorded)), "\n")
	for i := range min(len(lines), len(events)) {
		assert.JSONEq(t, lines[i], string(events[i].Data))
	}
	assert.Len(t, events, len(lines))
}

func TestDeltasAreTheText(t *testing.T) {
	for name, text := range map[string]string{
		"words":              "Two  words,\nand a line.",
		"no text":            "",
		"only space":         "   ",
		"a very long word":   strings.Repeat("Rindfleisch", 20),
		"characters outside": "naïve 👩‍👩‍👧 日本語のテキストがここにあります",
		"markup":             "<script>alert('&')</script>",
	} {
		t.Run(name, func(t *testing.T) {
			var joined strings.Builder
			for _, event := range runnertest.Reply(runnertest.Message(text)).Events(runnertest.Response{}) {
				if event.Type == "response.output_text.delta" {
					joined.WriteString(decode(t, event)["delta"].(string))
				}
			}
			assert.Equal(t, text, joined.String())
		})
	}
}

func TestAnItemComesAsItIsWritten(t *testing.T) {
	done := `{"id":"ws_1","type":"web_search_call","status":"completed","action":{"type":"search","query":"1 < 2"}}`
	events := runnertest.Reply(runnertest.Item(json.RawMessage(done))).Events(runnertest.Response{})

	require.Len(t, events, 5)
	assert.Equal(t, "in_progress", decode(t, events[2])["item"].(map[string]any)["status"])
	assert.Contains(t, string(events[3].Data), done)
	assert.Contains(t, string(events[4].Data), done)
}

func TestItemsOfTwoResponsesHaveDifferentIDs(t *testing.T) {
	turn := runnertest.Reply(runnertest.Message("One."), runnertest.Message("Two."))
	seen := map[string]bool{}
	for _, id := range []string{"resp_1", "resp_2", "resp_11"} {
		for _, event := range turn.Events(runnertest.Response{ID: id}) {
			if event.Type == "response.output_item.done" {
				item := decode(t, event)["item"].(map[string]any)
				assert.NotContains(t, seen, item["id"])
				seen[item["id"].(string)] = true
			}
		}
	}
	assert.Len(t, seen, 6)
}

func TestHowATurnEnds(t *testing.T) {
	hello := runnertest.Message("Hello.")
	for name, tc := range map[string]struct {
		turn runnertest.Turn
		last string
	}{
		"completed":                  {runnertest.Reply(hello), "response.completed"},
		"completed without a word":   {runnertest.Reply(), "response.completed"},
		"a refusal is an answer":     {runnertest.Reply(runnertest.Refusal("No.")), "response.completed"},
		"failed":                     {runnertest.Fail("server_error", "Out of order."), "response.failed"},
		"cut":                        {runnertest.Turn{Outputs: []runnertest.Output{hello}, Cut: true}, "response.output_item.done"},
		"hanging":                    {runnertest.Turn{Outputs: []runnertest.Output{hello}, Hang: true}, "response.output_item.done"},
		"broken off":                 {runnertest.Break(errors.New("reset"), hello), "response.output_item.done"},
		"broken off before it began": {runnertest.Break(errors.New("refused")), ""},
		"raw":                        {runnertest.Turn{Raw: []json.RawMessage{[]byte(`{"type":"response.future"}`)}}, "response.future"},
		"raw and damaged":            {runnertest.Turn{Raw: []json.RawMessage{[]byte(`{"type":`)}}, ""},
	} {
		t.Run(name, func(t *testing.T) {
			last := ""
			for _, event := range tc.turn.Events(runnertest.Response{}) {
				last = event.Type
			}
			assert.Equal(t, tc.last, last)
		})
	}
}

func TestUsageIsReported(t *testing.T) {
	turn := runnertest.Turn{Usage: runner.RequestUsage{InputTokens: 7, OutputTokens: 4, CachedTokens: 3, ReasoningTokens: 2}}
	events := turn.Events(runnertest.Response{ID: "resp_9", Model: "gpt-5-mini", CreatedAt: 1})

	response := decode(t, events[len(events)-1])["response"].(map[string]any)
	assert.Equal(t, "gpt-5-mini", response["model"])
	assert.Equal(t, map[string]any{
		"input_tokens": 7.0, "input_tokens_details": map[string]any{"cached_tokens": 3.0},
		"output_tokens": 4.0, "output_tokens_details": map[string]any{"reasoning_tokens": 2.0},
		"total_tokens": 11.0,
	}, response["usage"])
}

func decode(t *testing.T, event runner.RawEvent) map[string]any {
	t.Helper()
	var fields map[string]any
	require.NoError(t, json.Unmarshal(event.Data, &fields))
	return fields
}
