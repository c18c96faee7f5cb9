package chatcompletions

import (
	"time"

	"runstream/internal/codec"
	"runstream/runner"
	"runstream/runner/responses"
)

// answer turns a server's chunks into events of the Responses API. The output
// items are one reasoning item, one message and the calls.
type answer struct {
	model    *Model
	asked    *asked
	events   []runner.RawEvent // not yielded yet
	err      error             // of an event that cannot be written
	deltas   codec.Shapes
	sequence int
	started  bool
	origin   origin

	reasoning *openReasoning
	message   *openMessage
	calls     []*openCall
	ignored   map[int]bool // indices of calls of other kinds

	// What the deltas of each text ended with, where that is half a character.
	inText, inRefusal, inSummary, inReasoning half

	usage     *usage
	finished  bool // a finish reason came
	done      bool // the server said that the stream ends
	filtered  bool
	truncated bool
}

func newAnswer(m *Model, asked *asked) *answer {
	asked.response.CreatedAt = int(time.Now().Unix())
	return &answer{model: m, asked: asked, origin: origin{Model: m.Name}, ignored: map[int]bool{}}
}

// pass yields what there is, and then err. It returns false when that is the
// end.
func (a *answer) pass(err error, yield func(runner.RawEvent, error) bool) bool {
	for _, event := range a.events {
		if !yield(event, nil) {
			return false
		}
	}
	a.events = a.events[:0]
	if err == nil {
		err = a.err
	}
	if err != nil {
		yield(runner.RawEvent{}, err)
	}
	return err == nil
}

// emit numbers an event and keeps it for pass. The event shows its item as it
// is now.
func (a *answer) emit(e event) {
	e.SequenceNumber = a.sequence
	a.sequence++
	data, err := codec.Write(e.fields())
	if err != nil {
		a.err = &runner.ModelBehaviorError{Message: "what the model server sent cannot be written as an event: " + err.Error(), Err: err}
		return
	}
	raw := runner.RawEvent{Type: e.Type, Data: data}
	if e.Delta != nil && !a.deltas.Fits(data, &raw.Likeness) {
		a.deltas.Learn(data, "type")
	}
	a.events = append(a.events, raw)
}

// read takes one chunk.
func (a *answer) read(message responses.Message) error {
	c, err := readChunk(message)
	if err != nil {
		return err
	}
	if !a.started {
		a.started = true
		a.emit(event{Type: "response.created", Response: &a.asked.response})
	}
	if c.Usage != nil {
		a.usage = c.Usage.convert()
	}
	choice := c.choice()
	if choice == nil {
		return nil
	}
	if err := choice.failure(); err != nil {
		return err
	}
	if reason := choice.finishReason(); reason != "" {
		a.finished = true
		a.filtered = a.filtered || reason == "content_filter"
		a.truncated = a.truncated || reason == "length"
	}
	if choice.Delta == nil {
		return nil
	}
	if c.ID != "" {
		a.origin.ResponseID = c.ID
	}
	return a.readDelta(choice)
}

func (a *answer) readDelta(c *choice) error {
	d := c.Delta
	if !codec.IsFalsy(d.Audio) {
		return &runner.ModelBehaviorError{Message: "the model server sent audio, which is not supported; ask for text"}
	}
	if err := a.readReasoning(d); err != nil {
		return err
	}
	if d.ReasoningContent.text == "" && (d.Content.json != nil || d.Refusal.text != "" || len(d.ToolCalls) > 0) {
		a.endSummaryPart()
	}
	if d.Content.text != "" || d.Content.json != nil && a.inMessage() {
		a.addText(a.inText.join(d.Content), c)
	}
	if a.inMessage() {
		a.message.text.Annotations = append(a.message.text.Annotations, readAnnotations(d.Annotations)...)
	}
	if d.Refusal.text != "" {
		a.addRefusal(a.inRefusal.join(d.Refusal))
	}
	for i := range d.ToolCalls {
		a.addCall(&d.ToolCalls[i])
	}
	return nil
}

func (u *chunkUsage) convert() *usage {
	return &usage{
		InputTokens: u.PromptTokens, OutputTokens: u.CompletionTokens, TotalTokens: u.TotalTokens,
		InputTokensDetails: u.PromptTokensDetails, OutputTokensDetails: u.CompletionTokensDetails,
	}
}

// finish ends what is open, and the response.
func (a *answer) finish() error {
	silent := a.message == nil && len(a.calls) == 0
	if a.filtered && silent {
		a.addRefusal("Response withheld by the provider's content filter.")
	}
	switch {
	case a.model.Official && !a.finished:
		return &runner.ModelBehaviorError{Message: "the model server's stream ended without a finish reason"}
	case !a.finished && !a.done:
		return &runner.ModelBehaviorError{Message: "the model server's stream ended before the answer did"}
	case (a.truncated || a.filtered) && a.hasCallWithoutArguments():
		return &runner.ModelBehaviorError{Message: "the model's answer was cut off in a call, before its arguments; allow more tokens"}
	case a.truncated && a.message == nil && len(a.calls) == 0:
		return &runner.ModelBehaviorError{Message: "the model reached its token limit before it wrote a word; allow more tokens, or less reasoning"}
	}
	a.endReasoning()
	a.endParts()
	for _, call := range a.calls {
		a.endCall(call)
	}
	message := a.endMessage()

	whole := a.asked.response
	whole.Output, whole.Usage = a.output(message), a.usage
	a.emit(event{Type: "response.completed", Response: &whole})
	return nil
}

// output gives the items in the order in which they were announced.
func (a *answer) output(message *messageItem) []any {
	items := []any{}
	if a.reasoning != nil {
		items = append(items, a.reasoning.item.fields())
	}
	before := 0 // calls before the message
	if message != nil {
		before = a.callsBeforeMessage()
	}
	for i, call := range a.calls {
		if message != nil && i == before {
			items = append(items, message.fields())
			message = nil
		}
		items = append(items, call.item.fields())
	}
	if message != nil {
		items = append(items, message.fields())
	}
	return items
}

// first gives the output index of what follows the reasoning.
func (a *answer) first() int {
	if a.reasoning != nil {
		return 1
	}
	return 0
}

// callsBeforeMessage counts them. Reasoning that comes after the message was
// announced is put before both.
func (a *answer) callsBeforeMessage() int { return max(0, a.message.outputIndex-a.first()) }
