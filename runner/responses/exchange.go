package responses

import (
	"context"
	"errors"
	"io"
	"iter"

	"runstream/runner"
)

// Exchange is a request and the stream of its answer.
type Exchange struct {
	Transport Transport
	Path      string // below the server's base URL, see [Transport]
	Body      []byte

	stream io.ReadCloser
}

// Messages posts the request and yields the messages of the answer, up to its
// end or to [Done]. It ends after an error, which is context.Cause(ctx) where
// ctx has ended. Data may share memory, which is never reused.
func (e *Exchange) Messages(ctx context.Context) iter.Seq2[Message, error] {
	return func(yield func(Message, error) bool) {
		stream, err := e.Transport.Post(ctx, e.Path, e.Body)
		if err != nil {
			yield(Message{}, ended(ctx, err))
			return
		}
		defer stream.Close()
		e.stream = stream
		if err := readEvents(stream, []byte(Done), yield); err != nil {
			yield(Message{}, ended(ctx, err))
		}
	}
}

// ended tells why a stream broke off: the context's cause where it ended.
func ended(ctx context.Context, err error) error {
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	if _, named := errors.AsType[runner.Error](err); named {
		return err
	}
	return &runner.APIError{Message: "the connection to the model server broke off: " + err.Error(), Err: err}
}
