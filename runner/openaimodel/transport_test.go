package openaimodel_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"syscall"
	"testing"
	"time"

	"github.com/openai/openai-go/v3"
	"github.com/openai/openai-go/v3/option"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"runstream/runner"
	"runstream/runner/openaimodel"
	"runstream/runner/runnertest"
)

const secret = "sk-secret-0123456789"

// modelOf gives a model that asks handler.
func modelOf(t *testing.T, handler http.HandlerFunc, options ...option.RequestOption) runner.Model {
	t.Helper()
	server := httptest.NewServer(handler)
	t.Cleanup(server.Close)
	options = append([]option.RequestOption{option.WithAPIKey(secret), option.WithBaseURL(server.URL + "/v1/"), option.WithMaxRetries(0)}, options...)
	return openaimodel.Responses(openai.NewClient(options...), "gpt-5")
}

func chatModelOf(t *testing.T, handler http.HandlerFunc) runner.Model {
	t.Helper()
	server := httptest.NewServer(handler)
	t.Cleanup(server.Close)
	client := openai.NewClient(option.WithAPIKey(secret), option.WithBaseURL(server.URL+"/v1/"), option.WithMaxRetries(0))
	return openaimodel.Chat(client, "gpt-5")
}

// ask gives the events up to the error.
func ask(ctx context.Context, model runner.Model) ([]runner.RawEvent, error) {
	var events []runner.RawEvent
	for event, err := range model.Stream(ctx, &runner.ModelRequest{Input: []json.RawMessage{runner.UserMessage("Hi")}}) {
		if err != nil {
			return events, err
		}
		events = append(events, event)
	}
	return events, nil
}

// send streams events and leaves the answer open.
func send(w http.ResponseWriter, events ...runner.RawEvent) {
	w.Header().Set("Content-Type", "text/event-stream; charset=utf-8")
	for _, event := range events {
		fmt.Fprintf(w, "event: %s\ndata: %s\n\n", event.Type, event.Data)
		w.(http.Flusher).Flush()
	}
}

func answer(w http.ResponseWriter, status int, contentType, body string) {
	w.Header().Set("Content-Type", contentType)
	w.WriteHeader(status)
	_, _ = io.WriteString(w, body)
}

var joke = runnertest.Reply(runnertest.Message("A joke.")).Events(runnertest.Response{})

func TestResponsesStreams(t *testing.T) {
	var asked *http.Request
	var body []byte
	taken := make(chan struct{})
	model := modelOf(t, func(w http.ResponseWriter, r *http.Request) {
		asked = r
		body, _ = io.ReadAll(r.Body)
		for _, event := range joke {
			send(w, event)
			<-taken // the next event is sent only when this one has arrived
		}
	})
	var got []runner.RawEvent
	for event, err := range model.Stream(t.Context(), &runner.ModelRequest{Instructions: "Be funny."}) {
		require.NoError(t, err)
		got = append(got, event)
		taken <- struct{}{}
	}
	assert.Equal(t, joke, got)
	assert.Equal(t, "POST /v1/responses", asked.Method+" "+asked.URL.Path)
	assert.Equal(t, "application/json", asked.Header.Get("Content-Type"))
	assert.Equal(t, "text/event-stream", asked.Header.Get("Accept"))
	assert.Equal(t, "Bearer "+secret, asked.Header.Get("Authorization"))
	assert.Equal(t, `{"model":"gpt-5","stream":true,"input":[],"instructions":"Be funny.","tools":[]}`, string(body))
}

func TestARunOverHTTP(t *testing.T) {
	model := modelOf(t, func(w http.ResponseWriter, _ *http.Request) { send(w, joke...) })
	result, err := runner.Run(t.Context(), &runner.Agent{Name: "Joker", Model: model}, runner.Text("Tell me one."))
	require.NoError(t, err)
	assert.Equal(t, "A joke.", result.FinalOutput())
	assert.Equal(t, "resp_1", result.LastResponseID())
}

