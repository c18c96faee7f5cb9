package chatcompletions

import (
	"context"
	"iter"
	"time"

	"runstream/runner"
	"runstream/runner/responses"
)

// Model is a model of a server that speaks the Chat Completions API. It is a
// [runner.Model] and safe for concurrent use.
//
// What only the Responses API has is an error where the model would miss it
// (hosted tools, items of other kinds, conversations kept by the server), and
// otherwise left out: hosted prompts, truncation.
type Model struct {
	// Name is the model's, such as "llama3.2".
	Name string
	// Transport posts to "/chat/completions".
	Transport responses.Transport
	// Official says that the server is OpenAI's own: answers are stored unless
	// the settings say otherwise, usage is asked for, and a stream that ends
	// without a finish reason is an error. Others are not asked for usage, which
	// some refuse; put stream_options into the settings' ExtraBody for it.
	Official bool
}

// usageGrace is how long a stream may go on after the answer's end: usage may
// follow.
const usageGrace = time.Second

// Stream implements [runner.Model].
func (m *Model) Stream(ctx context.Context, request *runner.ModelRequest) iter.Seq2[runner.RawEvent, error] {
	return func(yield func(runner.RawEvent, error) bool) {
		asked, err := m.encode(request)
		if err != nil {
			yield(runner.RawEvent{}, err)
			return
		}
		answer := newAnswer(m, asked)
		streaming, hangUp := context.WithCancel(ctx)
		defer hangUp()
		var ending *time.Timer
		defer func() {
			if ending != nil {
				ending.Stop()
			}
		}()
		exchange := responses.Exchange{Transport: m.Transport, Path: "/chat/completions", Body: asked.body}
		for message, err := range exchange.Messages(streaming) {
			if err != nil && answer.finished && ctx.Err() == nil {
				break // it lacks what was used at most
			}
			if err != nil {
				yield(runner.RawEvent{}, err)
				return
			}
			if message.Event == responses.Done {
				answer.done = true
				break
			}
			if len(message.Data) == 0 {
				continue // it only keeps the connection alive
			}
			before := answer.sequence
			err := answer.read(message)
			if err != nil && answer.finished {
				break // as where the stream breaks then
			}
			if !answer.pass(exchange.Redact(err), yield) {
				return
			}
			switch {
			case answer.finished && ending == nil:
				ending = time.AfterFunc(usageGrace, hangUp)
			case answer.finished && answer.sequence > before:
				ending.Reset(usageGrace) // it goes on: some servers name a reason with every chunk
			}
		}
		if ctx.Err() != nil {
			yield(runner.RawEvent{}, context.Cause(ctx))
			return
		}
		answer.pass(answer.finish(), yield)
	}
}
