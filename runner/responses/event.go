package responses

import (
	"strconv"

	"runstream/internal/codec"
	"runstream/runner"
)

// eventReader reads the events of a stream, of which most are like the one before.
type eventReader struct {
	redact    func(text string) string // keeps the request's secrets out of what tells of a failure
	shapes    codec.Shapes
	eventType string // of what has the shape learnt last
}

func (r *eventReader) read(message Message) (runner.RawEvent, error) {
	fitting := runner.RawEvent{Type: r.eventType, Data: message.Data}
	if r.shapes.Fits(message.Data, &fitting.Likeness) {
		return fitting, nil
	}
	event, err := r.rawEvent(message)
	if err == nil && !tellsFailure(event.Type) && r.shapes.Learn(message.Data, "type") {
		r.eventType = event.Type
	}
	return event, err
}

// rawEvent reads as much of an event as the run loop needs: its type. The data
// stays as it is, so that what is unknown here passes through unharmed.
func (r *eventReader) rawEvent(message Message) (runner.RawEvent, error) {
	name, ok := codec.TextField(message.Data, "type")
	if !ok {
		return runner.RawEvent{}, &runner.ModelBehaviorError{Message: "the model server sent an event that is not JSON: " + excerpt(r.redact(string(message.Data)))}
	}
	eventType := message.Event // nearly always the same text, which is then not copied
	if name != nil && string(name) != eventType {
		eventType = string(name)
	}
	if name == nil || eventType == "error" {
		if text, code, ok := serverError(message.Data); ok {
			return runner.RawEvent{}, &runner.APIError{Message: "the model server broke off: " + r.redact(text), Code: r.redact(code)}
		}
	}
	if tellsFailure(eventType) {
		return runner.RawEvent{Type: eventType, Data: withoutSecrets(message.Data, r.redact)}, nil
	}
	return runner.RawEvent{Type: eventType, Data: message.Data}, nil
}

// tellsFailure says whether a run's error repeats what an event of that type says.
func tellsFailure(eventType string) bool {
	switch eventType {
	case "error", "response.error", "response.failed", "response.incomplete":
		return true
	}
	return false
}

// excerpt quotes the beginning of what a server sent, for an error.
func excerpt(data string) string {
	const longest = 80
	if len(data) <= longest {
		return strconv.Quote(data)
	}
	return strconv.Quote(data[:longest]) + "…"
}
