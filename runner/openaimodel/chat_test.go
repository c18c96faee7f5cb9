package openaimodel_test

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/openai/openai-go/v3"
	"github.com/openai/openai-go/v3/option"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"runstream/runner"
	"runstream/runner/openaimodel"
)

// chatServer answers every request with one word, and keeps the requests.
type chatServer struct{ requests []*http.Request }

func (s *chatServer) RoundTrip(r *http.Request) (*http.Response, error) {
	s.requests = append(s.requests, r)
	const stream = `data: {"id":"c","choices":[{"index":0,"delta":{"content":"Hi"},"finish_reason":"stop"}]}` + "\n\ndata: [DONE]\n\n"
	return &http.Response{
		StatusCode: http.StatusOK, Header: http.Header{"Content-Type": {"text/event-stream"}},
		Body: io.NopCloser(strings.NewReader(stream)), Request: r,
	}, nil
}

func (s *chatServer) body(t *testing.T) map[string]any {
	t.Helper()
	require.Len(t, s.requests, 1)
	data, err := io.ReadAll(s.requests[0].Body)
	require.NoError(t, err)
	var body map[string]any
	require.NoError(t, json.NewDecoder(bytes.NewReader(data)).Decode(&body))
	return body
}

func TestChatAsksTheServerOfTheClient(t *testing.T) {
	for name, tc := range map[string]struct {
		base string
		url  string
		want map[string]any // beside model, stream and messages
	}{
		"OpenAI's own is asked for usage, and stores": {
			base: "https://api.openai.com/v1/", url: "https://api.openai.com/v1/chat/completions",
			want: map[string]any{"store": true, "stream_options": map[string]any{"include_usage": true}},
		},
		"a local one is asked for nothing else": {
			base: "http://localhost:11434/v1/", url: "http://localhost:11434/v1/chat/completions", want: map[string]any{},
		},
		"a host that only looks like OpenAI's is another": {
			base: "https://api.openai.com.example/v1/", url: "https://api.openai.com.example/v1/chat/completions", want: map[string]any{},
		},
	} {
		t.Run(name, func(t *testing.T) {
			server, seen := &chatServer{}, 0
			client := openai.NewClient(option.WithBaseURL(tc.base), option.WithAPIKey("key"), option.WithHTTPClient(&http.Client{Transport: server}),
				option.WithMiddleware(func(r *http.Request, next option.MiddlewareNext) (*http.Response, error) {
					seen++
					return next(r)
				}))
			agent := &runner.Agent{Name: "Joker", Model: openaimodel.Chat(client, "small")}
			require.Empty(t, server.requests, "nothing is sent before a run")
			require.Zero(t, seen, "nor shown to middleware")

			result := runner.RunStreamed(t.Context(), agent, runner.Text("Hello"))
			for _, err := range result.Events() {
				require.NoError(t, err)
			}
			assert.Equal(t, "Hi", result.FinalOutput())
			body := server.body(t)
			assert.Equal(t, tc.url, server.requests[0].URL.String())
			assert.Equal(t, "small", body["model"])
			for _, key := range []string{"model", "stream", "messages"} {
				delete(body, key)
			}
			assert.Equal(t, tc.want, body)
		})
	}
}
