package responses

import (
	"context"
	"errors"
	"iter"

	"runstream/runner"
)

// Exchange posts a request and yields the messages of the answer, up to its
// end or to [Done]. It ends after an error, which is context.Cause(ctx) where
// ctx has ended. Data may share memory, which is never reused.
func Exchange(ctx context.Context, transport Transport, path string, body []byte) iter.Seq2[Message, error] {
	return func(yield func(Message, error) bool) {
		stream, err := transport.Post(ctx, path, body)
		if err != nil {
			yield(Message{}, ended(ctx, err))
			return
		}
		defer stream.Close()
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
