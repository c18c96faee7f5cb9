package jsbridge

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"runstream/runner/runnertest"
)

// What crosses for 1,000 deltas: a message for each chunk of the network, and of
// nearly all deltas the values that are theirs alone.
func TestCrossings(t *testing.T) {
	const deltas, inChunk = 1000, 100
	var chunks []string
	var size, events int
	for _, event := range runnertest.Reply(runnertest.Message(strings.Repeat(" word", deltas))).Events(runnertest.Response{}) {
		if events%inChunk == 0 {
			chunks = append(chunks, "")
		}
		events++
		size += len(event.Data)
		chunks[len(chunks)-1] += "data: " + string(event.Data) + "\n\n"
	}
	script, err := json.Marshal(chunks)
	require.NoError(t, err)
	page, stop := servePage(t, testExchange(`(request, body) => {
		for (const chunk of `+string(script)+`) request.send(chunk);
		request.close();
		return new Response(body, { headers: { "content-type": "text/event-stream" } });
	}`))
	startRun(page, 1, plainAgent)
	waitForEnd(t, page, 1)
	stop()

	messages := page.Get("messages")
	batches, crossed := 0, 0
	for i := range messages.Length() {
		if message := messages.Index(i); message.Get("type").String() == "events" {
			batches++
			crossed += message.Get("batch").Get("byteLength").Int()
		}
	}
	assert.Equal(t, deltas, strings.Count(page.Call("text").String(), "word"))
	assert.LessOrEqual(t, batches, len(chunks)+3, "batches: one a chunk, and the run's first and last events")
	assert.LessOrEqual(t, messages.Length()-batches, 2, "messages that are no events: ready and the end")
	t.Logf("%d batches, %d other messages, %d of %d bytes an event", batches, messages.Length()-batches, crossed/events, size/events)
	assert.LessOrEqual(t, crossed/events, 45, "bytes an event")
}
