package runnertest

import (
	"bytes"
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"runstream/runner"
)

// stream writes the events of one response.
type stream struct {
	head   Response
	events []runner.RawEvent
	output []any // the items that are done
}

func newStream(response Response) *stream {
	return &stream{head: response.withDefaults()}
}

func (s *stream) event(eventType string, fields ...any) {
	event := object{"type", eventType, "sequence_number", len(s.events)}
	s.events = append(s.events, runner.RawEvent{Type: eventType, Data: encode(append(event, fields...))})
}

func (s *stream) added(item any) {
	s.event("response.output_item.added", "output_index", s.outputIndex(), "item", item)
}

func (s *stream) done(item any) {
	s.event("response.output_item.done", "output_index", s.outputIndex(), "item", item)
	s.output = append(s.output, item)
}

func (s *stream) outputIndex() int {
	return len(s.output)
}

// itemID names the item that comes next.
func (s *stream) itemID(kind string) string {
	return fmt.Sprintf("%s_%s_%d", kind, strings.TrimPrefix(s.head.ID, "resp_"), s.outputIndex())
}

func (s *stream) response(status string, failure, usage object) object {
	return object{
		"id", s.head.ID,
		"object", "response",
		"created_at", s.head.CreatedAt,
		"status", status,
		"error", failure,
		"incomplete_details", nil,
		"instructions", nil,
		"metadata", object{},
		"model", s.head.Model,
		"output", array(s.output),
		"parallel_tool_calls", true,
		"temperature", 1,
		"tool_choice", "auto",
		"tools", none,
		"top_p", 1,
		"usage", usage,
	}
}

// object is a JSON object with its keys in this order: key, value, key, value
// and so on. Servers begin an event with its type, and so does the script.
type object []any

// with is the object with further fields; the object itself stays as it is.
func (o object) with(fields ...any) object {
	return append(slices.Clip(o), fields...)
}

func (o object) MarshalJSON() ([]byte, error) {
	if o == nil {
		return []byte("null"), nil
	}
	text := []byte{'{'}
	for i := 0; i < len(o); i += 2 {
		if i > 0 {
			text = append(text, ',')
		}
		text = append(text, encode(o[i])...)
		text = append(text, ':')
		text = append(text, encode(o[i+1])...)
	}
	return append(text, '}'), nil
}

// none is the empty JSON array.
var none = []any{}

// array is never null.
func array[T any](elements []T) []T {
	return append([]T{}, elements...)
}

// encode leaves <, > and & as they are, as model servers do. Only an Item that
// is no JSON has no JSON form: the complaint stands in its place.
func encode(value any) json.RawMessage {
	var text bytes.Buffer
	encoder := json.NewEncoder(&text)
	encoder.SetEscapeHTML(false)
	if err := encoder.Encode(value); err != nil {
		return encode(err.Error())
	}
	return bytes.TrimSuffix(text.Bytes(), []byte("\n"))
}
