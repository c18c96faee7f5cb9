package openaimodel

import (
	"context"
	"errors"
	"io"
	"mime"
	"net/http"
	"net/url"
	"strings"

	"github.com/openai/openai-go/v3"
	"github.com/openai/openai-go/v3/option"

	"runstream/runner"
	"runstream/runner/responses"
)

// transport posts with an openai-go client.
type transport struct{ client openai.Client }

// Post implements [responses.Transport].
func (t transport) Post(ctx context.Context, path string, body []byte) (io.ReadCloser, error) {
	var answer *http.Response
	err := t.client.Post(ctx, path[1:], nil, &answer,
		option.WithRequestBody("application/json", body), option.WithHeader("Accept", "text/event-stream"))
	if err != nil && answer != nil && answer.StatusCode >= 400 {
		return nil, statusError(answer, err)
	}
	if err != nil {
		return nil, connectionError(err)
	}
	if kind, _, _ := mime.ParseMediaType(answer.Header.Get("Content-Type")); kind != "text/event-stream" {
		answer.Body.Close()
		if kind == "" {
			kind = "no content type"
		}
		return nil, &runner.ModelBehaviorError{Message: "the model server answered with " + kind + " instead of an event stream; check the client's base URL"}
	}
	return answerBody{answer.Body, answer.Request}, nil
}

// answerBody is the body of an answer.
type answerBody struct {
	io.ReadCloser
	request *http.Request
}

// Redact implements [responses.Secretive].
func (b answerBody) Redact(text string) string { return withoutKey(text, b.request) }

// statusError reads the answer itself: openai-go knows one form of errors, and
// compatible servers have more.
func statusError(answer *http.Response, err error) error {
	body, _ := io.ReadAll(answer.Body) // openai-go has read it and put it back
	failed := responses.StatusError(answer.StatusCode, body, answer.Header.Get)
	failed.Message, failed.Code, failed.Err = withoutKey(failed.Message, answer.Request), withoutKey(failed.Code, answer.Request), err
	return failed
}

// withoutKey removes the request's key from what a server said: some repeat it.
func withoutKey(message string, request *http.Request) string {
	if request == nil {
		return message
	}
	for _, header := range []string{"Authorization", "Api-Key"} {
		if key := strings.TrimPrefix(request.Header.Get(header), "Bearer "); key != "" {
			message = strings.ReplaceAll(message, key, "[key]")
		}
	}
	return message
}

// connectionError names the server without the URL's query, which may hold a
// key.
func connectionError(err error) error {
	var failed *url.Error
	switch {
	case errors.Is(err, context.DeadlineExceeded):
		return &runner.APIError{Message: "the model server did not answer within the client's time limit", Err: context.DeadlineExceeded}
	case errors.As(err, &failed):
		server, _, _ := strings.Cut(failed.URL, "?")
		return &runner.APIError{Message: "the model server at " + server + " cannot be reached: " + failed.Err.Error(), Err: failed.Err}
	}
	return &runner.APIError{Message: "the request to the model server failed: " + err.Error(), Err: err}
}
