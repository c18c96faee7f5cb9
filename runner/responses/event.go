package responses

import (
	"strconv"

	"runstream/internal/codec"
	"runstream/runner"
)

// rawEvent reads as much of an event as the run loop needs: its type. The data
// stays as it is, so that what is unknown here passes through unharmed.
func rawEvent(message Message) (runner.RawEvent, error) {
	name, ok := codec.TextField(message.Data, "type")
	if !ok {
		return runner.RawEvent{}, &runner.ModelBehaviorError{Message: "the model server sent an event that is not JSON: " + excerpt(message.Data)}
	}
	eventType := message.Event // nearly always the same text, which is then not copied
	if name != nil && string(name) != eventType {
		eventType = string(name)
	}
	if name == nil || eventType == "error" {
		if text, code, ok := serverError(message.Data); ok {
			return runner.RawEvent{}, &runner.APIError{Message: "the model server broke off: " + text, Code: code}
		}
	}
	return runner.RawEvent{Type: eventType, Data: message.Data}, nil
}

// excerpt quotes the beginning of what a server sent, for an error.
func excerpt(data []byte) string {
	const longest = 80
	if len(data) <= longest {
		return strconv.Quote(string(data))
	}
	return strconv.Quote(string(data[:longest])) + "…"
}
