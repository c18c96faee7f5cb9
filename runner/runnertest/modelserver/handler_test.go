package modelserver_test

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"runstream/runner/runnertest"
	"runstream/runner/runnertest/modelserver"
)

const question = `{"model":"gpt-5","instructions":"Be short.","input":"Weather?","stream":true,
	"tools":[{"type":"function","name":"get_weather","parameters":{"type":"object"}}]}`

func TestATurnIsStreamedAsServerSentEvents(t *testing.T) {
	turn := runnertest.Reply(runnertest.Message("It rains."))
	url := serve(t, &modelserver.Handler{Script: modelserver.InOrder(turn)})

	response := post(t, url, question)

	assert.Equal(t, "text/event-stream; charset=utf-8", response.Header.Get("Content-Type"))
	var want strings.Builder
	for _, event := range turn.Events(runnertest.Response{}) {
		fmt.Fprintf(&want, "event: %s\ndata: %s\n\n", event.Type, event.Data)
	}
	assert.Equal(t, want.String(), text(t, response))
}

func TestTheScriptSeesTheRequest(t *testing.T) {
	var got modelserver.Request
	url := serve(t, &modelserver.Handler{Script: func(r modelserver.Request) runnertest.Turn {
		got = r
		return runnertest.Reply()
	}})

	text(t, post(t, url, question))

	assert.Equal(t, "gpt-5", got.Model)
	assert.Equal(t, "Be short.", got.Instructions)
	assert.JSONEq(t, question, string(got.Body))
	require.Len(t, got.Input, 1)
	assert.JSONEq(t, `{"role":"user","content":"Weather?"}`, string(got.Input[0]))
	assert.True(t, got.Offers("get_weather"))
	assert.False(t, got.Offers("delete_file"))
}

func TestResponsesAreCounted(t *testing.T) {
	turn := runnertest.Reply(runnertest.Message("Again."))
	url := serve(t, &modelserver.Handler{Script: modelserver.InOrder(turn, turn)})
	assert.Contains(t, text(t, post(t, url, question)), `"id":"resp_1"`)
	assert.Contains(t, text(t, post(t, url, question)), `"id":"resp_2"`)
}

func TestAClientThatWantsNoStreamGetsTheResponse(t *testing.T) {
	url := serve(t, &modelserver.Handler{Script: modelserver.InOrder(runnertest.Reply(runnertest.Message("It rains.")))})

	var response struct{ Object, Status string }
	require.NoError(t, json.Unmarshal([]byte(text(t, post(t, url, `{"input":[]}`))), &response))

	assert.Equal(t, "response", response.Object)
	assert.Equal(t, "completed", response.Status)
}

func TestRefusals(t *testing.T) {
	late := runnertest.Break(&modelserver.StatusError{Status: http.StatusTooManyRequests, Code: "rate_limit_exceeded",
		Message: "Slow down.", Header: http.Header{"retry-after-ms": {"10"}}})
	for name, tc := range map[string]struct {
		script modelserver.Script
		method string
		path   string
		body   string
		status int
		says   string
	}{
		"what the script refuses":   {modelserver.InOrder(late), "POST", "/responses", question, 429, "Slow down."},
		"the end of the script":     {modelserver.InOrder(), "POST", "/v1/responses", question, 500, "add a turn"},
		"another path":              {nil, "POST", "/v1/models", question, 404, "POST /responses"},
		"another method":            {nil, "GET", "/responses", "", 405, "POST"},
		"a body that is not JSON":   {nil, "POST", "/responses", "input=hi", 400, "body"},
		"an input that is a number": {nil, "POST", "/responses", `{"input":7}`, 400, "body"},
	} {
		t.Run(name, func(t *testing.T) {
			url := serve(t, &modelserver.Handler{Script: tc.script})
			request, err := http.NewRequestWithContext(t.Context(), tc.method, url+tc.path, strings.NewReader(tc.body))
			require.NoError(t, err)
			response, err := http.DefaultClient.Do(request)
			require.NoError(t, err)
			assert.Equal(t, tc.status, response.StatusCode)
			assert.Contains(t, text(t, response), tc.says)
			if tc.status == http.StatusTooManyRequests {
				assert.Equal(t, "10", response.Header.Get("Retry-After-Ms"))
			}
		})
	}
}