func TestRetriesAreTheClients(t *testing.T) {
	for retries := range 3 {
		asked := 0
		model := modelOf(t, func(w http.ResponseWriter, _ *http.Request) {
			asked++
			w.Header().Set("retry-after-ms", "1")
			answer(w, http.StatusServiceUnavailable, "application/json", `{"error":{"message":"busy"}}`)
		}, option.WithMaxRetries(retries))
		_, err := ask(t.Context(), model)
		assert.EqualError(t, err, "the model server answered 503: busy")
		assert.Equal(t, retries+1, asked)
	}
}

func TestAStreamThatBrokeIsNotAskedForAgain(t *testing.T) {
	asked := 0
	model := modelOf(t, func(w http.ResponseWriter, _ *http.Request) {
		asked++
		send(w, joke[0])
		panic(http.ErrAbortHandler)
	}, option.WithMaxRetries(3))
	events, err := ask(t.Context(), model)
	assert.Len(t, events, 1)
	assert.Equal(t, "APIConnectionError", runner.ErrorName(err))
	assert.ErrorIs(t, err, io.ErrUnexpectedEOF)
	assert.Equal(t, 1, asked)
}

func TestAnErrorStatus(t *testing.T) {
	for name, tc := range map[string]struct {
		status                  int
		contentType, body       string
		name, message, codeText string
	}{
		"a wrong key": {401, "application/json", `{"error":{"message":"Incorrect API key","type":"invalid_request_error","code":"invalid_api_key","param":null}}`,
			"AuthenticationError", "the model server answered 401: Incorrect API key", "invalid_api_key"},
		"a text for an error": {404, "application/json", `{"error":"model 'x' not found"}`, "NotFoundError", "the model server answered 404: model 'x' not found", ""},
		"a number for a code": {400, "application/json", `{"error":{"message":"No.","code":400}}`, "BadRequestError", "the model server answered 400: No.", "400"},
		"a page":              {502, "text/html", `<html>Bad Gateway</html>`, "InternalServerError", "the model server answered 502: it gave no reason", ""},
		"nothing":             {500, "text/plain", ``, "InternalServerError", "the model server answered 500: it gave no reason", ""},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := ask(t.Context(), modelOf(t, func(w http.ResponseWriter, _ *http.Request) { answer(w, tc.status, tc.contentType, tc.body) }))
			var failed *runner.APIError
			require.ErrorAs(t, err, &failed)
			assert.Equal(t, tc.name, runner.ErrorName(err))
			assert.EqualError(t, err, tc.message)
			assert.Equal(t, tc.status, failed.Status)
			assert.Equal(t, tc.codeText, failed.Code)
		})
	}
}

func TestOpenAIsErrorIsWithin(t *testing.T) {
	_, err := ask(t.Context(), modelOf(t, func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("retry-after", "7")
		answer(w, http.StatusTooManyRequests, "application/json", `{"error":{"message":"Slow down.","param":"tokens"}}`)
	}))
	var failed *runner.APIError
	require.ErrorAs(t, err, &failed)
	assert.Equal(t, 7*time.Second, failed.RetryAfter)
	var original *openai.Error
	require.ErrorAs(t, err, &original)
	assert.Equal(t, "tokens", original.Param)
}

func TestAnAnswerThatIsNoStream(t *testing.T) {
	for contentType, want := range map[string]string{
		"text/html; charset=utf-8": "text/html",
		"application/json":         "application/json",
		"":                         "no content type",
	} {
		asked := 0
		_, err := ask(t.Context(), modelOf(t, func(w http.ResponseWriter, _ *http.Request) {
			asked++
			w.Header()["Content-Type"] = []string{contentType}
			_, _ = io.WriteString(w, "<!doctype html>")
		}, option.WithMaxRetries(2)))
		assert.Equal(t, "ModelBehaviorError", runner.ErrorName(err))
		assert.EqualError(t, err, "the model server answered with "+want+" instead of an event stream; check the client's base URL")
		assert.Equal(t, 1, asked)
	}
}

