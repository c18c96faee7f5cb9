package jsbridge

import (
	"bytes"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"runstream/internal/codec"
	"runstream/runner"
	"runstream/runner/runnertest"
)

// alikeTo gives events with these data; those that have a shape's say so.
func alikeTo(shape *codec.Shape, data ...string) []runner.Event {
	events := make([]runner.Event, len(data))
	for i, text := range data {
		event := runner.RawEvent{Data: json.RawMessage(text)}
		shape.Fits(event.Data, &event.Likeness)
		events[i] = runner.Event{Type: runner.RawResponseEvent, Raw: event}
	}
	return events
}

func deltas(of string, n int) []string {
	texts := make([]string, n)
	for i := range texts {
		texts[i] = fmt.Sprintf(`{"type":%q,"delta":"word %d","logprobs":[],"at":%d}`, of, i%3, i)
	}
	return texts
}

func shapeOf(t *testing.T, text string) *codec.Shape {
	t.Helper()
	shape := codec.NewShape([]byte(text), "type")
	require.NotNil(t, shape)
	return shape
}

func readRaw(t *testing.T, batch []byte) []string {
	t.Helper()
	var texts []string
	for _, event := range readBatch(t, batch) {
		texts = append(texts, string(event.Data))
	}
	return texts
}

func TestEventsThatAreAlikeCrossAsTheirValues(t *testing.T) {
	long, few := deltas("a", 50), deltas("b", fewestAlike-1)
	events := slices.Concat(
		alikeTo(shapeOf(t, long[7]), long...),
		alikeTo(nil, `{"type":"other"}`, `7`),
		alikeTo(shapeOf(t, few[0]), few...),
		alikeTo(shapeOf(t, long[0]), long[:4]...),
	)
	all := slices.Concat(long, []string{`{"type":"other"}`, `7`}, few, long[:4])
	var w batchWriter
	batch := w.write(nil, events)
	got := readRaw(t, batch)
	require.Len(t, got, len(all))
	for i := range all {
		assert.JSONEq(t, all[i], got[i])
	}
	assert.Equal(t, 2, strings.Count(string(batch), `,"delta","logprobs"`), "series: %s", batch)
	for _, text := range few {
		assert.Contains(t, string(batch), text, "too few to be a series")
	}
	for _, text := range long[8:] {
		assert.NotContains(t, string(batch), text)
	}

	one := w.write(nil, alikeTo(nil, `{"type":"next"}`))
	assert.Equal(t, `[{"type":"next"},[],[]]`, string(one), "nothing is left of the batch before")
}

// A model that wraps another one may give a copy of an event with other data.
func TestAnEventWithDataOfItsOwnIsNotTakenForTheServers(t *testing.T) {
	texts := deltas("a", 10)
	events := alikeTo(shapeOf(t, texts[0]), texts...)
	events[5].Raw.Data = bytes.Replace(events[5].Raw.Data, []byte("word"), []byte("another word"), 1)
	batch := new(batchWriter).write(nil, events)
	got := readRaw(t, batch)
	require.Len(t, got, len(texts))
	for i := range texts {
		assert.JSONEq(t, string(events[i].Raw.Data), got[i])
	}
}

// The page gets what the server sent, however it crosses.
func TestEveryEventOfALongAnswer(t *testing.T) {
	turn := runnertest.Reply(runnertest.Message(strings.Repeat(" word", 500)), runnertest.ToolCall("none", "c1", `{"a":"`+strings.Repeat("b", 500)+`"}`))
	page, _ := newTestPage(t, turn)
	page.run(1, plainAgent)
	page.end(1)
	var got []string
	batches, most := 0, 0
	for _, message := range page.log() {
		if m, ok := message.(eventsMessage); ok {
			batches++
			most = max(most, strings.Count(string(m.Batch), `"response.output_text.delta"`))
		}
	}
	for _, event := range page.events(1) {
		if event.Type == "raw_response_event" {
			got = append(got, string(event.Data))
		}
	}
	sent := turn.Events(runnertest.Response{ID: "resp_1"})
	require.Len(t, got, len(sent))
	for i, event := range sent {
		assert.JSONEq(t, string(event.Data), got[i])
	}
	assert.Less(t, most, 100, "deltas that crossed as they are, in one of %d batches", batches)
}
