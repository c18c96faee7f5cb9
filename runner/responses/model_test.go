package responses_test

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"runstream/runner"
	"runstream/runner/responses"
)

const created = "event: response.created\ndata: {\"type\":\"response.created\"}\n\n"

func TestNothingIsAskedBeforeTheRange(t *testing.T) {
	server := &flakyServer{answer: created}
	stream := (&responses.Model{Name: "gpt-5", Transport: server}).Stream(t.Context(), &runner.ModelRequest{})
	assert.Empty(t, server.at)
	for range stream {
	}
	assert.Len(t, server.at, 1)
}

func TestTheModelPostsTheRequest(t *testing.T) {
	server := &flakyServer{answer: created}
	request := &runner.ModelRequest{Instructions: "Be brief.", Input: []json.RawMessage{[]byte(`{"role":"user","content":"Hi"}`)}}
	_, err := collect(t.Context(), &responses.Model{Name: "gpt-5", Transport: server}, request)
	require.NoError(t, err)
	want, err := responses.Encode("gpt-5", request)
	require.NoError(t, err)
	assert.Equal(t, []string{"/responses " + string(want)}, server.asked)
}

func TestEveryWayOutClosesTheBody(t *testing.T) {
	for name, tc := range map[string]struct {
		answer string
		broken error
		read   func(stream func(func(runner.RawEvent, error) bool))
	}{
		"the end":             {answer: created},
		"the announced end":   {answer: created + "data: [DONE]\n\n" + created},
		"a broken connection": {answer: created, broken: errors.New("connection reset")},
		"broken JSON":         {answer: created + "data: {\n\n" + created},
		"leaving the range": {answer: created + created, read: func(stream func(func(runner.RawEvent, error) bool)) {
			for range stream {
				break
			}
		}},
		"a panic in the range": {answer: created, read: func(stream func(func(runner.RawEvent, error) bool)) {
			defer func() { _ = recover() }()
			for range stream {
				panic("in the range")
			}
		}},
	} {
		t.Run(name, func(t *testing.T) {
			answer := newBody(tc.answer, tc.broken)
			transport := transportFunc(func(context.Context) (io.ReadCloser, error) { return answer, nil })
			stream := (&responses.Model{Transport: transport}).Stream(t.Context(), &runner.ModelRequest{})
			if tc.read == nil {
				for range stream {
				}
			} else {
				tc.read(stream)
			}
			assert.Equal(t, 1, answer.closed)
		})
	}
}

func TestTheEndOfTheContextIsItsCause(t *testing.T) {
	stopped := errors.New("stopped by the reader")
	for name, broken := range map[string]error{
		"whatever the body says":       errors.New("use of closed network connection"),
		"also where the body names it": &runner.APIError{Message: "the connection was closed"},
	} {
		t.Run(name, func(t *testing.T) {
			ctx, stop := context.WithCancelCause(t.Context())
			defer stop(nil)
			model := &responses.Model{Transport: &flakyServer{answer: created, broken: broken}}
			var last error
			for _, err := range model.Stream(ctx, &runner.ModelRequest{}) {
				last = err
				stop(stopped)
			}
			assert.Equal(t, stopped, last)
		})
	}
	t.Run("before the answer", func(t *testing.T) {
		ctx, stop := context.WithCancelCause(t.Context())
		model := &responses.Model{Transport: transportFunc(func(context.Context) (io.ReadCloser, error) {
			stop(stopped)
			return nil, &runner.APIError{Message: "the connection was closed"}
		})}
		_, err := collect(ctx, model, &runner.ModelRequest{})
		assert.Equal(t, stopped, err)
	})
}

func TestABrokenConnectionIsAnAPIError(t *testing.T) {
	broken := errors.New("connection reset by peer")
	events, err := collect(t.Context(), &responses.Model{Transport: &flakyServer{answer: created + "data: {", broken: broken}}, &runner.ModelRequest{})
	assert.Len(t, events, 1)
	var failed *runner.APIError
	require.ErrorAs(t, err, &failed)
	assert.ErrorIs(t, err, broken)
	assert.Equal(t, "APIConnectionError", runner.ErrorName(err))
	assert.EqualError(t, err, "the connection to the model server broke off: connection reset by peer")
}

func TestAnErrorWithANameKeepsIt(t *testing.T) {
	refused := &runner.APIError{Status: 401, Message: "no"}
	transport := transportFunc(func(context.Context) (io.ReadCloser, error) { return nil, refused })
	_, err := collect(t.Context(), &responses.Model{Transport: transport}, &runner.ModelRequest{})
	assert.Equal(t, refused, err)
}

func TestARequestThatCannotBeWrittenIsNotSent(t *testing.T) {
	server := &flakyServer{}
	_, err := collect(t.Context(), &responses.Model{Transport: server}, &runner.ModelRequest{Input: []json.RawMessage{[]byte(`{`)}})
	assert.Equal(t, "UserError", runner.ErrorName(err))
	assert.Empty(t, server.asked)
}

type transportFunc func(context.Context) (io.ReadCloser, error)

func (f transportFunc) Post(ctx context.Context, _ string, _ []byte) (io.ReadCloser, error) {
	return f(ctx)
}

// answerBody is the body of an answer; it counts how often it is closed.
type answerBody struct {
	io.Reader
	closed int
}

func newBody(text string, broken error) *answerBody {
	if broken == nil {
		return &answerBody{Reader: strings.NewReader(text)}
	}
	return &answerBody{Reader: io.MultiReader(strings.NewReader(text), iotest.ErrReader(broken))}
}

func (b *answerBody) Close() error {
	b.closed++
	return nil
}

// collect gives the events up to the error.
func collect(ctx context.Context, model runner.Model, request *runner.ModelRequest) ([]runner.RawEvent, error) {
	var events []runner.RawEvent
	for event, err := range model.Stream(ctx, request) {
		if err != nil {
			return events, err
		}
		events = append(events, event)
	}
	return events, nil
}