func TestAServerThatCannotBeReached(t *testing.T) {
	server := httptest.NewServer(nil)
	server.Close() // nobody listens there any more
	client := openai.NewClient(option.WithBaseURL(server.URL+"/v1?key="+secret), option.WithMaxRetries(0), option.WithAPIKey(secret), option.WithQuery("key", secret))
	_, err := ask(t.Context(), openaimodel.Responses(client, "gpt-5"))
	assert.Equal(t, "APIConnectionError", runner.ErrorName(err))
	assert.ErrorIs(t, err, syscall.ECONNREFUSED)
	assert.Regexp(t, `^the model server at http://127\.0\.0\.1:\d+/.*responses cannot be reached: dial tcp .*: connect: connection refused$`, err.Error())
	assertNoSecret(t, err)
}

func TestAClientThatCannotAsk(t *testing.T) {
	_, err := ask(t.Context(), modelOf(t, nil, option.WithMiddleware(func(*http.Request, option.MiddlewareNext) (*http.Response, error) {
		return nil, errors.New("no token to be had")
	})))
	assert.EqualError(t, err, "the request to the model server failed: no token to be had")
	assert.Equal(t, "APIConnectionError", runner.ErrorName(err))
}

func TestTheClientsTimeLimit(t *testing.T) {
	t.Run("before the answer", func(t *testing.T) {
		_, err := ask(t.Context(), modelOf(t, func(_ http.ResponseWriter, r *http.Request) { hold(r) }, option.WithRequestTimeout(time.Millisecond)))
		assert.EqualError(t, err, "the model server did not answer within the client's time limit")
		assert.ErrorIs(t, err, context.DeadlineExceeded)
		assert.Equal(t, "APIConnectionError", runner.ErrorName(err))
	})
	t.Run("within it", func(t *testing.T) {
		_, err := ask(t.Context(), modelOf(t, func(w http.ResponseWriter, r *http.Request) {
			send(w, joke[0])
			hold(r)
		}, option.WithRequestTimeout(200*time.Millisecond)))
		assert.ErrorIs(t, err, context.DeadlineExceeded)
		assert.Equal(t, "APIConnectionError", runner.ErrorName(err))
	})
}

// hold keeps an answer open until the client has gone. The body is read first:
// a server notices the end of a connection only then.
func hold(r *http.Request) {
	_, _ = io.Copy(io.Discard, r.Body)
	<-r.Context().Done()
}

func TestTheContextClosesTheConnection(t *testing.T) {
	stopped := errors.New("stopped by the reader")
	t.Run("before the answer", func(t *testing.T) {
		asked, gone := make(chan struct{}), make(chan struct{})
		model := modelOf(t, func(_ http.ResponseWriter, r *http.Request) {
			close(asked)
			hold(r)
			close(gone)
		})
		ctx, stop := context.WithCancelCause(t.Context())
		go func() {
			<-asked
			stop(stopped)
		}()
		_, err := ask(ctx, model)
		assert.Equal(t, stopped, err)
		<-gone
	})
	t.Run("within it", func(t *testing.T) {
		gone := make(chan struct{})
		model := modelOf(t, func(w http.ResponseWriter, r *http.Request) {
			send(w, joke[0])
			hold(r)
			close(gone)
		})
		ctx, stop := context.WithCancelCause(t.Context())
		defer stop(nil)
		var last error
		for _, err := range model.Stream(ctx, &runner.ModelRequest{}) {
			last = err
			stop(stopped)
		}
		assert.Equal(t, stopped, last)
		<-gone
	})
	t.Run("and so does leaving the range", func(t *testing.T) {
		gone := make(chan struct{})
		model := modelOf(t, func(w http.ResponseWriter, r *http.Request) {
			send(w, joke[0])
			hold(r)
			close(gone)
		})
		for range model.Stream(t.Context(), &runner.ModelRequest{}) {
			break
		}
		<-gone
	})
}

