package chatcompletions_test

import (
	"encoding/json"
	"testing"

	"github.com/stretchr/testify/require"

	"runstream/runner/chatcompletions"
)

func BenchmarkTextDeltas(b *testing.B) {
	const deltas = 20_000
	chunk := json.RawMessage(`{"id":"c","object":"chat.completion.chunk","created":1,"model":"m","choices":[{"index":0,"delta":{"content":"word "},"finish_reason":null}]}`)
	var stream []json.RawMessage
	for range deltas {
		stream = append(stream, chunk)
	}
	model := &chatcompletions.Model{Name: "local", Transport: &server{chunks: stream}}
	for b.Loop() {
		events, err := collect(b.Context(), model, hello())
		require.NoError(b, err)
		require.Len(b, events, deltas+6)
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/deltas, "ns/delta")
}
