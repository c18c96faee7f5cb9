package runnertest

import (
	"encoding/json"
	"unicode"
)

// Output is one item of a model's answer. The functions of this package make
// them.
type Output interface {
	stream(*stream)
}

// Message is a message of the assistant. Its text comes in deltas of about a
// word each.
func Message(text string) Output {
	return message{text: text}
}

// Refusal is a message in which the model declines to answer.
func Refusal(text string) Output {
	return message{text: text, refusal: true}
}

// ToolCall calls a function tool, or hands off where name is a handoff's
// ("transfer_to_…"). arguments is sent as it is, valid JSON or not. callID must
// not come twice in one conversation.
func ToolCall(name, callID, arguments string) Output {
	return toolCall{name: name, callID: callID, arguments: arguments}
}

// Reasoning is a reasoning item with a one-part summary; without one if summary
// is empty.
func Reasoning(summary string) Output {
	return reasoning{summary: summary}
}

// Item is any other output item, as it is when it is done. It is announced with
// the `status` "in_progress" where it ends as "completed", and nothing comes
// between the two.
func Item(done json.RawMessage) Output {
	return item{done: done}
}

type message struct {
	text    string
	refusal bool
}

func (m message) stream(s *stream) {
	id := s.itemID("msg")
	item := func(status string, content ...object) object {
		return object{"id", id, "type", "message", "status", status, "role", "assistant", "content", array(content)}
	}
	at := object{"item_id", id, "output_index", s.outputIndex(), "content_index", 0}

	s.added(item("in_progress"))
	s.event("response.content_part.added", at.with("part", m.part(""))...)
	for _, delta := range deltas(m.text) {
		if m.refusal {
			s.event("response.refusal.delta", at.with("delta", delta)...)
		} else {
			s.event("response.output_text.delta", at.with("delta", delta, "logprobs", none)...)
		}
	}
	if m.refusal {
		s.event("response.refusal.done", at.with("refusal", m.text)...)
	} else {
		s.event("response.output_text.done", at.with("text", m.text, "logprobs", none)...)
	}
	s.event("response.content_part.done", at.with("part", m.part(m.text))...)
	s.done(item("completed", m.part(m.text)))
}

func (m message) part(text string) object {
	if m.refusal {
		return object{"type", "refusal", "refusal", text}
	}
	return object{"type", "output_text", "text", text, "annotations", none, "logprobs", none}
}

type toolCall struct {
	name, callID, arguments string
}

func (c toolCall) stream(s *stream) {
	id := "fc_" + c.callID
	item := func(status, arguments string) object {
		return object{"id", id, "type", "function_call", "status", status,
			"call_id", c.callID, "name", c.name, "arguments", arguments}
	}
	at := object{"item_id", id, "output_index", s.outputIndex()}

	s.added(item("in_progress", ""))
	for _, delta := range deltas(c.arguments) {
		s.event("response.function_call_arguments.delta", at.with("delta", delta)...)
	}
	s.event("response.function_call_arguments.done", at.with("name", c.name, "arguments", c.arguments)...)
	s.done(item("completed", c.arguments))
}

type reasoning struct {
	summary string
}

func (r reasoning) stream(s *stream) {
	id := s.itemID("rs")
	item := func(summary ...object) object {
		return object{"id", id, "type", "reasoning", "summary", array(summary)}
	}
	part := func(text string) object {
		return object{"type", "summary_text", "text", text}
	}
	at := object{"item_id", id, "output_index", s.outputIndex(), "summary_index", 0}

	s.added(item())
	if r.summary == "" {
		s.done(item())
		return
	}
	s.event("response.reasoning_summary_part.added", at.with("part", part(""))...)
	for _, delta := range deltas(r.summary) {
		s.event("response.reasoning_summary_text.delta", at.with("delta", delta)...)
	}
	s.event("response.reasoning_summary_text.done", at.with("text", r.summary)...)
	s.event("response.reasoning_summary_part.done", at.with("part", part(r.summary))...)
	s.done(item(part(r.summary)))
}

type item struct {
	done json.RawMessage
}

func (i item) stream(s *stream) {
	s.added(i.announced())
	s.done(i.done)
}

func (i item) announced() any {
	var fields map[string]json.RawMessage
	if json.Unmarshal(i.done, &fields) != nil || string(fields["status"]) != `"completed"` {
		return i.done
	}
	fields["status"] = json.RawMessage(`"in_progress"`)
	return fields
}

// deltas splits a text as a model streams it: a word with the space before it,
// long words in pieces. Joined again they are the text.
func deltas(text string) []string {
	const longest = 12 // characters
	var found []string
	start, length, inWord := 0, 0, false
	for i, r := range text {
		space := unicode.IsSpace(r)
		if length == longest || (space && inWord) {
			found = append(found, text[start:i])
			start, length = i, 0
		}
		length++
		inWord = !space
	}
	if start < len(text) {
		found = append(found, text[start:])
	}
	return found
}