// A server may repeat the key; an error must not.
func TestTheKeyIsInNoError(t *testing.T) {
	for name, options := range map[string][]option.RequestOption{
		"a bearer token": {option.WithAPIKey(secret)},
		"Azure's header": {option.WithAPIKey("other"), option.WithHeader("Api-Key", secret)},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := ask(t.Context(), modelOf(t, func(w http.ResponseWriter, r *http.Request) {
				answer(w, 401, "application/json", `{"error":{"message":"Incorrect API key: `+secret+`.","code":"invalid_api_key"}}`)
			}, options...))
			assert.EqualError(t, err, "the model server answered 401: Incorrect API key: [key].")
			assertNoSecret(t, err)
			_, err = ask(t.Context(), modelOf(t, func(w http.ResponseWriter, r *http.Request) {
				answer(w, 401, "application/json", `{"error":{"message":"Incorrect API key.","code":"`+secret+`"}}`)
			}, options...))
			var failed *runner.APIError
			require.ErrorAs(t, err, &failed)
			assert.Equal(t, "[key]", failed.Code)
			assertNoSecret(t, err)
		})
	}
}

func TestTheKeyIsInNoErrorOfAStream(t *testing.T) {
	for name, stream := range map[string]string{
		"an error":               `{"type":"error","error":{"message":"Incorrect API key: ` + secret + `.","code":"` + secret + `"}}`,
		"an error event":         `{"type":"error","message":"Incorrect API key: ` + secret + `."}`,
		"an error, escaped":      `{"type":"error","message":"Incorrect API key: sk\u002dsecret-0123456789."}`,
		"a failed one, escaped":  `{"type":"response.failed","response":{"id":"r","output":[],"error":{"message":"Incorrect API key: sk\u002dsecret-0123456789."}}}`,
		"a failed response":      `{"type":"response.failed","response":{"id":"r","output":[],"error":{"message":"Incorrect API key: ` + secret + `."}}}`,
		"an incomplete response": `{"type":"response.incomplete","response":{"id":"r","output":[],"incomplete_details":{"reason":"` + secret + `"}}}`,
		"no JSON, in short":      `Incorrect API key: ` + secret,
		"no JSON":                `Incorrect API key, and a text that is long enough for its end to be cut off: ` + secret,
	} {
		serve := func(w http.ResponseWriter, r *http.Request) {
			answer(w, 200, "text/event-stream", "data: "+stream+"\n\n")
		}
		for api, model := range map[string]runner.Model{"responses": modelOf(t, serve), "chat completions": chatModelOf(t, serve)} {
			t.Run(name+", "+api, func(t *testing.T) {
				result, err := runner.Run(t.Context(), &runner.Agent{Name: "A", Model: model}, runner.Text("Hi"))
				require.Error(t, err)
				assertNoSecret(t, err)
				document, err := result.State().MarshalJSON()
				require.NoError(t, err)
				assert.NotContains(t, string(document), secret)
			})
		}
	}
}

// assertNoSecret looks at all that a log might show of an error.
func assertNoSecret(t *testing.T, err error) {
	t.Helper()
	for ; err != nil; err = errors.Unwrap(err) {
		for _, verb := range []string{"%v", "%+v", "%#v", "%q"} {
			assert.NotContains(t, fmt.Sprintf(verb, err), secret)
		}
		encoded, _ := json.Marshal(err)
		assert.NotContains(t, string(encoded), secret)
	}
}

func TestDecode(t *testing.T) {
	for _, event := range joke {
		union, err := openaimodel.Decode(event)
		require.NoError(t, err)
		assert.Equal(t, event.Type, union.Type)
	}
	union, err := openaimodel.Decode(runner.RawEvent{Type: "response.output_text.delta", Data: []byte(`{"type":"response.output_text.delta","delta":"Hi"}`)})
	require.NoError(t, err)
	assert.Equal(t, "Hi", union.AsResponseOutputTextDelta().Delta)
	assert.Equal(t, `{"type":"response.output_text.delta","delta":"Hi"}`, union.RawJSON())

	union, err = openaimodel.Decode(runner.RawEvent{Type: "response.hologram.delta", Data: []byte(`{"type":"response.hologram.delta"}`)})
	require.NoError(t, err, "a type that nobody knows is no error")
	assert.Equal(t, "response.hologram.delta", union.Type)

	_, err = openaimodel.Decode(runner.RawEvent{Type: "listed", Data: []byte(`["listed"]`)})
	assert.Equal(t, "ModelBehaviorError", runner.ErrorName(err))
	assert.ErrorContains(t, err, "type listed")
}