func TestABrokenTurnBreaksTheConnectionOff(t *testing.T) {
	reset := errors.New("reset")
	ended := make(chan error, 1)
	url := serve(t, &modelserver.Handler{
		Script: modelserver.InOrder(runnertest.Break(reset, runnertest.Message("Well"))),
		Ended:  func(_ modelserver.Request, err error) { ended <- err },
	})

	read, err := io.ReadAll(post(t, url, question).Body)

	assert.ErrorIs(t, err, io.ErrUnexpectedEOF)
	assert.Contains(t, string(read), "response.output_text.done")
	assert.ErrorIs(t, <-ended, reset)
}

func TestAClientThatLeavesEndsTheReply(t *testing.T) {
	hour := func(eventType string) time.Duration {
		if eventType == "response.output_text.done" {
			return time.Hour
		}
		return 0
	}
	hello := runnertest.Message("Hello.")
	for name, handler := range map[string]*modelserver.Handler{
		"in a pause": {Script: modelserver.InOrder(runnertest.Reply(hello)), Pace: hour},
		"in a turn that hangs": {
			Script: modelserver.InOrder(runnertest.Turn{Outputs: []runnertest.Output{hello}, Hang: true})},
	} {
		t.Run(name, func(t *testing.T) {
			ended := make(chan error, 1)
			handler.Ended = func(_ modelserver.Request, err error) { ended <- err }
			response := post(t, serve(t, handler), question)

			lines := bufio.NewScanner(response.Body)
			for lines.Scan() && lines.Text() != "event: response.output_text.delta" {
			}
			require.NoError(t, response.Body.Close())

			assert.ErrorIs(t, <-ended, context.Canceled)
		})
	}
}

// net/http ends the request's context when a write meets a closed connection.
func TestAWriteToAClientThatHasGoneIsACancellation(t *testing.T) {
	ctx, leave := context.WithCancel(t.Context())
	request := httptest.NewRequestWithContext(ctx, http.MethodPost, "/responses", strings.NewReader(question))
	var ended error
	handler := modelserver.Handler{
		Script: modelserver.InOrder(runnertest.Reply(runnertest.Message("Hello."))),
		Ended:  func(_ modelserver.Request, err error) { ended = err },
	}

	handler.ServeHTTP(&goneClient{ResponseRecorder: httptest.NewRecorder(), leave: leave}, request)

	assert.ErrorIs(t, ended, context.Canceled)
}

type goneClient struct {
	*httptest.ResponseRecorder
	leave context.CancelFunc
}

func (c *goneClient) Write([]byte) (int, error) {
	c.leave()
	return 0, errors.New("broken pipe")
}

func TestDamagedEventsAreSentAsTheyAre(t *testing.T) {
	turn := runnertest.Turn{Raw: []json.RawMessage{[]byte("{\"type\":\n"), []byte(`{"type":"response.future","x":1}`)}}
	url := serve(t, &modelserver.Handler{Script: modelserver.InOrder(turn)})
	assert.Equal(t, "data: {\"type\":\n\nevent: response.future\ndata: {\"type\":\"response.future\",\"x\":1}\n\n",
		text(t, post(t, url, question)))
}

func serve(t *testing.T, handler http.Handler) (url string) {
	t.Helper()
	server := httptest.NewServer(handler)
	t.Cleanup(server.Close)
	return server.URL
}

func post(t *testing.T, url, body string) *http.Response {
	t.Helper()
	if !strings.HasSuffix(url, "/responses") {
		url += "/responses"
	}
	request, err := http.NewRequestWithContext(t.Context(), http.MethodPost, url, strings.NewReader(body))
	require.NoError(t, err)
	response, err := http.DefaultClient.Do(request)
	require.NoError(t, err)
	t.Cleanup(func() { _ = response.Body.Close() })
	return response
}

func text(t *testing.T, response *http.Response) string {
	t.Helper()
	body, err := io.ReadAll(response.Body)
	require.NoError(t, err)
	return string(body)
}
