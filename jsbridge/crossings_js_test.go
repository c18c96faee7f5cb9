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
	const deltas = 1000
	var responses, chat []string
	for _, event := range runnertest.Reply(runnertest.Message(strings.Repeat(" word", deltas))).Events(runnertest.Response{}) {
		responses = append(responses, string(event.Data))
	}
	for range deltas {
		chat = append(chat, `{"id":"c","choices":[{"index":0,"delta":{"content":" word"},"finish_reason":null}]}`)
	}
	chat = append(chat, `{"id":"c","choices":[{"index":0,"delta":{},"finish_reason":"stop"}]}`, "[DONE]")

	for name, over := range map[string]struct {
		spec   string
		events []string
	}{
		"Responses":        {plainAgent, responses},
		"Chat Completions": {strings.Replace(plainAgent, `"provider":{`, `"provider":{"api":"chat_completions",`, 1), chat},
	} {
		t.Run(name, func(t *testing.T) {
			const inChunk = 100
			var chunks []string
			for i, event := range over.events {
				if i%inChunk == 0 {
					chunks = append(chunks, "")
				}
				chunks[len(chunks)-1] += "data: " + event + "\n\n"
			}
			script, err := json.Marshal(chunks)
			require.NoError(t, err)
			page, stop := servePage(t, testExchange(`(request, body) => {
				for (const chunk of `+string(script)+`) request.send(chunk);
				request.close();
				return new Response(body, { headers: { "content-type": "text/event-stream" } });
			}`))
			startRun(page, 1, over.spec)
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
			t.Logf("%d batches, %d other messages, %d bytes an event", batches, messages.Length()-batches, crossed/len(over.events))
			assert.LessOrEqual(t, crossed/len(over.events), 45, "bytes an event")
		})
	}
}
