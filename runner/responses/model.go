package responses

import (
	"context"
	"io"
	"iter"

	"runstream/runner"
)

// Transport posts a request and returns the server's event stream.
type Transport interface {
	// Post sends body as JSON to path ("/responses") below the server's base
	// URL. It returns the body of a successful answer, which the caller
	// closes. An error status, and a connection that failed, is a
	// [*runner.APIError]. Reading ends with context.Cause(ctx) when ctx does.
	Post(ctx context.Context, path string, body []byte) (io.ReadCloser, error)
}

// Model is a model of a server that speaks the Responses API. It is a
// [runner.Model] and safe for concurrent use.
type Model struct {
	// Name is the model's, such as "gpt-5".
	Name      string
	Transport Transport
}

// Stream implements [runner.Model].
func (m *Model) Stream(ctx context.Context, request *runner.ModelRequest) iter.Seq2[runner.RawEvent, error] {
	return func(yield func(runner.RawEvent, error) bool) {
		body, err := Encode(m.Name, request)
		if err != nil {
			yield(runner.RawEvent{}, err)
			return
		}
		exchange := Exchange{Transport: m.Transport, Path: "/responses", Body: body}
		events := eventReader{redact: exchange.redact}
		for message, err := range exchange.Messages(ctx) {
			if err != nil {
				yield(runner.RawEvent{}, err)
				return
			}
			if len(message.Data) == 0 {
				continue // it only keeps the connection alive
			}
			if event, err := events.read(message); !yield(event, err) || err != nil {
				return
			}
		}
	}
}
